//! The pipes of an agent that is talked to, as its shim holds them: inputs go in once each, what it prints goes
//! to a file. After `wg_dispatch`'s `supervise::shim::{talk, input}`.

use std::collections::VecDeque;

use wg_dispatch::supervise::shim::step::Event;

use super::mutation::Mutation;
use super::world::World;

/// What a supervisor wants of an agent that is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// To follow it.
    Follow,
    /// To give it something.
    Input(u64, String),
    /// A turn began or ended.
    Turn(bool),
    /// Nothing more will be said to it.
    LetGo,
    /// The connection is closed.
    HangUp,
}

/// What a shim answers to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is taken, or was.
    Taken(u64),
    /// The agent does not get it.
    Refused,
}

/// The pipes of one agent.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    pub(super) farewell: String,
    /// Lines that the agent has not read.
    pub(super) stdin: VecDeque<String>,
    /// Nothing more comes behind them.
    pub(super) closed: bool,
    /// The number of the last input that was taken.
    pub(super) last: Option<u64>,
    /// What the agent printed and the shim has not read.
    pub(super) stdout: VecDeque<u8>,
    /// The connection that follows.
    pub(super) follower: Option<u64>,
}

impl Pipes {
    /// Tells the agent that this is the end.
    pub(super) fn say_farewell(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.stdin.push_back(std::mem::take(&mut self.farewell));
        }
    }
}

impl World {
    /// A shim does what a supervisor asked for.
    pub(super) fn serve(&mut self, pid: u32, line: u64, ask: Ask) {
        self.trace.note(|| format!("shim {pid} is asked: {ask:?}"));
        let keeps_repeats = self.mutation == Some(Mutation::RepeatsTaken);
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        let has_agent = shim.has_agent();
        let Some(pipes) = &mut shim.pipes else {
            if ask != Ask::HangUp {
                self.answer(pid, line, Answer::Refused);
            }
            return;
        };
        match ask {
            Ask::Follow => {
                let before = pipes.follower.replace(line);
                if before.is_none() {
                    self.tell_shim(pid, Event::Followed(true));
                }
            }
            Ask::HangUp if pipes.follower == Some(line) => {
                pipes.follower = None;
                self.tell_shim(pid, Event::Followed(false));
            }
            Ask::HangUp => {}
            Ask::LetGo => {
                pipes.say_farewell();
                self.tell_shim(pid, Event::LetGo);
            }
            Ask::Turn(on) => self.tell_shim(pid, Event::Turn(on)),
            Ask::Input(id, text) => {
                let answer = if pipes.last.is_some_and(|last| id <= last) && !keeps_repeats {
                    Answer::Taken(id)
                } else if pipes.closed || !has_agent {
                    Answer::Refused
                } else {
                    pipes.last = Some(id);
                    pipes.stdin.push_back(text);
                    Answer::Taken(id)
                };
                self.answer(pid, line, answer);
            }
        }
    }

    fn answer(&mut self, pid: u32, line: u64, answer: Answer) {
        let talks = self.daemon.iter_mut().flat_map(|daemon| daemon.talks.values_mut());
        for talk in talks.filter(|talk| talk.line == Some((pid, line))) {
            talk.answers.push_back(answer);
        }
    }

    /// A shim writes down some of what its agent printed, or all of it.
    pub(super) fn pump(&mut self, pid: u32, all: bool) {
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        let attempt = shim.attempt;
        let Some(pipes) = &mut shim.pipes else { return };
        let there = pipes.stdout.len();
        let part =
            if all || there < 2 || self.random.per_mille(700) { there } else { 1 + self.random.below(there) };
        let bytes: Vec<u8> = pipes.stdout.drain(..part).collect();
        let folder = self.host.folder(attempt);
        folder.events.extend(bytes);
        let written = folder.events.len();
        self.oracle.chats.written_down(attempt, written);
        self.oracle.work.written_down(attempt, written);
    }
}
