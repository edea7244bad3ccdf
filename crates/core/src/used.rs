//! What was used on which day, by whom and by which model: sums over what attempts and chats tell, which a store
//! keeps as an index, so that nobody has to read every attempt for them.
//!
//! Each version of an attempt, and of a chat, adds what it tells more than the version before it to the day on
//! which it was written. So the sums follow from the history alone, a turn in flight is in them once, and over all
//! days they are what the records tell.

use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::chat::Chat;
use crate::control::Day;
use crate::id::TaskId;
use crate::usage::Usage;

/// The most that a record's counter counts for. No program uses as much; one that says so is not believed, so that
/// sums of sums stay numbers.
pub const MOST: u64 = 10_000_000_000_000;

/// Who used something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spender {
    /// The task, or the place of the chat in the graph.
    pub task: TaskId,
    /// The adapter of its agent.
    pub adapter: String,
    /// The model: as the program named it last, else as it was asked for.
    pub model: Option<String>,
}

/// What a record tells: who used how much so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub by: Spender,
    /// How much.
    pub usage: Usage,
}

impl Told {
    /// By an attempt. One that serves a chat tells nothing: its chat does.
    #[must_use]
    pub fn of_attempt(attempt: &Attempt) -> Self {
        let Attempt { task, adapter, model, .. } = attempt;
        Self::new(task.clone(), adapter, model.as_ref(), attempt.progress.usage())
    }

    /// By a chat, whoever served it.
    #[must_use]
    pub fn of_chat(chat: &Chat) -> Self {
        Self::new(chat.number.task_id(), &chat.run.adapter, chat.run.model.as_ref(), chat.usage.clone())
    }

    fn new(task: TaskId, adapter: &str, asked: Option<&String>, usage: Usage) -> Self {
        let model = usage.model.as_ref().or(asked).cloned();
        Self { by: Spender { task, adapter: adapter.to_owned(), model }, usage }
    }
}

/// What one count is more than another; less than nothing where a program took something back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// As [`Usage::input`].
    #[serde(skip_serializing_if = "is_zero")]
    pub input: i64,
    /// As [`Usage::cache_read`].
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read: i64,
    /// As [`Usage::cache_write`].
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write: i64,
    /// As [`Usage::output`].
    #[serde(skip_serializing_if = "is_zero")]
    pub output: i64,
    /// As [`Usage::reasoning`].
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: i64,
    /// Millionths of a dollar, as far as they were told.
    #[serde(skip_serializing_if = "is_zero")]
    pub cost_micros: i64,
    /// How often a cost was told: none is not the same as one of nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub priced: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

impl Counts {
    /// What `after` is more than `before`.
    #[must_use]
    pub fn between(before: &Usage, after: &Usage) -> Self {
        let bounded = |n: u64| i64::try_from(n.min(MOST)).unwrap_or(i64::MAX);
        let more = |after: u64, before: u64| bounded(after) - bounded(before);
        let more = Self {
            input: more(after.input, before.input),
            cache_read: more(after.cache_read, before.cache_read),
            cache_write: more(after.cache_write, before.cache_write),
            output: more(after.output, before.output),
            reasoning: more(after.reasoning, before.reasoning),
            cost_micros: more(after.cost_micros.unwrap_or(0), before.cost_micros.unwrap_or(0)),
            priced: 0,
        };
        let newly = after.cost_micros.is_some() && (!more.is_zero() || before.cost_micros.is_none());
        Self { priced: newly.into(), ..more }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Takes others in.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.input, other.input),
            (&mut self.cache_read, other.cache_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.output, other.output),
            (&mut self.reasoning, other.reasoning),
            (&mut self.cost_micros, other.cost_micros),
            (&mut self.priced, other.priced),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// The same taken back.
    #[must_use]
    pub fn taken_back(&self) -> Self {
        Self {
            input: -self.input,
            cache_read: -self.cache_read,
            cache_write: -self.cache_write,
            output: -self.output,
            reasoning: -self.reasoning,
            cost_micros: -self.cost_micros,
            priced: -self.priced,
        }
    }

    /// As people are told it: of a day on which more was taken back than told, nothing.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let told = |n: i64| u64::try_from(n).unwrap_or(0);
        Usage {
            input: told(self.input),
            cache_read: told(self.cache_read),
            cache_write: told(self.cache_write),
            output: told(self.output),
            reasoning: told(self.reasoning),
            cost_micros: (self.priced > 0).then(|| told(self.cost_micros)),
            model: None,
        }
    }
}

/// One sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// On which day.
    pub day: Day,
    /// Who.
    pub by: Spender,
    /// How much.
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, cost_micros: Option<u64>) -> Usage {
        Usage { input, output, cost_micros, ..Usage::default() }
    }

    #[test]
    fn what_versions_tell_adds_up_to_the_last_one_also_where_a_count_goes_back() {
        let versions = [
            usage(10, 1, None),
            usage(30, 2, None),
            usage(30, 2, None),
            usage(20, 2, Some(5)),
            usage(50, 9, Some(8)),
        ];
        let (mut sum, mut before) = (Counts::default(), Usage::default());
        for version in versions {
            sum.add(&Counts::between(&before, &version));
            before = version;
        }
        assert_eq!(sum.usage(), before);
        let back = Counts::between(&usage(5, 0, Some(7)), &usage(2, 0, Some(3)));
        assert_eq!((back.input, back.cost_micros), (-3, -4));
        assert_eq!(back.usage(), usage(0, 0, Some(0)));
        let mut none = back;
        none.add(&back.taken_back());
        assert!(none.is_zero());
    }

    #[test]
    fn a_cost_of_nothing_is_not_the_same_as_none() {
        let between = |before, after| Counts::between(&before, &after).usage().cost_micros;
        assert_eq!(between(Usage::default(), usage(5, 5, None)), None);
        assert_eq!(between(Usage::default(), usage(5, 5, Some(0))), Some(0));
        assert_eq!(between(usage(5, 5, None), usage(5, 5, Some(0))), Some(0));
        assert!(Counts::between(&usage(5, 5, Some(9)), &usage(5, 5, Some(9))).is_zero());
    }

    #[test]
    fn no_count_that_a_program_tells_is_too_large_to_add() {
        let huge = Counts::between(&Usage::default(), &usage(u64::MAX, u64::MAX, Some(u64::MAX)));
        let mut sum = huge;
        for _ in 0..1_000 {
            sum.add(&huge);
        }
        assert_eq!(sum.usage(), usage(1_001 * MOST, 1_001 * MOST, Some(1_001 * MOST)));
    }
}
