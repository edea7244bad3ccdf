//! What a handler may not do without being told to, and asks for.
//!
//! A question stands in the record of its chat until it is answered or its turn is over, so that whoever is there can
//! answer it, from any terminal, and a restart of the dispatcher loses neither it nor the answer. Its handler waits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::entry::cut;
use crate::id::Actor;
use crate::time::Timestamp;

/// Questions that are open at a time; what is asked beyond that is refused at once.
pub const QUESTIONS: usize = 16;
/// How long somebody who is there may take over an answer: longer than reading takes, far shorter than a turn may.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Something that a handler wants to be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name in the handler's protocol, under which it is answered.
    pub id: String,
    /// What is wanted, in a line.
    pub what: String,
    /// What can be answered, in the handler's order.
    pub choices: Vec<Choice>,
    /// When it was asked.
    pub at: Timestamp,
    /// How it was answered; it stays until its turn is over, so that the handler is sure to hear it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Verdict>,
}

/// One thing that can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name in the handler's protocol.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it means.
    pub kind: ChoiceKind,
}

/// What a choice means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChoiceKind {
    /// It may, this once.
    AllowOnce,
    /// It may, and need not ask again.
    AllowAlways,
    /// It may not, this once.
    RejectOnce,
    /// It may not, and need not ask again.
    RejectAlways,
}

/// How a question was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The choice, by its name in the handler's protocol; none: neither yes nor no, as its turn is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// By whom: a person, or the dispatcher where nobody was there.
    pub by: Actor,
}

impl ChoiceKind {
    /// Whether it may.
    #[must_use]
    pub fn allows(self) -> bool {
        matches!(self, Self::AllowOnce | Self::AllowAlways)
    }
}

impl Question {
    /// The first choice of one of these kinds, the earlier kinds first.
    #[must_use]
    pub fn choice(&self, kinds: [ChoiceKind; 2]) -> Option<&Choice> {
        kinds.iter().find_map(|kind| self.choices.iter().find(|choice| choice.kind == *kind))
    }

    /// The choice that says no, once where that can be said.
    #[must_use]
    pub fn refusal(&self) -> Option<&Choice> {
        self.choice([ChoiceKind::RejectOnce, ChoiceKind::RejectAlways])
    }

    /// With what people read cut to a length.
    pub(crate) fn shortened(mut self) -> Self {
        self.what = cut(&self.what);
        for choice in &mut self.choices {
            choice.name = cut(&choice.name);
        }
        self
    }
}
