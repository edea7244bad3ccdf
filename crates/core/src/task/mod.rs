//! The task: a record of work to be done, with its state and everything that decides how it runs.

mod aspect;
mod name;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use aspect::Aspect;
pub use name::{BadWord, Priority, StateName, Visibility};
pub use step::{AttemptEnd, TaskEvent, step};

use crate::id::{AttemptRef, Fence, TaskId};
use crate::time::Timestamp;
use crate::usage::{Cap, Met, Usage};

/// One task. Log entries, messages and artifacts are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name; never changes.
    pub id: TaskId,
    /// Work to be done, or a chat's place in the graph.
    #[serde(default, skip_serializing_if = "TaskKind::is_work")]
    pub kind: TaskKind,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What is stored; *ready* and *blocked* are derived.
    pub state: TaskState,
    /// Weight in the schedule.
    #[serde(default)]
    pub priority: Priority,
    /// Free words to find it by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// What its worker should know.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skills: BTreeSet<String>,
    /// The tasks that must be done before it; one that does not exist (from an import) blocks.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<TaskId>,
    /// Grouping only: it neither blocks nor orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// The task whose agent filed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered_from: Option<TaskId>,
    /// What it is to bring forth, as paths or words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliverables: Vec<String>,
    /// What it will touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// When things happened to it.
    pub times: Times,
    /// How a dispatcher runs it.
    #[serde(default, skip_serializing_if = "RunSpec::is_empty")]
    pub run: RunSpec,
    /// A person stopped it from being dispatched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Who may see it in what is published.
    #[serde(default)]
    pub visibility: Visibility,
    /// What its attempts have cost and counted so far.
    #[serde(default)]
    pub history: History,
    /// Fields of an import that have no home here: kept and shown, never acted on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

impl Task {
    /// A new open task with nothing but an id, a title and a time of creation.
    #[must_use]
    pub fn new(id: TaskId, title: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id,
            kind: TaskKind::Work,
            title: title.into(),
            description: String::new(),
            state: TaskState::Open,
            priority: Priority::default(),
            tags: BTreeSet::new(),
            skills: BTreeSet::new(),
            after: BTreeSet::new(),
            parent: None,
            discovered_from: None,
            deliverables: Vec::new(),
            paths: Vec::new(),
            times: Times { created_at, started_at: None, completed_at: None, not_before: None },
            run: RunSpec::default(),
            paused: false,
            visibility: Visibility::default(),
            history: History::default(),
            notes: BTreeMap::new(),
        }
    }

    /// Its place in the schedule: smaller starts first. Constant while the task's priority is, so that
    /// nothing is sorted anew as time passes. A step of priority 1 is worth six minutes of waiting, so
    /// *critical* (100) goes before a *normal* (10) task that has waited nine hours.
    #[must_use]
    pub fn age_key(&self) -> i64 {
        const WEIGHT: i64 = 6 * 60 * 1_000_000_000;
        self.times.created_at.as_nanos().saturating_sub(WEIGHT * i64::from(self.priority.0))
    }

    /// Which bound of its budget the attempts that are over have met: until it is raised, none starts.
    #[must_use]
    pub fn used_up(&self) -> Option<Met> {
        self.used_up_with(&Usage::default())
    }

    /// As [`Self::used_up`], with what an attempt has used that is not over.
    #[must_use]
    pub fn used_up_with(&self, in_flight: &Usage) -> Option<Met> {
        self.run.budget.met(&self.used_with(in_flight))
    }

    /// What all its attempts have used, with one that is not over.
    #[must_use]
    pub fn used_with(&self, in_flight: &Usage) -> Usage {
        let mut used = self.history.used.clone();
        used.add(in_flight);
        used
    }

    /// What is left of its budget's cost, in millionths of a dollar, where that is bounded.
    #[must_use]
    pub fn cost_left(&self) -> Option<u64> {
        let used = self.history.used.cost_micros.unwrap_or(0);
        self.run.budget.cost_micros.map(|most| most.saturating_sub(used))
    }

    /// The attempt that holds it, where one does.
    #[must_use]
    pub fn live_attempt(&self) -> Option<AttemptRef> {
        match &self.state {
            TaskState::InProgress { by: Holder::Attempt(reference) } => Some(*reference),
            _ => None,
        }
    }
}

/// What a task is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// Work to be done.
    #[default]
    Work,
    /// A chat's place in the graph: state, tags and title follow from the chat's own record.
    Chat,
}

impl TaskKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_work(&self) -> bool {
        *self == Self::Work
    }
}

/// When things happened to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// When it was added.
    pub created_at: Timestamp,
    /// When its latest attempt started or a person claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it became done, failed or abandoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// It is not ready before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// How a dispatcher runs a task. With none of `exec`, `adapter` and `model` and no default adapter it is
/// for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// A shell command line: the `shell` adapter runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<String>,
    /// The adapter to use, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The model to use, bare or as `adapter:model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Identity of the agent to use: 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// An attempt that runs longer is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Attempts over the task's life; the configuration's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// What all its attempts together may use over its life.
    #[serde(default, skip_serializing_if = "Cap::is_empty")]
    pub budget: Cap,
}

impl RunSpec {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The adapter that this task names, by itself or through its command or model.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        if self.exec.is_some() {
            return Some("shell");
        }
        if let Some(adapter) = &self.adapter {
            return Some(adapter);
        }
        self.model.as_deref().and_then(|model| model.split_once(':')).map(|(adapter, _)| adapter)
    }

    /// The model as this adapter takes it: without the adapter's own name before it.
    #[must_use]
    pub fn model_for(&self, adapter: &str) -> Option<&str> {
        let model = self.model.as_deref()?;
        Some(model.strip_prefix(adapter).and_then(|rest| rest.strip_prefix(':')).unwrap_or(model))
    }
}

/// What is stored of a task's state. Variants carry their data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum TaskState {
    /// To be done.
    Open,
    /// Somebody is at it.
    InProgress {
        /// Who.
        by: Holder,
    },
    /// Set aside until something happens.
    Waiting {
        /// What it waits for.
        on: Wait,
    },
    /// A person decides whether it is good.
    InReview,
    /// Finished well.
    Done,
    /// Finished badly.
    Failed {
        /// In one line.
        reason: String,
    },
    /// Given up by a person.
    Abandoned {
        /// In one line, where one was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

impl TaskState {
    /// Done, failed or abandoned.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.name().is_final()
    }

    /// The state's bare name.
    #[must_use]
    pub fn name(&self) -> StateName {
        match self {
            Self::Open => StateName::Open,
            Self::InProgress { .. } => StateName::InProgress,
            Self::Waiting { .. } => StateName::Waiting,
            Self::InReview => StateName::InReview,
            Self::Done => StateName::Done,
            Self::Failed { .. } => StateName::Failed,
            Self::Abandoned { .. } => StateName::Abandoned,
        }
    }
}

/// Who is at a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A person, who claimed it.
    Person(String),
    /// An attempt, which a dispatcher started.
    Attempt(AttemptRef),
    /// It is a chat, which goes on until it is archived.
    Chat,
}

/// What a waiting task waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// Another task to be done.
    Task(TaskId),
    /// A time.
    Until(Timestamp),
    /// A message to the task.
    Message,
    /// A person to decide, and about what.
    Person(String),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => write!(f, "task {task}"),
            Self::Until(time) => write!(f, "{time}"),
            Self::Message => f.write_str("a message"),
            Self::Person(question) => write!(f, "a person: {question}"),
        }
    }
}

/// What a task's attempts have counted so far. Never restored by an undo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The current fence; it grows with every start and every revocation.
    pub fence: Fence,
    /// Attempts started, ever.
    pub attempts: u32,
    /// Attempts that counted against `max_attempts` since a person last asked for a retry.
    pub spent: u32,
    /// Attempts lost in a row.
    pub lost: u32,
    /// What the attempts that are over have used.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub used: Usage,
    /// The last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<AttemptRef>,
    /// The start bucket of this task.
    pub starts: crate::budget::Bucket,
}

impl History {
    /// An attempt is over that has used this much.
    pub fn count(&mut self, used: &Usage) {
        self.used.add(used);
        // Of a sum, the last model would be told as if it had used all of it.
        self.used.model = None;
    }
}
