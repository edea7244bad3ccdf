//! Names of things: task ids, attempt references, fences, operation numbers, actors.
//!
//! Every id is a newtype, so that a fence can't be taken for an attempt's number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest id that is made here from a title; the limit of `domain.md`.
pub const SLUG_MAX: usize = 64;
/// Longest id that is accepted when it is given, so that other programs' ids survive an import.
pub const ID_MAX: usize = 128;

/// The id of a task: ASCII letters, digits, `-`, `_` and `.`; a leading `.` belongs to the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// Why a text is no task id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Nothing in it.
    #[error("a task id can't be empty")]
    Empty,
    /// Longer than [`ID_MAX`].
    #[error("a task id has at most {ID_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character outside the set.
    #[error("a task id is made of a-z, 0-9, '-', '_' and '.', so {0:?} can't be in it")]
    Character(char),
}

impl TaskId {
    /// Checks a given id.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        if text.is_empty() {
            return Err(BadId::Empty);
        }
        if let Some(c) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
            return Err(BadId::Character(c));
        }
        if text.starts_with('-') {
            return Err(BadId::Character('-'));
        }
        if text.len() > ID_MAX {
            return Err(BadId::TooLong(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The id that a title suggests: lower case, runs of anything else as one `-`, at most
    /// [`SLUG_MAX`] characters cut at a word where one ends in the second half.
    #[must_use]
    pub fn slug(title: &str) -> Self {
        let mut slug = String::with_capacity(title.len().min(SLUG_MAX));
        for c in title.chars() {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() > SLUG_MAX {
                break;
            }
        }
        if slug.len() > SLUG_MAX {
            slug.truncate(SLUG_MAX);
            if let Some(cut) = slug.rfind('-').filter(|cut| *cut > SLUG_MAX / 2) {
                slug.truncate(cut);
            }
        }
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "task".to_owned() } else { slug.to_owned() })
    }

    /// This id with `-n` behind it, still within [`SLUG_MAX`] where this one is.
    #[must_use]
    pub fn numbered(&self, n: u32) -> Self {
        let tail = format!("-{n}");
        let keep = self.0.len().min(SLUG_MAX.saturating_sub(tail.len()));
        Self(format!("{}{tail}", &self.0[..keep]))
    }

    /// Whether the id belongs to the program itself, as `.chat-3` does.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.0.starts_with('.')
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
impl TryFrom<String> for TaskId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        Self::parse(&text)
    }
}
impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}
impl FromStr for TaskId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::parse(text)
    }
}

/// The reference of an attempt, `agent-819`: a counter over the whole graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptRef(pub u64);

/// The text is no attempt reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no attempt: they are named as in agent-819")]
pub struct BadAttemptRef(pub String);

impl fmt::Display for AttemptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("agent-{}", self.0))
    }
}
impl FromStr for AttemptRef {
    type Err = BadAttemptRef;
    fn from_str(text: &str) -> Result<Self, BadAttemptRef> {
        let digits = text.strip_prefix("agent-").unwrap_or(text);
        digits.parse().map(Self).map_err(|_| BadAttemptRef(text.to_owned()))
    }
}
impl TryFrom<String> for AttemptRef {
    type Error = BadAttemptRef;
    fn try_from(text: String) -> Result<Self, BadAttemptRef> {
        text.parse()
    }
}
impl From<AttemptRef> for String {
    fn from(r: AttemptRef) -> Self {
        r.to_string()
    }
}

/// The number of a chat: its reference is `chat-3`, its task `.chat-3`. A number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChatNumber(pub u64);

/// The text is no chat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no chat: they are named as in chat-3, or just 3")]
pub struct BadChat(pub String);

impl ChatNumber {
    /// The id of its task.
    #[must_use]
    pub fn task_id(self) -> TaskId {
        TaskId(format!(".chat-{}", self.0))
    }

    /// The chat whose task this is, where it is one's.
    #[must_use]
    pub fn of_task(id: &TaskId) -> Option<Self> {
        let digits = id.as_str().strip_prefix(".chat-")?;
        let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| plain).map(Self)
    }
}
impl fmt::Display for ChatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("chat-{}", self.0))
    }
}
impl FromStr for ChatNumber {
    type Err = BadChat;
    /// Reads `3`, `chat-3` and `.chat-3`.
    fn from_str(text: &str) -> Result<Self, BadChat> {
        let bare = text.strip_prefix('.').unwrap_or(text);
        let digits = bare.strip_prefix("chat-").unwrap_or(bare);
        match digits.parse() {
            Ok(number) if number > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(number)),
            _ => Err(BadChat(text.to_owned())),
        }
    }
}
impl TryFrom<String> for ChatNumber {
    type Error = BadChat;
    fn try_from(text: String) -> Result<Self, BadChat> {
        text.parse()
    }
}
impl From<ChatNumber> for String {
    fn from(chat: ChatNumber) -> Self {
        chat.to_string()
    }
}

/// A number that only grows; a report with an old one changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence(pub u64);

impl Fence {
    /// The fence after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number of an operation, from 1, without gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpSeq(pub u64);

impl fmt::Display for OpSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who did something: `user:NAME`, `agent-7`, `dispatcher@HOST`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Actor {
    /// A person, by name.
    User(String),
    /// A worker, through its shim, as its attempt.
    Agent(AttemptRef),
    /// The dispatcher of a host.
    Dispatcher(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.pad(&format!("user:{name}")),
            Self::Agent(reference) => f.pad(&reference.to_string()),
            Self::Dispatcher(host) => f.pad(&format!("dispatcher@{host}")),
        }
    }
}
impl From<String> for Actor {
    fn from(text: String) -> Self {
        if let Some(host) = text.strip_prefix("dispatcher@") {
            return Self::Dispatcher(host.to_owned());
        }
        if let Some(reference) = text.strip_prefix("agent-").and_then(|n| n.parse().ok()) {
            return Self::Agent(AttemptRef(reference));
        }
        Self::User(text.strip_prefix("user:").unwrap_or(&text).to_owned())
    }
}
impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_lower_case_and_never_empty() {
        assert_eq!(TaskId::slug("Port the parser!").as_str(), "port-the-parser");
        assert_eq!(TaskId::slug("  ¿?  ").as_str(), "task");
        let long = TaskId::slug(&"word ".repeat(40));
        assert!(long.as_str().len() <= SLUG_MAX && !long.as_str().ends_with('-'));
        assert!(long.numbered(12).as_str().len() <= SLUG_MAX);
    }

    #[test]
    fn given_ids_are_checked() {
        assert_eq!(TaskId::parse("bd-a1b2.1").map(|id| id.to_string()), Ok("bd-a1b2.1".to_owned()));
        assert_eq!(TaskId::parse(""), Err(BadId::Empty));
        assert_eq!(TaskId::parse("a b"), Err(BadId::Character(' ')));
        assert_eq!(TaskId::parse("-x"), Err(BadId::Character('-')));
        assert_eq!(TaskId::parse(&"x".repeat(129)), Err(BadId::TooLong(129)));
    }

    #[test]
    fn chats_are_read_as_people_write_them() {
        for text in ["3", "chat-3", ".chat-3"] {
            assert_eq!(text.parse(), Ok(ChatNumber(3)), "{text}");
        }
        for text in ["", "chat-", "chat-x", "0", "-1", "+1", "..chat-3"] {
            assert!(text.parse::<ChatNumber>().is_err(), "{text}");
        }
        let id = ChatNumber(12).task_id();
        assert_eq!((id.as_str(), ChatNumber::of_task(&id)), (".chat-12", Some(ChatNumber(12))));
        assert_eq!(ChatNumber::of_task(&TaskId(".chat-012".into())), None);
    }

    #[test]
    fn actors_survive_their_text() {
        for text in ["user:ann", "agent-7", "dispatcher@box"] {
            assert_eq!(Actor::from(text.to_owned()).to_string(), text);
        }
        assert_eq!(Actor::from("ann".to_owned()), Actor::User("ann".into()));
    }
}
