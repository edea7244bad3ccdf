//! The operation: what every commit writes beside its rows, so that everything can be looked up and undone.

use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::chat::Chat;
use crate::command::Command;
use crate::control::Control;
use crate::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use crate::task::Task;
use crate::time::Timestamp;

/// One recorded change of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its number.
    pub seq: OpSeq,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was asked for.
    pub command: Command,
}

/// The name of a record that operations change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKey {
    /// A task.
    Task(TaskId),
    /// An attempt.
    Attempt(AttemptRef),
    /// The one control record.
    Control,
    /// A chat.
    Chat(ChatNumber),
}

/// A record as it was at some version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// A task.
    Task(Box<Task>),
    /// An attempt.
    Attempt(Box<Attempt>),
    /// The control record.
    Control(Control),
    /// A chat.
    Chat(Box<Chat>),
}

/// What an operation did to one record. `before` is absent where it was made, `after` where it was removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which record.
    pub key: RecordKey,
    /// The version that the operation gave it, counting from 1.
    pub version: u64,
    /// As it was.
    pub before: Option<Record>,
    /// As it became.
    pub after: Option<Record>,
}
