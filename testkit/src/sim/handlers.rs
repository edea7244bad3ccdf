//! Simulated handlers of chats: they read what their shim gives them and answer in the protocol of the
//! `command` adapter, or do not.

use std::collections::VecDeque;

use serde_json::{Value, json};
use wg_core::attempt::ExitStatus;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::Actor;
use wg_dispatch::files::Run;

use super::agents::{Act, child};
use super::world::World;
use crate::random::Random;

/// What a handler does first.
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
        1 => acts.extend([Act::Say(json!({"type": "ready"})), Act::Listen { at: None }]),
        2 => acts.push_back(Act::Leave(some_end(random))),
        3 => acts.push_back(Act::Hang),
        _ => acts.extend([Act::Say(unfit(random)), Act::Listen { at: None }]),
    }
    acts
}

fn fork(random: &mut Random) -> Act {
    Act::Start {
        own_session: random.per_mille(500),
        ignores_term: random.per_mille(400),
        acts: child(random),
    }
}

fn some_end(random: &mut Random) -> ExitStatus {
    [
        ExitStatus::Code(0),
        ExitStatus::Code(1),
        ExitStatus::Code(75),
        ExitStatus::Code(126),
        ExitStatus::Code(127),
        ExitStatus::Signal(11),
    ][random.below(6)]
}

fn unfit(random: &mut Random) -> Value {
    let reason = ["auth", "model", "program", "configuration"][random.below(4)];
    json!({"type": "unfit", "reason": reason, "text": "it can't work"})
}

fn error(class: &str) -> Act {
    Act::Say(json!({"type": "error", "class": class, "text": "it went wrong"}))
}

impl World {
    /// Whether a handler that listens has something to hear.
    pub(super) fn hears(&self, pid: u32) -> bool {
        let pipes = self.shims.values().find(|shim| shim.is_first(pid)).and_then(|shim| shim.pipes.as_ref());
        pipes.is_some_and(|pipes| !pipes.stdin.is_empty() || pipes.closed)
    }

    /// It prints a line; what is said is unlike anything else that is.
    pub(super) fn print(&mut self, pid: u32, run: Run, value: &Value) {
        let bytes = format!("{value}\n").into_bytes();
        let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid)) else { return };
        let Some(pipes) = &mut shim.pipes else { return };
        pipes.stdout.extend(&bytes);
        self.oracle.chats.printed(run.attempt, value, bytes.len());
    }

    /// It prints the beginning of a line.
    pub(super) fn print_half(&mut self, pid: u32) {
        if let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid))
            && let Some(pipes) = &mut shim.pipes
        {
            pipes.stdout.extend(br#"{"type":"answ"#);
        }
    }

    /// It reads a line of its input and decides what comes of it.
    pub(super) fn listen(&mut self, pid: u32, run: Run, at: Option<u64>) {
        let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid)) else { return };
        let Some(pipes) = &mut shim.pipes else { return };
        let line = pipes.stdin.pop_front();
        self.trace.note(|| format!("process {pid} of {} reads {line:?}", run.attempt));
        let value: Value =
            line.and_then(|line| serde_json::from_str(&line).ok()).unwrap_or_else(|| json!({"type": "end"}));
        let listen = |at| vec![Act::Listen { at }];
        let next = match value["type"].as_str() {
            Some("hello") => self.greeted(),
            Some("message") => {
                let message = value["id"].as_u64().unwrap_or(0);
                let again = value["again"].as_bool().unwrap_or(false);
                self.oracle.chats.read(run.attempt, message, again);
                self.turn(message)
            }
            Some("interrupt") => match self.random.weighted(&[6, 2, 1, 1]) {
                0 => vec![error("interrupted"), Act::Listen { at: None }],
                1 => listen(at),
                2 => at.map_or(listen(None), |at| vec![self.answer_to(Some(at)), Act::Listen { at: None }]),
                _ => vec![Act::Leave(some_end(&mut self.random))],
            },
            Some("shutdown" | "end") => match self.random.weighted(&[6, 2, 2]) {
                0 => vec![Act::Leave(ExitStatus::Code(0))],
                1 => vec![Act::Leave(some_end(&mut self.random))],
                _ => vec![Act::Hang],
            },
            _ => listen(at),
        };
        let acts = self.agents.entry(pid).or_default();
        for act in next.into_iter().rev() {
            acts.push_front(act);
        }
    }

    fn greeted(&mut self) -> Vec<Act> {
        let ready = match self.random.per_mille(300) {
            true => json!({"type": "ready", "session": format!("s{}", self.number())}),
            false => json!({"type": "ready"}),
        };
        let mut acts = vec![Act::Say(ready), Act::Listen { at: None }];
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

    fn answer_to(&mut self, message: Option<u64>) -> Act {
        let text = format!("answer {}", self.number());
        Act::Say(match message {
            Some(id) => json!({"type": "answer", "id": id, "text": text}),
            None => json!({"type": "answer", "text": text}),
        })
    }

    fn turn(&mut self, message: u64) -> Vec<Act> {
        let at = Some(message);
        let idle = Act::Listen { at: None };
        let well = if self.mood.is_kind() { 80 } else { 25 };
        let detail = format!("tool {}", self.number());
        let tool = Act::Say(json!({"type": "tool", "name": "look", "detail": detail}));
        match self.random.weighted(&[well, 8, 5, 5, 2, 2, 3, 2, 1, 8, 12, 2, 12, 3, 2, 3, 2]) {
            0 => vec![self.answer_to(at), idle],
            1 => vec![tool, self.answer_to(at), idle],
            2 => vec![self.answer_to(None), idle],
            3 => vec![self.answer_to(at), self.answer_to(at), idle],
            4 => {
                let until = self.random.per_mille(500).then(|| {
                    let span = std::time::Duration::from_secs(self.random.between(1, 120));
                    self.wall.plus(span).to_string()
                });
                let said =
                    json!({"type": "error", "class": "rate-limited", "until": until, "text": "slower"});
                vec![Act::Say(said), idle]
            }
            5 => vec![error("outage"), idle],
            6 => vec![tool, error("other"), idle],
            7 => vec![error("interrupted"), idle],
            8 => vec![error(if self.random.per_mille(500) { "auth" } else { "model" }), idle],
            9 => vec![tool, Act::Leave(some_end(&mut self.random))],
            10 => vec![self.answer_to(at), Act::Leave(some_end(&mut self.random))],
            11 => vec![tool, Act::Hang],
            12 => vec![Act::Listen { at }],
            13 => vec![self.answer_to(Some(message + 1)), Act::Listen { at }],
            14 => vec![Act::SayHalf, Act::Leave(some_end(&mut self.random))],
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
