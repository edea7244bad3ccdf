//! The chat: a conversation that is always addressable and has a process, its handler, only while somebody
//! consumes it (`chats.md`).
//!
//! A handler is an attempt of kind [`crate::attempt::AttemptKind::Handler`], so that everything that holds for
//! attempts (lock, fence, mark, exit record, adoption, proof of its end) holds for it. The chat's record says
//! what is wanted of it; its place in the graph, a task, is derived from that record ([`Chat::as_task`]).
//!
//! # Invariants
//! 1. A chat has at most one live handler.
//! 2. An archived, held or given-up chat gets no handler until a person (or a changed configuration, where it
//!    gave up) says otherwise.
//! 3. What a handler says counts only under the chat's current fence.
//! 4. The answered mark of a message never goes back.

mod entry;
mod question;
mod step;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use entry::cut;
pub use entry::{Consumer, Entry, InboxCounts, InboxRow, InboxState, Said, TEXT_MAX, TurnError, What};
pub use question::{ANSWER_WITHIN, Choice, ChoiceKind, QUESTIONS, Question, Verdict};
pub use step::{ChatEvent, Situation, is_over, step};

use crate::budget::Bucket;
use crate::control::program_name;
use crate::id::{Actor, AttemptRef, ChatNumber, Fence};
use crate::task::{Holder, RunSpec, Task, TaskKind, TaskState};
use crate::time::Timestamp;
use crate::usage::Usage;

/// So many failures since the last successful turn, and a chat gives up (`chats.md`, *States*).
pub const FAILURES: u32 = 5;
/// A message that was being answered when so many handlers died is set aside.
pub const KILLS: u32 = 3;
/// The pause after the first failure; it doubles with each one, up to [`BACK_OFF_MAX`].
pub const BACK_OFF: Duration = Duration::from_secs(1);
/// The longest pause, ± 20 % aside.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// How long a handler may take to be ready.
pub const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a ping counts as a consumer.
pub const PING: Duration = Duration::from_secs(60);
/// How long a handler may take over an interrupt before it is drained.
pub const INTERRUPT_WITHIN: Duration = Duration::from_secs(10);
/// How long a turn in flight may hold a chat that nobody wants any more.
pub const LAST_TURN: Duration = Duration::from_secs(10 * 60);
/// The adapter that runs a command line; also of a chat that names none, whose first start says so.
pub const COMMAND_ADAPTER: &str = "command";
/// The tag of an archived chat's task.
pub const ARCHIVED_TAG: &str = "archived";

/// One chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Its number; never used again.
    pub number: ChatNumber,
    /// What people call it: the title of its task.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What serves it.
    pub run: ChatRun,
    /// Where it stands.
    pub state: ChatState,
    /// Grows with every start and every revocation.
    pub fence: Fence,
    /// Failures since the last successful turn.
    #[serde(default)]
    pub failures: u32,
    /// No handler starts before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The start bucket of this chat.
    #[serde(default)]
    pub starts: Bucket,
    /// Handlers started, ever.
    #[serde(default)]
    pub handlers: u32,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<AttemptRef>,
    /// Turns begun, ever.
    #[serde(default)]
    pub turns: u64,
    /// Up to where the current handler's output was taken in, in bytes: committed with what came of it.
    #[serde(default)]
    pub parsed: u64,
    /// The agent's own name of the conversation, so that the next handler resumes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What all its turns used.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
}

/// What serves a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRun {
    /// The adapter, by name.
    pub adapter: String,
    /// The command line of adapter `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<String>,
    /// The model, where the adapter takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Where a chat stands. *Adopting* is no state: it is how a dispatcher finds out in which one a chat is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum ChatState {
    /// No process, no timer.
    Dormant,
    /// Wanted, but something has to be waited for.
    Queued {
        /// What.
        why: Queued,
    },
    /// Its handler is decided; its process may or may not exist yet.
    Starting {
        /// Which.
        handler: AttemptRef,
        /// To be ready by then.
        by: Timestamp,
        /// Hash of the configuration that it is started with.
        configuration: u64,
    },
    /// Its handler is ready.
    Live {
        /// It.
        #[serde(flatten)]
        serving: Serving,
    },
    /// Nobody wants it any more; its handler stays a little.
    Lingering {
        /// It.
        #[serde(flatten)]
        serving: Serving,
        /// Until then, where no turn is in flight.
        until: Timestamp,
    },
    /// Its handler was told to leave, and that is no failure.
    Draining {
        /// It; what it says until it is gone counts.
        #[serde(flatten)]
        serving: Serving,
        /// Why.
        why: Drain,
    },
    /// Its handler failed; the next one waits.
    Backoff {
        /// Until then.
        until: Timestamp,
    },
    /// It failed too often, or in a way that another try would not mend. No timer.
    GaveUp {
        /// How.
        reason: GiveUp,
        /// In words.
        detail: String,
        /// When.
        at: Timestamp,
        /// Hash of the configuration that it failed with; another one is another chance.
        configuration: u64,
    },
    /// A person stopped it.
    Held {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// It is over, until somebody restores it.
    Archived {
        /// Who ended it.
        by: Actor,
        /// When.
        at: Timestamp,
        /// A purge did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purged_at: Option<Timestamp>,
        /// It was held before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
}

/// A handler that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Which.
    pub handler: AttemptRef,
    /// Hash of the configuration that it was started with.
    pub configuration: u64,
    /// It has completed a turn: its clean exit is no failure.
    #[serde(default)]
    pub answered: bool,
    /// The turn in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// What it has asked in this turn, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

/// A message that is being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The how-many-th of its chat: a message that is sent again is another turn.
    #[serde(default)]
    pub number: u64,
    /// The number of its entry.
    pub message: u64,
    /// Since when.
    pub since: Timestamp,
    /// Somebody wants it to end, since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Timestamp>,
    /// What it has used so far, as far as its handler told it; counted already.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub used: Usage,
}

/// What a wanted chat waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queued {
    /// A slot: as many chats as may are live.
    Slot,
    /// Its adapter or its program, which can't work until then (absent: until somebody helps).
    Adapter(Option<Timestamp>),
    /// Its bucket of starts.
    Bucket(Timestamp),
    /// Dispatching is paused.
    Paused,
    /// Its last handler, which is not gone yet.
    Leaving(AttemptRef),
}

/// Why a handler was told to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drain {
    /// Nobody wants it any more.
    Idle,
    /// Another chat needs the room.
    Room,
    /// The dispatcher leaves.
    Service,
    /// It did not take an interrupt.
    Interrupt,
}

/// How a chat gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GiveUp {
    /// [`FAILURES`] in a row.
    Failures,
    /// Its program is missing or can't be executed.
    Program,
    /// It has no valid credential.
    Auth,
    /// Its model does not exist.
    Model,
    /// Something else of its configuration is wrong.
    Configuration,
}

impl ChatRun {
    /// What pauses when its provider refuses or is away: with an adapter that has an account, all that use the
    /// adapter; with one that runs any program, this program.
    #[must_use]
    pub fn provider(&self) -> Cow<'_, str> {
        match &self.exec {
            Some(exec) if self.adapter == COMMAND_ADAPTER => program_name(&self.adapter, exec).into(),
            _ => (&self.adapter).into(),
        }
    }

    /// As a task of an older program says how its chat is served.
    #[must_use]
    pub fn of_task(run: &RunSpec) -> Self {
        let lane = if run.exec.is_some() { None } else { run.lane() };
        Self {
            adapter: lane.unwrap_or(COMMAND_ADAPTER).to_owned(),
            exec: run.exec.clone(),
            model: match lane {
                Some(adapter) => run.model_for(adapter).map(str::to_owned),
                None => run.model.clone(),
            },
        }
    }
}

impl Serving {
    /// A handler that is ready and has done nothing yet.
    #[must_use]
    pub fn new(handler: AttemptRef, configuration: u64) -> Self {
        Self { handler, configuration, answered: false, turn: None, questions: Vec::new() }
    }
}

impl Chat {
    /// A new one, dormant.
    #[must_use]
    pub fn new(number: ChatNumber, name: impl Into<String>, run: ChatRun, created_at: Timestamp) -> Self {
        Self {
            number,
            name: name.into(),
            created_at,
            run,
            state: ChatState::Dormant,
            fence: Fence::default(),
            failures: 0,
            not_before: None,
            starts: Bucket::default(),
            handlers: 0,
            last: None,
            turns: 0,
            parsed: 0,
            session: None,
            usage: Usage::default(),
        }
    }

    /// The handler that serves it or is about to, where there is one.
    #[must_use]
    pub fn handler(&self) -> Option<AttemptRef> {
        match &self.state {
            ChatState::Starting { handler, .. } => Some(*handler),
            ChatState::Live { serving }
            | ChatState::Lingering { serving, .. }
            | ChatState::Draining { serving, .. } => Some(serving.handler),
            ChatState::Dormant
            | ChatState::Queued { .. }
            | ChatState::Backoff { .. }
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. }
            | ChatState::Archived { .. } => None,
        }
    }

    /// The handler that is ready (or told to leave), where one is.
    #[must_use]
    pub fn serving(&self) -> Option<&Serving> {
        match &self.state {
            ChatState::Live { serving }
            | ChatState::Lingering { serving, .. }
            | ChatState::Draining { serving, .. } => Some(serving),
            ChatState::Dormant
            | ChatState::Queued { .. }
            | ChatState::Starting { .. }
            | ChatState::Backoff { .. }
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. }
            | ChatState::Archived { .. } => None,
        }
    }

    /// The turn in flight, where there is one.
    #[must_use]
    pub fn turn(&self) -> Option<&Turn> {
        self.serving().and_then(|serving| serving.turn.as_ref())
    }

    /// What its handler has asked and nobody has answered, the first first.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        let asked = self.serving().map(|serving| serving.questions.as_slice()).unwrap_or_default();
        asked.iter().filter(|question| question.answer.is_none())
    }

    /// What of the use of the turn in flight is not counted yet, where this is the whole of it: a turn whose handler
    /// dies in the middle has used what it told.
    #[must_use]
    pub fn not_counted(&self, used: &Usage) -> Usage {
        self.turn().map_or_else(|| used.clone(), |turn| used.since(&turn.used))
    }

    /// Whether it is archived.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        matches!(self.state, ChatState::Archived { .. })
    }

    /// Whether demand may start it: not archived, not held, not given up.
    #[must_use]
    pub fn may_run(&self) -> bool {
        !matches!(self.state, ChatState::Archived { .. } | ChatState::Held { .. } | ChatState::GaveUp { .. })
    }

    /// Whether a dispatcher has to look at it, though nobody may want it: it has a handler or waits for one.
    #[must_use]
    pub fn is_stirring(&self) -> bool {
        match &self.state {
            ChatState::Queued { .. }
            | ChatState::Starting { .. }
            | ChatState::Live { .. }
            | ChatState::Lingering { .. }
            | ChatState::Draining { .. }
            | ChatState::Backoff { .. } => true,
            ChatState::Dormant
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. }
            | ChatState::Archived { .. } => false,
        }
    }

    /// Its place in the graph, made new or brought up to date: state, tag and title follow from this record,
    /// the rest (description, dependencies, parent) is the task's own.
    #[must_use]
    pub fn as_task(&self, before: Option<Task>) -> Task {
        let mut task =
            before.unwrap_or_else(|| Task::new(self.number.task_id(), self.name.clone(), self.created_at));
        task.kind = TaskKind::Chat;
        task.title.clone_from(&self.name);
        match &self.state {
            ChatState::Archived { at, .. } => {
                task.state = TaskState::Done;
                task.times.completed_at = Some(*at);
                task.tags.insert(ARCHIVED_TAG.to_owned());
            }
            ChatState::Dormant
            | ChatState::Queued { .. }
            | ChatState::Starting { .. }
            | ChatState::Live { .. }
            | ChatState::Lingering { .. }
            | ChatState::Draining { .. }
            | ChatState::Backoff { .. }
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. } => {
                task.state = TaskState::InProgress { by: Holder::Chat };
                task.times.completed_at = None;
                task.tags.remove(ARCHIVED_TAG);
            }
        }
        task
    }
}

/// Whether a chat has a reason to run (`chats.md`, *Demand*): somebody is attached, a ping counts still, or a
/// message waits to be answered.
#[must_use]
pub fn is_wanted(attached: bool, pinged_until: Option<Timestamp>, waiting: bool, now: Timestamp) -> bool {
    let pinged = pinged_until.is_some_and(|until| now < until && until <= now.plus(PING));
    attached || pinged || waiting
}

impl ChatState {
    /// Its bare name, as in `wg chat list`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dormant => "dormant",
            Self::Queued { .. } => "queued",
            Self::Starting { .. } => "starting",
            Self::Live { .. } => "live",
            Self::Lingering { .. } => "lingering",
            Self::Draining { .. } => "draining",
            Self::Backoff { .. } => "backoff",
            Self::GaveUp { .. } => "gave-up",
            Self::Held { .. } => "held",
            Self::Archived { .. } => "archived",
        }
    }
}

impl fmt::Display for ChatState {
    /// With its reason, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued { why } => write!(f, "queued: {why}"),
            Self::Starting { handler, .. } => write!(f, "starting as {handler}"),
            Self::Live { serving: Serving { handler, turn: Some(turn), .. } } => {
                write!(f, "live as {handler}, answers message {}", turn.message)
            }
            Self::Live { serving } => write!(f, "live as {}", serving.handler),
            Self::Lingering { serving, .. } => write!(f, "lingering as {}", serving.handler),
            Self::Draining { serving, why } => write!(f, "draining {}: {why}", serving.handler),
            Self::Backoff { until } => write!(f, "backoff until {until}"),
            Self::GaveUp { reason, detail, .. } => write!(f, "gave-up ({reason}): {detail}"),
            Self::Held { by, .. } => write!(f, "held by {by}"),
            Self::Archived { by, purged_at: Some(_), .. } => write!(f, "archived by a purge of {by}"),
            Self::Archived { by, .. } => write!(f, "archived by {by}"),
            Self::Dormant => f.write_str("dormant"),
        }
    }
}

impl fmt::Display for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot => f.write_str("waits for a slot"),
            Self::Adapter(Some(until)) => write!(f, "what serves it is paused until {until}"),
            Self::Adapter(None) => f.write_str("what serves it is paused"),
            Self::Bucket(until) => write!(f, "it was started too often; the next start is free at {until}"),
            Self::Paused => f.write_str("dispatching is paused"),
            Self::Leaving(handler) => write!(f, "{handler} is not gone yet"),
        }
    }
}

impl fmt::Display for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "nobody wants it any more",
            Self::Room => "another chat needs the room",
            Self::Service => "the dispatcher leaves",
            Self::Interrupt => "it did not take an interrupt",
        })
    }
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failures => "failures",
            Self::Program => "program",
            Self::Auth => "auth",
            Self::Model => "model",
            Self::Configuration => "configuration",
        })
    }
}
