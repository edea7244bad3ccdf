//! Why a request was refused, and what a person can do about it.

use crate::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use crate::task::StateName;
use crate::usage::Met;

/// Why a request was refused. Its text is the error's line; [`Rejection::hint`] the line to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No such task.
    #[error("there is no task {0}")]
    NoTask(TaskId),
    /// No such attempt.
    #[error("there is no attempt {0}")]
    NoAttempt(AttemptRef),
    /// No such chat.
    #[error("there is no chat {0}")]
    NoChat(ChatNumber),
    /// It is a chat's place in the graph, to which this is not done.
    #[error("{chat} is a chat, so it can't be {verb}")]
    IsChat {
        /// Which.
        chat: ChatNumber,
        /// What was asked, as a participle.
        verb: &'static str,
        /// What to type.
        hint: String,
    },
    /// The chat is archived.
    #[error("{chat} is archived")]
    ChatArchived {
        /// Which.
        chat: ChatNumber,
    },
    /// No such operation.
    #[error("there is no operation {0}")]
    NoOperation(OpSeq),
    /// The id is taken.
    #[error("there is a task {0} already")]
    Exists(TaskId),
    /// The id belongs to the program.
    #[error("ids that begin with '.' belong to workgraph, so a task can't be called {0}")]
    Reserved(TaskId),
    /// A title is needed.
    #[error("a task needs a title")]
    NoTitle,
    /// The dependency would close a cycle.
    #[error("{} can't come after {}: that would be a cycle", path.first().map_or("", TaskId::as_str), path.get(1).map_or("", TaskId::as_str))]
    Cycle {
        /// From the task, along its dependencies, back to it.
        path: Vec<TaskId>,
    },
    /// The dependency does not exist.
    #[error("{task} can't come after {missing}: there is no task {missing}")]
    MissingDependency {
        /// Whose.
        task: TaskId,
        /// Which.
        missing: TaskId,
    },
    /// The state does not allow it.
    #[error("{task} is {state}{}", if state.as_str() == *verb { " already".to_owned() } else { format!(", so it can't be {verb}") })]
    State {
        /// Which.
        task: TaskId,
        /// As it is.
        state: StateName,
        /// What was asked, as a participle: `done`, `claimed`.
        verb: &'static str,
        /// What to type.
        hint: String,
    },
    /// Somebody else is at it.
    #[error("{task} is held by {holder}")]
    Held {
        /// Which.
        task: TaskId,
        /// By whom.
        holder: String,
        /// What to type.
        hint: String,
    },
    /// It can't start just now.
    #[error("{task} can't start: {why}")]
    NotReady {
        /// Which.
        task: TaskId,
        /// Why.
        why: String,
    },
    /// What the attempts of a task may use together is used up.
    #[error("{task} can't start: {}", met.used_up())]
    BudgetUsedUp {
        /// Which.
        task: TaskId,
        /// Which bound, and how much was used of it.
        met: Met,
    },
    /// The budget of the day is used up.
    #[error("adapter {adapter} starts nothing more today: {why}")]
    DayBudget {
        /// Which.
        adapter: String,
        /// Why.
        why: String,
    },
    /// An attempt may not do that.
    #[error("{actor} may not do that: {why}")]
    NotAllowed {
        /// Who asked.
        actor: Actor,
        /// Why.
        why: String,
    },
    /// The attempt is over, or another has taken its place.
    #[error("{attempt} is not the current attempt of {task}, so what it says changes nothing")]
    Stale {
        /// Which.
        attempt: AttemptRef,
        /// Of what.
        task: TaskId,
    },
    /// The attempt has ended.
    #[error("{0} has ended already")]
    Ended(AttemptRef),
    /// A fact can't be undone.
    #[error("operation {operation} ({verb}) is a fact and can't be undone")]
    Fact {
        /// Which.
        operation: OpSeq,
        /// What it was.
        verb: &'static str,
        /// The verb that helps.
        hint: String,
    },
    /// A later operation depends on it.
    #[error("operation {operation} can't be undone: {record} was changed after it by operation {later}")]
    LaterChange {
        /// Which.
        operation: OpSeq,
        /// Whose record.
        record: String,
        /// By which.
        later: OpSeq,
    },
    /// Undoing would break something that is there.
    #[error("operation {operation} can't be undone: {why}")]
    Undo {
        /// Which.
        operation: OpSeq,
        /// Why.
        why: String,
    },
    /// There is nothing of the caller's to undo.
    #[error("{0} has nothing to undo")]
    NothingToUndo(Actor),
    /// Nothing would change.
    #[error("nothing to do: {0}")]
    Nothing(String),
    /// Something given makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// The class of a rejection: it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// Refused.
    Refused,
    /// What was named is not there.
    NotFound,
    /// Somebody else was first, or a later change stands in the way.
    Conflict,
}

impl Rejection {
    /// Its class.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        match self {
            Self::NoTask(_) | Self::NoAttempt(_) | Self::NoChat(_) | Self::NoOperation(_) => {
                RejectionKind::NotFound
            }
            Self::Exists(_)
            | Self::Held { .. }
            | Self::Stale { .. }
            | Self::LaterChange { .. }
            | Self::Ended(_) => RejectionKind::Conflict,
            _ => RejectionKind::Refused,
        }
    }

    /// What a person can type, where something helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoTask(_) => Some("wg list --all".into()),
            Self::NoAttempt(_) => Some("wg attempt list".into()),
            Self::NoChat(_) => Some("wg chat list".into()),
            Self::ChatArchived { chat } => Some(format!("wg chat restore {chat}")),
            Self::NoOperation(_) | Self::NothingToUndo(_) => Some("wg op log".into()),
            Self::Exists(id) => Some(format!("wg show {id}")),
            Self::Cycle { path } => {
                let line = path.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" -> ");
                Some(format!("the path is {line}; `wg dep rm` takes a dependency away"))
            }
            Self::MissingDependency { .. } => {
                Some("add that task first, or check its name with `wg list`".into())
            }
            Self::State { hint, .. }
            | Self::Held { hint, .. }
            | Self::IsChat { hint, .. }
            | Self::Fact { hint, .. } => Some(hint.clone()),
            Self::LaterChange { later, .. } => Some(format!("wg op show {later}")),
            Self::Ended(attempt) => Some(format!("wg attempt show {attempt}")),
            Self::NotReady { task, .. } => Some(format!("wg why {task}")),
            Self::BudgetUsedUp { task, met } => Some(raise(task, met)),
            Self::DayBudget { .. } => {
                Some("wg config set budget.day_tokens N (or budget.day_cost), then wg service reload".into())
            }
            Self::Reserved(_)
            | Self::NoTitle
            | Self::NotAllowed { .. }
            | Self::Stale { .. }
            | Self::Undo { .. }
            | Self::Nothing(_)
            | Self::Invalid(_) => None,
        }
    }
}

/// The command that raises a task's budget.
#[must_use]
pub fn raise(task: &TaskId, met: &Met) -> String {
    match met {
        Met::Tokens { .. } => format!("wg edit {task} --budget-tokens N"),
        Met::Cost { .. } => format!("wg edit {task} --budget-cost AMOUNT"),
    }
}
