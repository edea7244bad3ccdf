//! Simulated agents that are spoken to: they read what their shim gives them and answer, or do not. What one at
//! work on a task does in its turn is in `workers`.

use std::collections::VecDeque;

use wg_core::attempt::{AttemptKind, ExitStatus};
use wg_core::command::{ChatCommand, Command};
use wg_core::id::{Actor, AttemptRef};
use wg_dispatch::files::Run;

use super::agents::{Act, child};
use super::speech::{self, Failure, Speech, Told, Unfit, is_paid};
use super::world::World;
use crate::random::Random;

/// What an agent that is spoken to does first.
pub(super) fn script(random: &mut Random, kind: bool) -> VecDeque<Act> {
    let mut acts = VecDeque::new();
    if random.per_mille(150) {
        acts.push_back(fork(random));
    }
    if random.per_mille(100) {
        acts.push_back(Act::IgnoreTerm);
    }
    let listens = if kind { 300 } else { 80 };
    match random.weighted(&[listens, 10, 12, 6, 3]) {
        0 => acts.push_back(Act::Listen { at: None }),
        1 => acts.extend([Act::Say(Speech::Ready { session: None }), Act::Listen { at: None }]),
        2 => acts.push_back(Act::Leave(some_end(random))),
        3 => acts.push_back(Act::Hang),
        _ => acts.extend([Act::Say(unfit(random)), Act::Listen { at: None }]),
    }
    acts
}

pub(super) fn fork(random: &mut Random) -> Act {
    Act::Start {
        own_session: random.per_mille(500),
        ignores_term: random.per_mille(400),
        acts: child(random),
    }
}

pub(super) fn some_end(random: &mut Random) -> ExitStatus {
    [
        ExitStatus::Code(0),
        ExitStatus::Code(1),
        ExitStatus::Code(75),
        ExitStatus::Code(126),
        ExitStatus::Code(127),
        ExitStatus::Signal(11),
    ][random.below(6)]
}

pub(super) fn unfit(random: &mut Random) -> Speech {
    Speech::Unfit([Unfit::Auth, Unfit::Model, Unfit::Program, Unfit::Configuration][random.below(4)])
}

fn failed(failure: Failure) -> Act {
    Act::Say(Speech::Failed { failure, told: true })
}

impl World {
    /// Whether a handler that listens has something to hear.
    pub(super) fn hears(&self, pid: u32) -> bool {
        let pipes = self.shims.values().find(|shim| shim.is_first(pid)).and_then(|shim| shim.pipes.as_ref());
        pipes.is_some_and(|pipes| !pipes.stdin.is_empty() || pipes.closed)
    }

    pub(super) fn adapter_of(&self, attempt: AttemptRef) -> String {
        self.oracle.attempt(attempt).map(|attempt| attempt.adapter.clone()).unwrap_or_default()
    }

    /// It says something, which is unlike anything else that is said.
    pub(super) fn print(&mut self, pid: u32, run: Run, speech: &Speech) {
        let adapter = self.adapter_of(run.attempt);
        let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid)) else { return };
        let Some(pipes) = &mut shim.pipes else { return };
        let used = self.oracle.work.says(run.attempt, speech);
        let bytes = speech::lines(&adapter, run.attempt, speech, used);
        pipes.stdout.extend(&bytes);
        self.oracle.work.said(run.attempt, bytes.len());
        self.oracle.chats.printed(run.attempt, speech, bytes.len());
    }

    /// It reads a line of its input and decides what comes of it.
    pub(super) fn listen(&mut self, pid: u32, run: Run, at: Option<u64>) {
        let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid)) else { return };
        let Some(pipes) = &mut shim.pipes else { return };
        let line = pipes.stdin.pop_front();
        self.trace.note(|| format!("process {pid} of {} reads {line:?}", run.attempt));
        let at_work = self.oracle.attempt(run.attempt).is_some_and(|a| a.kind == AttemptKind::Work);
        let listen = |at| vec![Act::Listen { at }];
        let adapter = self.adapter_of(run.attempt);
        let next = match speech::told(&adapter, line.as_deref()) {
            Told::Hello => self.greeted(),
            Told::Message { number, text, .. } if at_work => {
                self.oracle.work.read(run.attempt, number, &text);
                self.task_turn(number)
            }
            Told::Message { number, again, .. } => {
                self.oracle.chats.read(run.attempt, number, again);
                self.turn(number, is_paid(&adapter))
            }
            Told::Interrupt => match self.random.weighted(&[6, 2, 1, 1]) {
                0 => vec![failed(Failure::Interrupted), Act::Listen { at: None }],
                1 => listen(at),
                2 => at.map_or(listen(None), |at| vec![self.answer_to(Some(at)), Act::Listen { at: None }]),
                _ => vec![Act::Leave(some_end(&mut self.random))],
            },
            Told::End => match self.random.weighted(&[6, 2, 2]) {
                0 => vec![Act::Leave(ExitStatus::Code(0))],
                1 => vec![Act::Leave(some_end(&mut self.random))],
                _ => vec![Act::Hang],
            },
            Told::Other => listen(at),
        };
        let acts = self.agents.entry(pid).or_default();
        for act in next.into_iter().rev() {
            acts.push_front(act);
        }
    }

    fn greeted(&mut self) -> Vec<Act> {
        let session = self.random.per_mille(300).then(|| format!("s{}", self.number()));
        let mut acts = vec![Act::Say(Speech::Ready { session }), Act::Listen { at: None }];
        let worst = if self.mood.is_kind() { 30 } else { 120 };
        if self.random.per_mille(worst) {
            // Ready, and then not.
            acts[1] = match self.random.below(3) {
                0 => Act::Leave(some_end(&mut self.random)),
                1 => Act::Hang,
                _ => Act::Say(unfit(&mut self.random)),
            };
        }
        acts
    }

    pub(super) fn answer_to(&mut self, message: Option<u64>) -> Act {
        let text = format!("answer {}", self.number());
        let more = self.random.between(0, 1);
        Act::Say(Speech::Answer { message, text, more })
    }

    pub(super) fn uses_tool(&mut self) -> Act {
        Act::Say(Speech::Tool { detail: format!("tool {}", self.number()) })
    }

    /// Until when a provider wants to be let be, where it says so.
    pub(super) fn some_limit(&mut self) -> Failure {
        Failure::Limited(self.random.per_mille(500).then(|| {
            let span = std::time::Duration::from_secs(self.random.between(1, 120));
            self.wall.plus(span)
        }))
    }

    fn turn(&mut self, message: u64, paid: bool) -> Vec<Act> {
        let at = Some(message);
        let idle = Act::Listen { at: None };
        let well = if self.mood.is_kind() { 80 } else { 25 };
        let tool = if self.random.per_mille(500) { self.uses_tool() } else { self.uses_tokens() };
        match self.random.weighted(&[well, 8, 5, 5, 2, 2, 3, 2, 1, 8, 12, 2, 12, 3, 2, 3, 2]) {
            0 => vec![self.answer_to(at), idle],
            1 => vec![tool, self.answer_to(at), idle],
            2 => vec![self.answer_to(None), idle],
            3 => vec![self.answer_to(at), self.answer_to(at), idle],
            4 => vec![failed(self.some_limit()), idle],
            5 => vec![failed(Failure::Away), idle],
            6 => vec![tool, failed(Failure::Other), idle],
            7 => vec![failed(Failure::Interrupted), idle],
            8 => {
                let unfit = if self.random.per_mille(500) { Unfit::Auth } else { Unfit::Model };
                vec![Act::Say(Speech::Unfit(unfit)), idle]
            }
            9 => vec![tool, Act::Leave(some_end(&mut self.random))],
            10 => vec![self.answer_to(at), Act::Leave(some_end(&mut self.random))],
            11 => vec![tool, Act::Hang],
            12 => vec![Act::Listen { at }],
            13 if !paid => vec![self.answer_to(Some(message + 1)), Act::Listen { at }],
            14 => vec![Act::Say(Speech::Half), Act::Leave(some_end(&mut self.random))],
            15 => vec![fork(&mut self.random), self.answer_to(at), idle],
            _ => vec![Act::IgnoreTerm, Act::Purge, Act::Listen { at }],
        }
    }

    /// Its `wg service purge-chats`, through the shim's door.
    pub(super) fn agent_purges(&mut self, run: Run) {
        if self.shim_of(run.attempt).is_none() {
            return;
        }
        let include_self = self.random.per_mille(500);
        let command = Command::Chat(ChatCommand::Purge { keep: Default::default(), include_self });
        self.command(&Actor::Agent(run.attempt), command);
    }
}
