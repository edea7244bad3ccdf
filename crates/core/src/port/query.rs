//! What can be asked of a store, and the rows that are not records of their own right.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{Actor, AttemptRef, OpSeq, TaskId};
use crate::task::{StateName, TaskKind};
use crate::time::Timestamp;

/// Which tasks to read. An empty filter takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Of this kind; absent: of any.
    pub kind: Option<TaskKind>,
    /// In one of these states; empty: in any.
    pub states: Vec<StateName>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Paused or not; absent: either.
    pub paused: Option<bool>,
    /// With a budget that is used up, or not; absent: either. Only open tasks are told apart by it.
    pub used_up: Option<bool>,
    /// With a dependency that is not done, or without; absent: either. Only meaningful of open tasks.
    pub blocked: Option<bool>,
    /// Children of this task.
    pub parent: Option<TaskId>,
    /// With this text in id, title or description, letter case aside.
    pub text: Option<String>,
    /// Ids that begin with this.
    pub prefix: Option<String>,
}

/// Which chats to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chats {
    /// All of them.
    All,
    /// Those that are not archived.
    Unarchived,
    /// Those that a dispatcher has to look at: stirring ([`crate::chat::Chat::is_stirring`]), or dormant with a
    /// message that waits.
    Awake,
    /// Those that gave up.
    GaveUp,
}

/// In which order tasks are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaskOrder {
    /// By id.
    #[default]
    Id,
    /// As the scheduler would start them.
    Schedule,
    /// The latest completed first, those without completion last.
    Completed,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows to leave out first.
    pub skip: usize,
    /// Rows to give at most.
    pub limit: usize,
}

impl Page {
    /// Everything.
    pub const ALL: Self = Self { skip: 0, limit: usize::MAX };

    /// The first `limit` rows.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self { skip: 0, limit }
    }
}

/// The top of the schedule: tasks that are open, not paused, with every dependency done, `not_before` past and
/// budget left, smallest age key first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyQuery {
    /// Of this lane ([`crate::task::RunSpec::lane`]): `Some(None)` those that name no adapter; `None`: all.
    pub lane: Option<Option<String>>,
    /// With these tags.
    pub tags: TagFilter,
    /// The time now.
    pub now: Timestamp,
    /// At most so many.
    pub limit: usize,
}

/// Tags that tasks must have and must not have. An empty one takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// At least one of these; empty: whatever they have.
    pub any: Vec<String>,
    /// None of these.
    pub none: Vec<String>,
}

impl TagFilter {
    /// Whether it takes a task with these tags.
    #[must_use]
    pub fn takes(&self, tags: &BTreeSet<String>) -> bool {
        (self.any.is_empty() || self.any.iter().any(|tag| tags.contains(tag)))
            && !self.none.iter().any(|tag| tags.contains(tag))
    }
}

/// How many tasks there are, chats aside, maintained as they change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// For each combination that occurs.
    pub rows: Vec<CountRow>,
}

/// So many tasks are in this state, blocked or not, paused or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRow {
    /// Stored state.
    pub state: StateName,
    /// A dependency is not done.
    pub blocked: bool,
    /// Paused.
    pub paused: bool,
    /// Open, and its budget is used up.
    pub used_up: bool,
    /// How many.
    pub tasks: u64,
}

impl Counts {
    /// Tasks in a state.
    #[must_use]
    pub fn in_state(&self, state: StateName) -> u64 {
        self.sum(|row| row.state == state)
    }

    /// All tasks.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.sum(|_| true)
    }

    /// Open, unblocked, not paused and with budget left: ready, but for those whose `not_before` is still to come.
    #[must_use]
    pub fn ready(&self) -> u64 {
        self.sum(|row| row.state == StateName::Open && !row.blocked && !row.paused && !row.used_up)
    }

    /// Open, unblocked and not paused, and its budget is used up: a person raises it or not.
    #[must_use]
    pub fn used_up(&self) -> u64 {
        self.sum(|row| row.used_up && !row.blocked && !row.paused)
    }

    /// Open with a dependency that is not done.
    #[must_use]
    pub fn blocked(&self) -> u64 {
        self.sum(|row| row.state == StateName::Open && row.blocked)
    }

    /// Open and paused (blocked or not).
    #[must_use]
    pub fn paused(&self) -> u64 {
        self.sum(|row| row.state == StateName::Open && row.paused)
    }

    fn sum(&self, keep: impl Fn(&CountRow) -> bool) -> u64 {
        self.rows.iter().filter(|row| keep(row)).map(|row| row.tasks).sum()
    }
}

/// An entry of a task's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// Who; names of other programs' actors stay as they were.
    pub actor: String,
    /// What.
    pub message: String,
    /// The operation that wrote it.
    pub operation: OpSeq,
}

/// A message to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number within the task, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// From whom.
    pub from: Actor,
    /// What.
    pub body: String,
    /// The attempt that has read it, where one has.
    pub read_by: Option<AttemptRef>,
}

/// Something that a task brought forth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// When it was named.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Path or address.
    pub path: String,
}
