//! What is said in a chat, as rows: entries that never change, and beside them where each message stands.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{GiveUp, Question};
use crate::id::{Actor, AttemptRef};
use crate::time::Timestamp;
use crate::usage::Usage;

/// Longest text that is kept of a tool call, an error or a refusal to serve, in bytes; answers are kept in full.
pub const TEXT_MAX: usize = 4 * 1024;

/// A text with what is longer than [`TEXT_MAX`] cut off.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= TEXT_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(TEXT_MAX)])
}

/// One line of a chat's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number within the chat, from 1, without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// Somebody wrote to the chat.
    Message {
        /// Who.
        from: Actor,
        /// What.
        text: String,
    },
    /// The handler used a tool while it answered.
    Tool {
        /// The message that it answers.
        message: u64,
        /// The tool's name.
        name: String,
        /// What it was used for, in a line.
        detail: String,
    },
    /// The handler asked whether it may do something, and was told.
    Permission {
        /// The message that it answers.
        message: u64,
        /// What it asked for.
        what: String,
        /// What it was told, as its handler calls that.
        answer: String,
        /// It may.
        allowed: bool,
        /// By whom: a person, or the dispatcher where nobody was there.
        by: Actor,
    },
    /// The handler answered: the end of a successful turn.
    Answer {
        /// The message that it answers; absent in a history that was imported without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<u64>,
        /// What it said.
        text: String,
        /// Which handler; absent in an imported history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handler: Option<AttemptRef>,
        /// What the turn used.
        #[serde(default, skip_serializing_if = "Usage::is_empty")]
        usage: Usage,
    },
    /// A turn ended without an answer.
    TurnEnded {
        /// The message that was being answered.
        message: u64,
        /// How.
        why: String,
        /// What the turn used.
        #[serde(default, skip_serializing_if = "Usage::is_empty")]
        usage: Usage,
    },
    /// Something that happened to the chat itself.
    Note {
        /// What.
        text: String,
    },
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRow {
    /// The number of its entry.
    pub number: u64,
    /// How many handlers died while they answered it.
    #[serde(default)]
    pub kills: u32,
    /// How often it was given to a handler.
    #[serde(default)]
    pub deliveries: u32,
    /// How it stands.
    pub state: InboxState,
}

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InboxState {
    /// To be answered, or being answered.
    Waiting,
    /// Answered, or its turn was interrupted by a person; for good.
    Answered,
    /// Left alone until somebody sends it again.
    SetAside,
}

/// How many messages of a chat stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxCounts {
    /// To be answered.
    pub waiting: u64,
    /// Set aside.
    pub set_aside: u64,
}

/// Who consumed a chat last, for people to read; none of it is an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// The last attach, detach, ping or message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// Until when the last ping counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping_until: Option<Timestamp>,
}

/// What a handler says that is kept, as its adapter understood it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub enum Said {
    /// It is ready for messages.
    Ready,
    /// The agent's own name of the conversation.
    Session {
        /// It.
        id: String,
    },
    /// The conversation that it was to go on with is not there any more: the next handler begins a new one.
    NoSession,
    /// It used a tool.
    Tool {
        /// The tool's name.
        name: String,
        /// In a line, what for.
        detail: String,
    },
    /// It asks whether it may do something, and waits for the answer.
    Asks {
        /// What.
        question: Question,
    },
    /// So much has the turn in flight used until now, all together; what ends it says the whole of it.
    Used {
        /// It.
        usage: Usage,
    },
    /// It answered a message, which ends the turn.
    Answer {
        /// Which; absent: the one that it is at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<u64>,
        /// What it said.
        text: String,
        /// What the turn used.
        usage: Usage,
    },
    /// The turn ended in an error.
    Failed {
        /// Of which kind.
        error: TurnError,
        /// In words.
        text: String,
        /// What the turn used.
        usage: Usage,
    },
    /// It can't serve at all, as it says itself.
    Unfit {
        /// Why.
        reason: GiveUp,
        /// In words.
        text: String,
    },
}

impl Said {
    /// Whether this ends the turn in flight.
    #[must_use]
    pub fn ends_turn(&self) -> bool {
        match self {
            Self::Answer { .. } | Self::Failed { .. } | Self::Unfit { .. } => true,
            Self::Ready
            | Self::Session { .. }
            | Self::NoSession
            | Self::Tool { .. }
            | Self::Asks { .. }
            | Self::Used { .. } => false,
        }
    }
}

/// How a turn failed while its handler lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnError {
    /// The provider wants us to wait.
    RateLimited {
        /// Until when, where it said so.
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// The provider is away.
    Outage,
    /// It stopped because it was asked to.
    Interrupted,
    /// Anything else.
    Other,
}

impl fmt::Display for TurnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited { until: Some(until) } => write!(f, "rate limited until {until}"),
            Self::RateLimited { until: None } => f.write_str("rate limited"),
            Self::Outage => f.write_str("provider away"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Other => f.write_str("failed"),
        }
    }
}
