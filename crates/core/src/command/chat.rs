//! What can be asked of chats, and told of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, ChatRun, Drain, Entry, Queued, Said};
use crate::id::{AttemptRef, ChatNumber, Fence};
use crate::time::Timestamp;

/// A request or a fact about chats; [`ChatCommand::is_fact`] says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatCommand {
    /// Make a chat; nothing starts by that.
    Create(NewChat),
    /// Write to a chat.
    Send {
        /// Which.
        chat: ChatNumber,
        /// What.
        text: String,
    },
    /// Send messages again that were set aside; all of them where none is named.
    Resend {
        /// Of which chat.
        chat: ChatNumber,
        /// The numbers of their entries.
        messages: Vec<u64>,
    },
    /// End the turn in flight, and keep the conversation.
    Interrupt {
        /// Which.
        chat: ChatNumber,
        /// Why, where that is to stand in the conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Tell a handler whether it may do what it asks for.
    Answer {
        /// Of which chat.
        chat: ChatNumber,
        /// To which question, by its name.
        question: String,
        /// What, by its name; absent: neither yes nor no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<String>,
    },
    /// Stop chats; they stay stopped until they are resumed.
    Hold {
        /// Which.
        chats: Vec<ChatNumber>,
    },
    /// Let chats run again that were stopped or gave up.
    Resume {
        /// Which.
        chats: Vec<ChatNumber>,
    },
    /// End chats and keep everything.
    Archive {
        /// Which.
        chats: Vec<ChatNumber>,
    },
    /// Bring archived chats back.
    Restore {
        /// Which.
        chats: Vec<ChatNumber>,
    },
    /// Archive every chat.
    Purge {
        /// But these.
        keep: BTreeSet<ChatNumber>,
        /// Also the one whose agent asks.
        include_self: bool,
    },
    /// Call chats of older programs (`.coordinator-N`) what they are called now (`.chat-N`).
    Rename,
    /// Take in what an older program knew of a chat that is not here: it is archived.
    TakeIn(Box<ImportedChat>),

    /// The dispatcher finds that a wanted chat has to wait.
    Queue {
        /// Which.
        chat: ChatNumber,
        /// For what.
        why: Queued,
    },
    /// The dispatcher starts a handler.
    Start(StartHandler),
    /// The dispatcher gives a message to a handler.
    Deliver {
        /// Of which chat.
        chat: ChatNumber,
        /// To which handler.
        handler: AttemptRef,
        /// The number of its entry.
        message: u64,
    },
    /// The dispatcher finds that a chat is wanted again.
    Want {
        /// Which.
        chat: ChatNumber,
    },
    /// The dispatcher finds that nobody wants a chat any more.
    Unwant {
        /// Which.
        chat: ChatNumber,
        /// How long its handler stays all the same.
        until: Timestamp,
    },
    /// The dispatcher lets a handler go.
    Drain {
        /// Of which chat.
        chat: ChatNumber,
        /// Why.
        why: Drain,
    },

    /// Fact: what a handler said, and up to where its output was taken in with that.
    Heard(Heard),
    /// Fact: a handler was not ready in time.
    NotReady {
        /// Of which chat.
        chat: ChatNumber,
        /// Which.
        handler: AttemptRef,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: a turn ran past its time.
    TurnTimedOut {
        /// Of which chat.
        chat: ChatNumber,
        /// Of which handler.
        handler: AttemptRef,
        /// Which message it answers.
        message: u64,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: an interrupt was asked for, and the turn goes on.
    InterruptIgnored {
        /// Of which chat.
        chat: ChatNumber,
        /// Of which handler.
        handler: AttemptRef,
        /// Which message it answers.
        message: u64,
    },
    /// Fact: the configuration that a chat would be started with now.
    Configured {
        /// Which.
        chat: ChatNumber,
        /// Its hash.
        configuration: u64,
    },
    /// Fact: somebody consumed a chat. No operation: it is for people to read.
    Consumed {
        /// Which.
        chat: ChatNumber,
        /// It was a ping, which counts for a while.
        ping: bool,
    },
}

impl ChatCommand {
    /// Whether this tells what happened: such a command is never refused.
    #[must_use]
    pub fn is_fact(&self) -> bool {
        match self {
            Self::Heard(_)
            | Self::NotReady { .. }
            | Self::TurnTimedOut { .. }
            | Self::InterruptIgnored { .. }
            | Self::Configured { .. }
            | Self::Consumed { .. } => true,
            Self::Create(_)
            | Self::Send { .. }
            | Self::Resend { .. }
            | Self::Interrupt { .. }
            | Self::Answer { .. }
            | Self::Hold { .. }
            | Self::Resume { .. }
            | Self::Archive { .. }
            | Self::Restore { .. }
            | Self::Purge { .. }
            | Self::Rename
            | Self::TakeIn(_)
            | Self::Queue { .. }
            | Self::Start(_)
            | Self::Deliver { .. }
            | Self::Want { .. }
            | Self::Unwant { .. }
            | Self::Drain { .. } => false,
        }
    }

    /// Whether a person may take it back; else it is a fact, or what was said stays said.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Hold { .. }
                | Self::Resume { .. }
                | Self::Archive { .. }
                | Self::Restore { .. }
                | Self::Purge { .. }
        )
    }

    /// The verb, as in `wg op log`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "chat create",
            Self::Send { .. } => "chat send",
            Self::Resend { .. } => "chat send again",
            Self::Interrupt { .. } => "chat interrupt",
            Self::Answer { .. } => "chat answer",
            Self::Hold { .. } => "chat stop",
            Self::Resume { .. } => "chat resume",
            Self::Archive { .. } => "chat archive",
            Self::Restore { .. } => "chat restore",
            Self::Purge { .. } => "service purge-chats",
            Self::Rename => "migrate chat-rename",
            Self::TakeIn(_) => "migrate chat",
            Self::Queue { .. } => "chat queued",
            Self::Start(_) => "chat started",
            Self::Deliver { .. } => "chat delivered",
            Self::Want { .. } => "chat wanted",
            Self::Unwant { .. } => "chat unwanted",
            Self::Drain { .. } => "chat drained",
            Self::Heard(_) => "chat heard",
            Self::NotReady { .. } => "chat not ready",
            Self::TurnTimedOut { .. } => "chat turn timed out",
            Self::InterruptIgnored { .. } => "chat interrupt ignored",
            Self::Configured { .. } => "chat configured",
            Self::Consumed { .. } => "chat consumed",
        }
    }
}

/// A chat to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChat {
    /// What people call it; absent: its reference.
    pub name: Option<String>,
    /// What serves it.
    pub run: ChatRun,
}

/// What the dispatcher decided to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartHandler {
    /// Of which chat.
    pub chat: ChatNumber,
    /// On which host: it claims the launch at once.
    pub host: String,
    /// Random part of the mark.
    pub nonce: u64,
    /// Hash of the configuration that it is started with.
    pub configuration: u64,
}

/// What a handler said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Of which chat.
    pub chat: ChatNumber,
    /// Which.
    pub handler: AttemptRef,
    /// Under which fence.
    pub fence: Fence,
    /// In order; empty where only the offset moved. Not written into the operation's record where it is an
    /// answer: the history tells it.
    #[serde(skip)]
    pub said: Vec<Said>,
    /// Up to where its output was taken in, in bytes.
    pub parsed: u64,
    /// Chance in a back-off, per mille.
    pub jitter: i16,
}

/// A chat of another program, already read and mapped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedChat {
    /// The chat; fence, counts and handlers are ignored.
    pub chat: Chat,
    /// What its task has beside that: description, dependencies, tags; absent: nothing.
    #[serde(skip)]
    pub task: Option<crate::task::Task>,
    /// Its history, the first entry first; numbers are given anew.
    #[serde(skip)]
    pub entries: Vec<Entry>,
    /// The numbers (as in `entries`) of messages that nobody answered: they arrive set aside.
    #[serde(skip)]
    pub unanswered: BTreeSet<u64>,
}
