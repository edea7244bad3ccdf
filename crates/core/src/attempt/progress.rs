//! What an agent at work said of it so far, as its adapter understood it. Facts: each is taken in once, in order.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::chat::{Said, TurnError, cut};
use crate::time::Timestamp;
use crate::usage::Usage;

/// How far an attempt's agent is. Empty for one whose output means nothing (`shell`), and for a chat's handler,
/// whose chat has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// It is ready to be told what to do.
    #[serde(skip_serializing_if = "is_not")]
    pub ready: bool,
    /// Its own name of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Up to where its output is taken in, in bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub parsed: u64,
    /// The number of the last message of its task that it was told.
    #[serde(skip_serializing_if = "is_zero")]
    pub told: u64,
    /// What its turns used that are over.
    #[serde(skip_serializing_if = "Usage::is_empty")]
    pub turns: Usage,
    /// What the turn in flight has used so far.
    #[serde(skip_serializing_if = "Usage::is_empty")]
    pub in_flight: Usage,
    /// Its turn is over: it has nothing more to do.
    #[serde(skip_serializing_if = "is_not")]
    pub over: bool,
    /// What it said last, cut to some length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What its provider, or its configuration, kept it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Outcome>,
    /// The cap that it reached, where it reached one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capped: Option<String>,
    /// When the next day begins, where the cap was the day's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capped_until: Option<Timestamp>,
    /// Whether the cap was the budget of its task.
    #[serde(skip_serializing_if = "is_not")]
    pub capped_by_task: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_not(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Progress {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that was used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = self.turns.clone();
        usage.add(&self.in_flight);
        usage
    }

    /// Takes something in.
    pub(super) fn take(&mut self, said: Said) {
        match said {
            Said::Ready => self.ready = true,
            Said::Session { id } => self.session = Some(id),
            Said::NoSession => self.session = None,
            // Which tools it used stands in its output.
            Said::Tool { .. } | Said::Asks { .. } => {}
            // Who listens to it since its dispatcher died may not have heard all of it.
            Said::Used { usage } => self.in_flight.raise(&usage),
            Said::Answer { text, usage, .. } => {
                self.turn_over(&usage, &text);
                self.trouble = None;
            }
            Said::Failed { error, text, usage } => {
                self.turn_over(&usage, &text);
                self.trouble = match error {
                    TurnError::RateLimited { until } => Some(Outcome::RateLimited { until }),
                    TurnError::Outage => Some(Outcome::Outage { reason: self.words_or(&error) }),
                    TurnError::Interrupted | TurnError::Other => None,
                };
            }
            Said::Unfit { reason, text } => {
                self.turn_over(&Usage::default(), &text);
                self.trouble = Some(Outcome::Configuration { reason: self.words_or(&reason) });
            }
        }
    }

    fn turn_over(&mut self, usage: &Usage, text: &str) {
        // A turn that failed may not say what it had used before it did, or only what that cost.
        let mut used = std::mem::take(&mut self.in_flight);
        used.raise(usage);
        self.turns.add(&used);
        self.over = true;
        if !text.trim().is_empty() {
            self.words = Some(cut(text));
        }
    }

    fn words_or(&self, otherwise: &dyn std::fmt::Display) -> String {
        self.words.clone().unwrap_or_else(|| otherwise.to_string())
    }
}
