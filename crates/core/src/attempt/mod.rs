//! The attempt: one execution of a task by one agent. A finished attempt never changes; a retry is a new
//! one.

mod outcome;
mod process;
mod progress;
mod step;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use outcome::{ExitStatus, Outcome};
pub use process::ProcessIdentity;
pub use progress::Progress;
pub use step::{AttemptEvent, Budget, step};

use crate::id::{Actor, AttemptRef, ChatNumber, Fence, TaskId};
use crate::port::{Read, StoreError};
use crate::task::Wait;
use crate::time::Timestamp;

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its name over the whole graph.
    pub reference: AttemptRef,
    /// Of what.
    pub task: TaskId,
    /// What it is for.
    #[serde(default, skip_serializing_if = "AttemptKind::is_work")]
    pub kind: AttemptKind,
    /// The how-many-th of its task, from 1.
    pub number: u32,
    /// The fence it was started with.
    pub fence: Fence,
    /// A random part of the mark that its processes carry, so that no other graph's mark is like it.
    pub nonce: u64,
    /// The adapter that runs it.
    pub adapter: String,
    /// The model, where the adapter takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The host it runs on.
    pub host: String,
    /// Where it stands.
    pub state: AttemptState,
    /// When its start was decided.
    pub created_at: Timestamp,
    /// The process identity of its shim, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shim: Option<ProcessIdentity>,
    /// What its worker reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// That somebody asked for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// It is ended when it runs longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What its agent said so far.
    #[serde(default, skip_serializing_if = "Progress::is_empty")]
    pub progress: Progress,
}

impl Attempt {
    /// `WG_ATTEMPT` of its processes: reference, fence and nonce.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("{}.{}.{:016x}", self.reference, self.fence, self.nonce)
    }

    /// Whether it may still have a process.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state, AttemptState::Finished { .. })
    }

    /// How it ended, where it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            AttemptState::Finished { outcome, .. } => Some(outcome),
            AttemptState::Starting | AttemptState::Running { .. } => None,
        }
    }
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptKind {
    /// Work on a task.
    #[default]
    Work,
    /// Serving a chat.
    Handler,
}

impl AttemptKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_work(&self) -> bool {
        *self == Self::Work
    }
}

/// Why an attempt may not start its agent (any more), where it may not: what a shim reads after it has taken
/// its lock and before it starts anything.
pub fn barred(
    read: &mut dyn Read,
    reference: AttemptRef,
    fence: Fence,
) -> Result<Option<String>, StoreError> {
    let Some((attempt, _)) = read.attempt(reference)? else {
        return Ok(Some(format!("there is no {reference}")));
    };
    if attempt.kind == AttemptKind::Handler {
        return chat_barred(read, &attempt, fence);
    }
    let Some((task, _)) = read.task(&attempt.task)? else {
        return Ok(Some(format!("there is no task {} any more", attempt.task)));
    };
    Ok(if !attempt.is_live() {
        Some(format!("{reference} has ended"))
    } else if attempt.fence != fence || task.history.fence != fence || task.live_attempt() != Some(reference)
    {
        Some(format!("{reference} is not the current attempt of {}", task.id))
    } else if let Some(stop) = attempt.stop {
        Some(format!("its end was asked for: {}", stop.why))
    } else if task.paused {
        Some(format!("{} was paused", task.id))
    } else {
        None
    })
}

/// As [`barred`], of a chat's handler: it must be the one that the chat is served by now.
fn chat_barred(read: &mut dyn Read, attempt: &Attempt, fence: Fence) -> Result<Option<String>, StoreError> {
    let reference = attempt.reference;
    let chat = match ChatNumber::of_task(&attempt.task) {
        Some(number) => read.chat(number)?,
        None => None,
    };
    let Some((chat, _)) = chat else {
        return Ok(Some(format!("there is no chat {}", attempt.task)));
    };
    Ok(if !attempt.is_live() {
        Some(format!("{reference} has ended"))
    } else if attempt.fence != fence || chat.fence != fence || chat.handler() != Some(reference) {
        Some(format!("{reference} does not serve {} any more, which is {}", chat.number, chat.state.name()))
    } else {
        attempt.stop.as_ref().map(|stop| format!("its end was asked for: {}", stop.why))
    })
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum AttemptState {
    /// Decided; its process may or may not exist yet.
    Starting,
    /// Its agent runs.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// Over, for good.
    Finished {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

/// What a worker said of its task before it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// It is done, with a summary.
    Done(Option<String>),
    /// It can't be done, and why.
    Failed(String),
    /// It has to wait.
    Waiting(Wait),
}

/// That somebody asked for an attempt's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}
