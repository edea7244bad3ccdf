//! Small closed vocabularies of a task: the bare names of states, priorities, visibility.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is none of the words of its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no {what}; there are {words}")]
pub struct BadWord {
    /// What the word should have been.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The words that there are.
    pub words: &'static str,
}

/// A state's bare name, without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// To be done.
    Open,
    /// Somebody is at it.
    InProgress,
    /// Set aside until something happens.
    Waiting,
    /// A person decides.
    InReview,
    /// Finished well.
    Done,
    /// Finished badly.
    Failed,
    /// Given up.
    Abandoned,
}

impl StateName {
    /// All of them, in the order in which people read them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::InProgress,
        Self::Waiting,
        Self::InReview,
        Self::Done,
        Self::Failed,
        Self::Abandoned,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in-progress",
            Self::Waiting => "waiting",
            Self::InReview => "in-review",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }

    /// Done, failed or abandoned.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Abandoned)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl FromStr for StateName {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| BadWord {
            what: "state",
            given: text.to_owned(),
            words: "open, in-progress, waiting, in-review, done, failed, abandoned",
        })
    }
}

/// Weight in the schedule: critical 100, high 50, normal 10, low 5, idle 0, or any number up to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Priority(pub u8);

impl Priority {
    /// Before everything else.
    pub const CRITICAL: Self = Self(100);
    /// Soon.
    pub const HIGH: Self = Self(50);
    /// Where nothing is said.
    pub const NORMAL: Self = Self(10);
    /// When there is room.
    pub const LOW: Self = Self(5);
    /// Last.
    pub const IDLE: Self = Self(0);
    const WORDS: [(&'static str, Self); 5] = [
        ("critical", Self::CRITICAL),
        ("high", Self::HIGH),
        ("normal", Self::NORMAL),
        ("low", Self::LOW),
        ("idle", Self::IDLE),
    ];
}
impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}
impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::WORDS.iter().find(|(_, p)| p == self) {
            Some((word, _)) => f.pad(word),
            None => f.pad(&self.0.to_string()),
        }
    }
}
impl FromStr for Priority {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        if let Some((_, priority)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*priority);
        }
        text.parse().ok().filter(|n| *n <= 100).map(Self).ok_or_else(|| BadWord {
            what: "priority",
            given: text.to_owned(),
            words: "critical, high, normal, low, idle, and the numbers 0 to 100",
        })
    }
}

/// Who may see a task in what is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Only those who have the graph.
    #[default]
    Internal,
    /// Anybody.
    Public,
}
impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Internal => "internal",
            Self::Public => "public",
        })
    }
}
impl FromStr for Visibility {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        match text {
            "internal" => Ok(Self::Internal),
            "public" => Ok(Self::Public),
            _ => Err(BadWord { what: "visibility", given: text.to_owned(), words: "internal, public" }),
        }
    }
}
