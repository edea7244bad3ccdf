//! A live attempt as its dispatcher sees it: what is known of its processes, and what is awaited.
//!
//! Everything in here can be found out again from the store and the attempt's files (`crate::recover`).

use wg_core::attempt::{Attempt, AttemptKind, Outcome, ProcessIdentity};
use wg_core::time::Timestamp;

use super::event::Launch;
use crate::control::message::Stage;

/// A live attempt of this host.
#[derive(Debug)]
pub(super) struct Slot {
    /// As it was committed.
    pub(super) attempt: Attempt,
    /// What is known and awaited.
    pub(super) phase: Phase,
    /// Its end is wanted, and will be asked for as soon as there is something to end.
    pub(super) stop: bool,
    /// Why its shim could not be started, where it could not.
    pub(super) unstarted: Option<String>,
    /// How often it could not be told since it was last tried for a reason of its own.
    pub(super) untold: u32,
    /// An earlier dispatcher had it; it was taken up then.
    pub(super) adopted: Option<Timestamp>,
    /// What it said, where that means something.
    pub(super) words: Words,
}

/// How far the words of an agent are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// As they come.
    Open,
    /// The last ones were asked for.
    Asked,
    /// All of them, or they don't count.
    Taken,
}

/// What is known of an attempt's processes.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing is started: its predecessor's tree is to be proved gone first.
    Clearing(Box<Held>),
    /// A shim was asked for.
    Spawning,
    /// A shim is up.
    Up(Up),
    /// Its shim is gone without an exit record, or could not be started: another one may hold it.
    Examining,
    /// Its end is being carried out; with a reason where nothing was started for it that is known of.
    Ending(Option<String>),
    /// It is over, and that is to be committed.
    Over(Over),
    /// It can't be told whether it lives.
    Unknown {
        /// Why not.
        why: String,
        /// What is held back, where it is the predecessor that can't be told.
        held: Option<Box<Held>>,
    },
}

/// A launch that waits for its predecessor's tree to be gone.
#[derive(Debug)]
pub(super) struct Held {
    /// The predecessor.
    pub(super) before: Attempt,
    /// What to launch then.
    pub(super) launch: Launch,
}

/// A shim that is up.
#[derive(Debug)]
pub(super) struct Up {
    /// The shim; absent for one that was adopted and is recorded already.
    pub(super) untold: Option<ProcessIdentity>,
    /// Since when.
    pub(super) at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) struct Over {
    /// The adapter's verdict, or what else is known.
    pub(super) seen: Outcome,
    /// When.
    pub(super) at: Timestamp,
}

impl Slot {
    /// One whose agent is understood, or not.
    pub(super) fn new(attempt: Attempt, phase: Phase, understood: bool) -> Self {
        let stop = attempt.stop.is_some();
        let words = if understood { Words::Open } else { Words::Taken };
        Self { attempt, phase, stop, unstarted: None, untold: 0, adopted: None, words }
    }

    /// Whether it serves a chat.
    pub(super) fn is_handler(&self) -> bool {
        self.attempt.kind == AttemptKind::Handler
    }

    /// Whether its end can be committed: not before its last words are.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.phase, Phase::Over(_)) && self.words == Words::Taken
    }

    /// Whether it counts against the agents that may run.
    pub(super) fn is_taken(&self) -> bool {
        !matches!(self.phase, Phase::Over(_))
    }

    /// The predecessor that it waits for, where it waits for one.
    pub(super) fn held(&self) -> Option<&Held> {
        match &self.phase {
            Phase::Clearing(held) | Phase::Unknown { held: Some(held), .. } => Some(held),
            _ => None,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.phase {
            Phase::Clearing(_) | Phase::Spawning => Stage::Starting,
            Phase::Up(_) => Stage::Running,
            Phase::Examining | Phase::Ending(_) | Phase::Over(_) => Stage::Ending,
            Phase::Unknown { .. } => Stage::Unknown,
        }
    }
}
