//! What a model was given and gave, in one form for every program (`domain.md`, *Usage*).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Tokens and cost. The counters never overlap: what was read from a cache is no uncached input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Input tokens that no cache held.
    #[serde(skip_serializing_if = "is_zero")]
    pub input: u64,
    /// Input tokens read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read: u64,
    /// Input tokens written to a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    /// Output tokens.
    #[serde(skip_serializing_if = "is_zero")]
    pub output: u64,
    /// Of these, tokens of reasoning, where the program says so.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    /// Millionths of a dollar, where the program reports its cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// The model, where the program names it; in a sum the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Usage {
    /// All input tokens together: what is shown as `in`.
    #[must_use]
    pub fn total_input(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    /// All tokens, in and out: what a bound on tokens counts.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.total_input().saturating_add(self.output)
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total_input() == 0 && self.output == 0 && self.reasoning == 0 && self.cost_micros.is_none()
    }

    /// What it is more than an earlier count of the same; nothing where a counter went back. A cost that is known now
    /// and was not is all of it new.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let more = |now: u64, before: u64| now.saturating_sub(before);
        Self {
            input: more(self.input, earlier.input),
            cache_read: more(self.cache_read, earlier.cache_read),
            cache_write: more(self.cache_write, earlier.cache_write),
            output: more(self.output, earlier.output),
            reasoning: more(self.reasoning, earlier.reasoning),
            cost_micros: self.cost_micros.map(|now| more(now, earlier.cost_micros.unwrap_or(0))),
            model: self.model.clone(),
        }
    }

    /// Takes in a later count of the same, which may have missed its beginning: no counter goes back.
    pub fn raise(&mut self, later: &Self) {
        let mut raised = self.clone();
        raised.add(&later.since(self));
        raised.model = later.model.clone().or_else(|| self.model.take());
        *self = raised;
    }

    /// Takes another's counters in. A cost that only one of them knows is kept: the sum is what is known.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.input, other.input),
            (&mut self.cache_read, other.cache_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.output, other.output),
            (&mut self.reasoning, other.reasoning),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.cost_micros = match (self.cost_micros, other.cost_micros) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        if other.model.is_some() {
            self.model.clone_from(&other.model);
        }
    }
}

/// How much may be used; what is absent has no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Tokens, in and out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a dollar, as far as costs are reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
}

impl Cap {
    /// Whether nothing is bounded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of it is used up, in words, where anything is.
    #[must_use]
    pub fn reached(&self, usage: &Usage) -> Option<String> {
        self.met(usage).map(|met| met.to_string())
    }

    /// What of it is used up, where anything is. A cost that is not known counts for nothing.
    #[must_use]
    pub fn met(&self, usage: &Usage) -> Option<Met> {
        let tokens = usage.tokens();
        if let Some(most) = self.tokens.filter(|most| tokens >= *most) {
            return Some(Met::Tokens { used: tokens, most });
        }
        let cost = usage.cost_micros.unwrap_or(0);
        let most = self.cost_micros.filter(|most| cost >= *most)?;
        Some(Met::Cost { used: cost, most })
    }
}

/// A bound that is met, and how much was used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Met {
    /// That of the tokens.
    Tokens {
        /// Used.
        used: u64,
        /// Of at most so many.
        most: u64,
    },
    /// That of the cost, in millionths of a dollar.
    Cost {
        /// Used, as far as it is known.
        used: u64,
        /// Of at most so much.
        most: u64,
    },
}

impl Met {
    /// Of a task's budget, as the reason why the task does not start.
    #[must_use]
    pub fn used_up(&self) -> String {
        let (most, used) = self.in_words();
        format!("its budget of {most} is used up ({used} used)")
    }

    fn in_words(&self) -> (String, String) {
        match self {
            Self::Tokens { used, most } => (format!("{most} tokens"), used.to_string()),
            Self::Cost { used, most } => (dollars(*most), dollars(*used)),
        }
    }
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (most, used) = self.in_words();
        write!(f, "{used} of {most} used")
    }
}

/// Millionths of a dollar as people read them.
#[must_use]
pub fn dollars(micros: u64) -> String {
    format!("${}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in / {} out", self.total_input(), self.output)?;
        match self.cost_micros {
            Some(micros) => write!(f, ", {}", dollars(micros)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_reached_by_what_is_known() {
        let cap = Cap { tokens: Some(100), cost_micros: Some(2_000_000) };
        let used = |input, output, cost_micros| Usage { input, output, cost_micros, ..Usage::default() };
        assert_eq!(cap.reached(&used(60, 39, Some(1_999_999))), None);
        assert_eq!(cap.reached(&used(60, 40, None)).as_deref(), Some("100 of 100 tokens used"));
        assert_eq!(cap.reached(&used(0, 0, Some(2_500_000))).as_deref(), Some("$2.5000 of $2.0000 used"));
        assert_eq!(Cap::default().reached(&used(u64::MAX, 1, Some(u64::MAX))), None);
        let met = cap.met(&used(0, 0, Some(2_500_000))).map(|met| met.used_up());
        assert_eq!(met.as_deref(), Some("its budget of $2.0000 is used up ($2.5000 used)"));
    }

    #[test]
    fn what_is_more_than_before_adds_up_to_the_whole() {
        let used = |input, output, cost_micros| Usage { input, output, cost_micros, ..Usage::default() };
        let counts = [
            used(10, 1, None),
            used(30, 2, None),
            used(30, 2, None),
            used(40, 9, Some(5)),
            used(50, 9, Some(8)),
        ];
        let (mut sum, mut before) = (Usage::default(), Usage::default());
        for count in counts {
            sum.add(&count.since(&before));
            before = count;
        }
        assert_eq!(sum, before);
        assert!(used(1, 1, None).since(&used(5, 5, Some(2))).is_empty(), "nothing is given back");
        let mut known = used(10, 9, Some(5));
        for later in [used(2, 1, None), used(40, 3, None), used(7, 11, Some(4)), used(8, 1, Some(8))] {
            known.raise(&later);
        }
        assert_eq!(known, used(40, 11, Some(8)), "a count that has missed something lowers nothing");
    }

    #[test]
    fn counters_add_up_and_a_cost_that_is_known_stays_known() {
        let mut sum = Usage { input: 5, cache_read: 2, output: 1, ..Usage::default() };
        assert!(!sum.is_empty() && Usage::default().is_empty());
        sum.add(&Usage { input: 1, cost_micros: Some(1_250_000), ..Usage::default() });
        sum.add(&Usage { input: u64::MAX, ..Usage::default() });
        assert_eq!((sum.input, sum.cost_micros), (u64::MAX, Some(1_250_000)));
        assert_eq!(
            Usage { input: 7, output: 2, cost_micros: Some(1_250_000), ..Usage::default() }.to_string(),
            "7 in / 2 out, $1.2500"
        );
    }
}
