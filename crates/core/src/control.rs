//! The one record of what is stopped for the whole graph: dispatching, and adapters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Actor;
use crate::time::Timestamp;
use crate::usage::Usage;

/// What is stopped for the whole graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// No new attempt starts while this is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// No new attempt of these adapters starts, or of these programs of the adapter that runs any
    /// ([`crate::chat::ChatRun::provider`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adapters: BTreeMap<String, AdapterPause>,
    /// What agents used on the last day on which any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayUsage>,
}

/// What all agents together used on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayUsage {
    /// The day.
    pub day: Day,
    /// As far as their programs told it, also of turns in flight.
    pub used: Usage,
}

/// A day of Universal Time, the same on every host of a graph: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    const NANOS: i64 = 86_400 * 1_000_000_000;

    /// The day of a time.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(time.as_nanos().div_euclid(Self::NANOS))
    }

    /// When it is over.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_nanos(self.0.saturating_add(1).saturating_mul(Self::NANOS))
    }
}

/// That a person stopped something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// That an adapter, or a program, can't work just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterPause {
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when; absent: until `wg adapter resume` or a changed configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Hash of the adapter's configuration when it paused; another one clears the pause.
    pub configuration: u64,
    /// How often in a row its provider was away: each time the pause is twice as long, and after each one
    /// chat or attempt tries it alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub breaks: u32,
    /// It is not the provider: the budget of the day is used up. A higher one ends the pause, nobody's word does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub budget: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Control {
    /// The pause that stops an adapter or a program now, where one does.
    #[must_use]
    pub fn adapter_pause(&self, provider: &str, now: Timestamp) -> Option<&AdapterPause> {
        self.adapters.get(provider).filter(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// The day that usage counts for now, and what was used on it. A clock that is set back gives nothing back: what
    /// was used on a day that is yet to come counts for this one.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> DayUsage {
        let day = Day::of(now);
        match &self.day {
            Some(usage) if usage.day >= day => DayUsage { day, used: usage.used.clone() },
            _ => DayUsage { day, used: Usage::default() },
        }
    }

    /// Whether its provider was away and nobody has found it there again: only one at a time tries.
    #[must_use]
    pub fn is_tried_alone(&self, provider: &str) -> bool {
        self.adapters.get(provider).is_some_and(|pause| pause.breaks > 0)
    }
}

/// What a program of an adapter that runs any is called where it pauses.
#[must_use]
pub fn program_name(adapter: &str, command: &str) -> String {
    format!("{adapter}{OF}{command}")
}

/// The adapter and the command line of what is called so; none: it is an adapter.
#[must_use]
pub fn program_of(name: &str) -> Option<(&str, &str)> {
    name.split_once(OF)
}

const OF: &str = ": ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_and_a_clock_set_back_begins_none() {
        let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        assert_eq!((Day::of(at(0)), Day::of(at(86_399)), Day::of(at(86_400))), (Day(0), Day(0), Day(1)));
        assert_eq!((Day::of(at(-1)), Day(0).end(), Day(-1).end()), (Day(-1), at(86_400), at(0)));
        let used = Usage { output: 7, ..Usage::default() };
        let control = Control { day: Some(DayUsage { day: Day(1), used }), ..Control::default() };
        let seen = |now| (control.today(now).day, control.today(now).used.output);
        assert_eq!(seen(at(86_400)), (Day(1), 7));
        assert_eq!(seen(at(100)), (Day(0), 7), "the clock was set back");
        assert_eq!(seen(at(2 * 86_400)), (Day(2), 0));
    }
}
