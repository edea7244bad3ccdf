//! Recovery: what is there of attempts, compared with what the store says, and what follows.
//!
//! A pure plan over findings: the dispatcher makes it at its start and whenever a shim leaves without a
//! record; `wg doctor` prints it, and `wg doctor --fix` applies it where no dispatcher runs. Nothing here is
//! ended, declared lost or started anew on less than proof: what can't be told is listed, and left alone.

mod conclude;
mod gather;
mod last_words;

use std::fmt;

pub use conclude::{Concluder, Conclusion};
pub use gather::{examine, findings, may_have_started_before};

use wg_core::attempt::{Attempt, AttemptState, ProcessIdentity};
use wg_core::id::AttemptRef;

use crate::files::ExitRecord;

/// What was found of one live attempt of this host.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// As the store has it.
    pub attempt: Attempt,
    /// Why it may not start any more, where it may not.
    pub barred: Option<String>,
    /// Whether its agent was started, or may have been: the mark that a shim leaves before it does.
    pub started: bool,
    /// Its exit record, where there is one.
    pub exit: Option<Box<ExitRecord>>,
    /// Its shim.
    pub shim: Shim,
}

/// A shim that was looked for: alive, dead, or unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shim {
    /// It answered with the attempt's own reference, fence and nonce.
    Alive(ProcessIdentity),
    /// Provably gone, or there never was one.
    Gone,
    /// It can't be told, and why not.
    Unknown(String),
}

/// What follows from a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Its shim lives and its end is not wanted: go on with it.
    Adopt(ProcessIdentity),
    /// It is over, and its exit record says how.
    Record(Box<ExitRecord>),
    /// End what is left of it, prove it gone, and record that.
    End {
        /// Why.
        why: String,
    },
    /// It was committed but never started: start it.
    Launch,
    /// It can't be told whether it lives: shown, and left alone.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// What follows from what was found of an attempt.
#[must_use]
pub fn decide(finding: &Finding) -> Step {
    let stop = finding.attempt.stop.as_ref();
    match (&finding.exit, &finding.shim) {
        (Some(exit), _) if exit.tree_gone => Step::Record(exit.clone()),
        (_, Shim::Unknown(why)) => Step::Unknown { why: why.clone() },
        (_, Shim::Alive(shim)) => match stop {
            Some(stop) => Step::End { why: format!("its end was asked for: {}", stop.why) },
            None => Step::Adopt(shim.clone()),
        },
        (Some(_), Shim::Gone) => Step::End { why: "its agent left, but not all of its processes".into() },
        (None, Shim::Gone) if finding.started || finding.attempt.state != AttemptState::Starting => {
            Step::End { why: "its shim is gone and left no exit record".into() }
        }
        (None, Shim::Gone) => match &finding.barred {
            Some(why) => Step::End { why: format!("it was never started: {why}") },
            None => Step::Launch,
        },
    }
}

/// A process that carries the mark of an attempt that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// The attempt, as the store has it.
    pub attempt: Attempt,
    /// Its processes.
    pub processes: Vec<ProcessIdentity>,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Live attempts of this host, the first first.
    pub attempts: Vec<Finding>,
    /// Processes of attempts that are over.
    pub strays: Vec<Stray>,
}

/// One thing to be put right.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// Of which attempt.
    pub attempt: Attempt,
    /// What.
    pub step: Step,
}

impl Repair {
    /// Whether nothing has to be done: a running attempt that goes on.
    #[must_use]
    pub fn is_well(&self) -> bool {
        matches!(self.step, Step::Adopt(_))
    }

    /// Which attempt.
    #[must_use]
    pub fn reference(&self) -> AttemptRef {
        self.attempt.reference
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attempt, task) = (self.attempt.reference, &self.attempt.task);
        match &self.step {
            Step::Adopt(_) => write!(f, "{attempt} ({task}) runs: go on with it"),
            Step::Record(_) => write!(f, "{attempt} ({task}) is over: record how it ended"),
            Step::End { why } => write!(f, "{attempt} ({task}): end what is left of it, because {why}"),
            Step::Launch => write!(f, "{attempt} ({task}) was decided but never started: start it"),
            Step::Unknown { why } => {
                write!(f, "{attempt} ({task}): it can't be told whether it lives, so it is left alone: {why}")
            }
        }
    }
}

/// What is to be done about everything that was found, the first attempt first.
#[must_use]
pub fn plan(findings: &Findings) -> Vec<Repair> {
    let live = findings
        .attempts
        .iter()
        .map(|finding| Repair { attempt: finding.attempt.clone(), step: decide(finding) });
    let stale = findings.strays.iter().map(|stray| Repair {
        attempt: stray.attempt.clone(),
        step: Step::End {
            why: format!("it is over, but {} of its processes are there", stray.processes.len()),
        },
    });
    let mut repairs: Vec<Repair> = live.chain(stale).collect();
    repairs.sort_by_key(Repair::reference);
    repairs
}
