//! Everything that can be asked of the graph or told to it: the one closed list that `submit` takes.

mod chat;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use chat::{ChatCommand, Heard, ImportedChat, NewChat, StartHandler};

use crate::attempt::{Outcome, ProcessIdentity};
use crate::chat::Said;
use crate::id::{AttemptRef, Fence, OpSeq, TaskId};
use crate::task::{Priority, RunSpec, Task, TaskState, Visibility, Wait};
use crate::time::Timestamp;
use crate::usage::Cap;

/// A request or a fact. Requests may be refused; facts (what [`Command::is_fact`] says) never are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Make a task.
    Add(Box<NewTask>),
    /// Change fields of tasks.
    Edit {
        /// Which.
        tasks: Vec<TaskId>,
        /// What.
        patch: Box<Patch>,
    },
    /// Write into a task's log.
    Log {
        /// Which.
        task: TaskId,
        /// What.
        message: String,
    },
    /// Say that tasks are done.
    Done {
        /// Which.
        tasks: Vec<TaskId>,
        /// What was done.
        summary: Option<String>,
    },
    /// Say that tasks failed.
    Fail {
        /// Which.
        tasks: Vec<TaskId>,
        /// Why.
        reason: String,
    },
    /// Open tasks again, with new attempts.
    Retry {
        /// Which: failed, abandoned, done, or waiting for a person.
        tasks: Vec<TaskId>,
    },
    /// Open finished tasks again, without asking for a new attempt at once: as `Retry`, but the task
    /// stays paused where it was.
    Reopen {
        /// Which.
        tasks: Vec<TaskId>,
    },
    /// Set a task aside.
    Wait {
        /// Which.
        task: TaskId,
        /// Until what.
        on: Wait,
    },
    /// Give tasks up.
    Abandon {
        /// Which.
        tasks: Vec<TaskId>,
        /// Why.
        reason: Option<String>,
    },
    /// Keep tasks from being dispatched.
    Pause {
        /// Which.
        tasks: Vec<TaskId>,
    },
    /// Let tasks be dispatched again.
    Resume {
        /// Which.
        tasks: Vec<TaskId>,
    },
    /// Take a task as a person.
    Claim {
        /// Which.
        task: TaskId,
    },
    /// Give a claimed task back.
    Unclaim {
        /// Which.
        task: TaskId,
    },
    /// Name something that a task brought forth.
    AddArtifact {
        /// Of which task.
        task: TaskId,
        /// Path or address.
        path: String,
    },
    /// Write to a task.
    PostMessage {
        /// To which.
        task: TaskId,
        /// What.
        body: String,
    },
    /// A worker has read its task's messages.
    ReadMessages {
        /// Of which task.
        task: TaskId,
    },
    /// End attempts and keep their tasks from starting again.
    Kill {
        /// Which.
        attempts: Vec<AttemptRef>,
        /// Why.
        why: String,
    },
    /// Take an operation back by a new one.
    Undo {
        /// Which; the caller's own last undoable one where absent.
        operation: Option<OpSeq>,
    },
    /// Bring records of another program in.
    Import(Box<Import>),
    /// Something about chats.
    Chat(ChatCommand),
    /// Start no new attempts.
    PauseDispatch,
    /// Start attempts again.
    ResumeDispatch,
    /// Use an adapter again.
    ResumeAdapter {
        /// Which.
        adapter: String,
    },

    /// The dispatcher starts an attempt.
    StartAttempt(Start),
    /// Fact: an attempt's agent runs.
    AttemptStarted {
        /// Which.
        attempt: AttemptRef,
        /// Under which fence.
        fence: Fence,
        /// Its shim.
        shim: ProcessIdentity,
        /// Since when.
        at: Timestamp,
    },
    /// Fact: an attempt's agent was told the messages of its task up to this one.
    AttemptTold {
        /// Which.
        attempt: AttemptRef,
        /// Under which fence.
        fence: Fence,
        /// The number of the last of them.
        through: u64,
    },
    /// Fact: what an attempt's agent said.
    AttemptHeard(AttemptHeard),
    /// Fact: an attempt is over and its whole tree is gone.
    AttemptEnded(Ended),
    /// Fact: what a task waited for has come, or can't come any more (then a person decides).
    WaitOver {
        /// Which.
        task: TaskId,
        /// Why it can't come.
        never: Option<String>,
    },
    /// Fact: the dispatcher found a configuration other than the one that an adapter paused with.
    AdapterChanged {
        /// Which.
        adapter: String,
    },
    /// Fact: how the day's budget stands.
    DayBudget(DayBudget),
    /// Fact: a dispatcher took its host's lock; effects that the host had claimed are free again.
    DispatcherStarted {
        /// Of which host.
        host: String,
    },
}

impl Command {
    /// Whether this tells what happened: such a command is never refused.
    #[must_use]
    pub fn is_fact(&self) -> bool {
        match self {
            Self::AttemptStarted { .. }
            | Self::AttemptTold { .. }
            | Self::AttemptHeard(_)
            | Self::AttemptEnded(_)
            | Self::WaitOver { .. }
            | Self::AdapterChanged { .. }
            | Self::DayBudget(_)
            | Self::DispatcherStarted { .. } => true,
            Self::Chat(command) => command.is_fact(),
            _ => false,
        }
    }

    /// The verb, as in `wg op log`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Edit { .. } => "edit",
            Self::Log { .. } => "log",
            Self::Done { .. } => "done",
            Self::Fail { .. } => "fail",
            Self::Retry { .. } => "retry",
            Self::Reopen { .. } => "reopen",
            Self::Wait { .. } => "wait",
            Self::Abandon { .. } => "abandon",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Claim { .. } => "claim",
            Self::Unclaim { .. } => "unclaim",
            Self::AddArtifact { .. } => "artifact",
            Self::PostMessage { .. } => "msg",
            Self::ReadMessages { .. } => "msg read",
            Self::Kill { .. } => "kill",
            Self::Undo { .. } => "undo",
            Self::Import(_) => "import",
            Self::Chat(command) => command.verb(),
            Self::PauseDispatch => "service pause",
            Self::ResumeDispatch => "service resume",
            Self::ResumeAdapter { .. } => "adapter resume",
            Self::StartAttempt(_) => "start",
            Self::AttemptStarted { .. } => "started",
            Self::AttemptTold { .. } => "told",
            Self::AttemptHeard(_) => "heard",
            Self::AttemptEnded(_) => "ended",
            Self::WaitOver { .. } => "wait over",
            Self::AdapterChanged { .. } => "adapter changed",
            Self::DayBudget(_) => "day budget",
            Self::DispatcherStarted { .. } => "dispatcher started",
        }
    }
}

/// How the budget of a day stands, as a dispatcher finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum DayBudget {
    /// It is used up.
    UsedUp {
        /// The adapters that start nothing before the next day.
        adapters: Vec<String>,
        /// Work of theirs that is to end.
        attempts: Vec<AttemptRef>,
        /// In words.
        why: String,
        /// When the next day begins.
        until: Timestamp,
    },
    /// It is not, or not any more: it was raised.
    Raised,
    /// What is known of it was wrong, and is counted anew from what attempts and chats told.
    CountedAnew,
}

/// A task to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// One line.
    pub title: String,
    /// Its id, where it is to have a certain one; else a slug of the title.
    pub id: Option<TaskId>,
    /// Markdown.
    pub description: String,
    /// Weight.
    pub priority: Priority,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// What its worker should know.
    pub skills: BTreeSet<String>,
    /// What must be done before.
    pub after: BTreeSet<TaskId>,
    /// Grouping.
    pub parent: Option<TaskId>,
    /// The task whose agent filed it.
    pub discovered_from: Option<TaskId>,
    /// What it is to bring forth.
    pub deliverables: Vec<String>,
    /// What it will touch.
    pub paths: Vec<String>,
    /// Not ready before.
    pub not_before: Option<Timestamp>,
    /// How it is run.
    pub run: RunSpec,
    /// Add it paused.
    pub paused: bool,
    /// Who may see it.
    pub visibility: Visibility,
}

/// Fields to change: an absent one stays, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patch {
    /// One line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Sets with members to add and to remove.
    #[serde(skip_serializing_if = "SetPatch::is_empty")]
    pub tags: SetPatch<String>,
    /// As tags.
    #[serde(skip_serializing_if = "SetPatch::is_empty")]
    pub skills: SetPatch<String>,
    /// Dependencies, as tags; one that closes a cycle or does not exist is refused.
    #[serde(skip_serializing_if = "SetPatch::is_empty")]
    pub after: SetPatch<TaskId>,
    /// Grouping.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub parent: Option<Option<TaskId>>,
    /// What it is to bring forth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliverables: Option<Vec<String>>,
    /// What it will touch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Not ready before.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Option<Timestamp>>,
    /// How it is run.
    #[serde(skip_serializing_if = "RunPatch::is_empty")]
    pub run: RunPatch,
    /// Who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

impl Patch {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Members to add to a set and to remove from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPatch<T: Ord> {
    /// To add.
    pub add: BTreeSet<T>,
    /// To remove.
    pub remove: BTreeSet<T>,
}
impl<T: Ord> Default for SetPatch<T> {
    fn default() -> Self {
        Self { add: BTreeSet::new(), remove: BTreeSet::new() }
    }
}
impl<T: Ord + Clone> SetPatch<T> {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Does it.
    pub fn apply(&self, set: &mut BTreeSet<T>) {
        set.retain(|member| !self.remove.contains(member));
        set.extend(self.add.iter().cloned());
    }
}

/// How a task is run: fields to change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunPatch {
    /// A shell command line.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub exec: Option<Option<String>>,
    /// The adapter.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub adapter: Option<Option<String>>,
    /// The model.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<String>>,
    /// The longest an attempt may run.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Option<Duration>>,
    /// Attempts over the task's life.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<Option<u32>>,
    /// Tokens that all its attempts together may use.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<Option<u64>>,
    /// What they may cost together, in millionths of a dollar.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub budget_cost: Option<Option<u64>>,
}
impl RunPatch {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `Option<Option<T>>` that tells absent from cleared: cleared is written as `null`.
mod double {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(inner) => inner.serialize(to),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(from).map(Some)
    }
}

/// Records of another program, already read and mapped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// Where from, for people: the format and the file's name.
    pub source: String,
    /// The tasks. Not written into the operation's record: its changes tell them.
    #[serde(skip)]
    pub tasks: Vec<ImportedTask>,
    /// The chats.
    #[serde(skip)]
    pub chats: Vec<ImportedChat>,
}

/// A task of an import with its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedTask {
    /// The task; `history` is ignored.
    pub task: Task,
    /// Log entries: time, who, what.
    pub log: Vec<(Timestamp, String, String)>,
    /// Artifacts: time, who, path.
    pub artifacts: Vec<(Timestamp, String, String)>,
    /// Messages: time, from whom, text. They arrive unread.
    pub messages: Vec<(Timestamp, crate::id::Actor, String)>,
}

impl ImportedTask {
    /// The state a task of another program arrives in: what runs elsewhere arrives open.
    #[must_use]
    pub fn arriving_state(state: &TaskState) -> TaskState {
        match state {
            TaskState::InProgress { .. } | TaskState::Waiting { .. } => TaskState::Open,
            TaskState::Open
            | TaskState::InReview
            | TaskState::Done
            | TaskState::Failed { .. }
            | TaskState::Abandoned { .. } => state.clone(),
        }
    }
}

/// What the dispatcher decided to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Which task.
    pub task: TaskId,
    /// By which adapter.
    pub adapter: String,
    /// With which model, where the task names none itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// On which host: it claims the launch at once.
    pub host: String,
    /// Random part of the mark.
    pub nonce: u64,
}

/// What an agent at work said, as its adapter understood it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptHeard {
    /// Its attempt.
    pub attempt: AttemptRef,
    /// Under which fence.
    pub fence: Fence,
    /// In order.
    pub said: Vec<Said>,
    /// Up to where its output was taken in with that, in bytes.
    pub parsed: u64,
    /// The attempt is ended when it has used this much.
    #[serde(default)]
    pub cap: Cap,
}

/// How an attempt ended, as the dispatcher (or who killed it) saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub attempt: AttemptRef,
    /// Under which fence.
    pub fence: Fence,
    /// The adapter's verdict on what was seen; the worker's report and a stop that was asked for go first.
    pub seen: Outcome,
    /// When it ended.
    pub at: Timestamp,
    /// ± 20 % of the back-off, as -200..=200 per mille: chance comes in as an argument.
    pub jitter: i16,
    /// Before the second attempt; it doubles with each one after.
    #[serde(default = "first_pause")]
    pub first_pause: Duration,
    /// Attempts that the task may have where it does not say so itself.
    pub max_attempts: u32,
    /// Hash of the adapter's configuration: kept with a pause.
    pub configuration: u64,
}

fn first_pause() -> Duration {
    crate::retry::FIRST
}
