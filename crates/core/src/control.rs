//! The one record of what is stopped for the whole graph: dispatching, and adapters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Actor;
use crate::time::Timestamp;
use crate::usage::Usage;
use crate::used::Counts;

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
    /// What agents used on the last days on which any did, by adapter: which of them cost money, its reader knows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<Day, BTreeMap<String, Counts>>,
}

/// What agents used on one day, as far as their programs told it, also of turns in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayUsage {
    /// The day.
    pub day: Day,
    /// By adapter.
    pub used: BTreeMap<String, Counts>,
}

impl DayUsage {
    /// What those of some adapters used together.
    #[must_use]
    pub fn of(&self, takes: impl Fn(&str) -> bool) -> Usage {
        let mut sum = Counts::default();
        self.used.iter().filter(|(adapter, _)| takes(adapter)).for_each(|(_, counts)| sum.add(counts));
        sum.usage()
    }
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
    /// Days that are remembered: that of a clock that is ahead takes no other's place.
    pub const DAYS: usize = 3;

    /// The pause that stops an adapter or a program now, where one does.
    #[must_use]
    pub fn adapter_pause(&self, provider: &str, now: Timestamp) -> Option<&AdapterPause> {
        self.adapters.get(provider).filter(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// The day that usage counts for now, and what was used on it. A clock that is set back gives nothing back: what
    /// was used on days that are yet to come counts for this one.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> DayUsage {
        let day = Day::of(now);
        let mut used = BTreeMap::new();
        self.days.range(day..).for_each(|(_, of_day)| add(&mut used, of_day));
        DayUsage { day, used }
    }

    /// Counts what somebody used on a day, as it is seen from `now`.
    pub fn count(&mut self, day: Day, adapter: &str, more: &Counts, now: Timestamp) {
        self.days.entry(day).or_default().entry(adapter.to_owned()).or_default().add(more);
        while self.days.len() > Self::DAYS {
            let Some((oldest, used)) = self.days.pop_first() else { break };
            // One that is not over yet is not forgotten.
            if oldest >= Day::of(now)
                && let Some(mut next) = self.days.first_entry()
            {
                add(next.get_mut(), &used);
            }
        }
    }

    /// What was counted on days that are yet to come was used today, and is not counted again then.
    pub fn settle_today(&mut self, now: Timestamp) {
        let DayUsage { day, used } = self.today(now);
        drop(self.days.split_off(&day));
        if !used.is_empty() {
            self.days.insert(day, used);
        }
    }

    /// Whether its provider was away and nobody has found it there again: only one at a time tries.
    #[must_use]
    pub fn is_tried_alone(&self, provider: &str) -> bool {
        self.adapters.get(provider).is_some_and(|pause| pause.breaks > 0)
    }
}

fn add(sums: &mut BTreeMap<String, Counts>, more: &BTreeMap<String, Counts>) {
    for (adapter, counts) in more {
        sums.entry(adapter.clone()).or_default().add(counts);
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
        assert_eq!((Day::of(at(0)), Day::of(at(86_399)), Day::of(at(86_400))), (Day(0), Day(0), Day(1)));
        assert_eq!((Day::of(at(-1)), Day(0).end(), Day(-1).end()), (Day(-1), at(86_400), at(0)));
        let mut control = Control::default();
        control.count(Day(1), "claude", &output(7), at(86_400));
        let seen = |now| (control.today(now).day, control.today(now).of(|_| true).output);
        assert_eq!(seen(at(86_400)), (Day(1), 7));
        assert_eq!(seen(at(100)), (Day(0), 7), "the clock was set back");
        assert_eq!(seen(at(2 * 86_400)), (Day(2), 0));
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn output(output: i64) -> Counts {
        Counts { output, ..Counts::default() }
    }

    #[test]
    fn a_clock_that_was_ahead_takes_nothing_from_today() {
        let mut control = Control::default();
        let used = |control: &Control, day: i64| control.today(at(day * 86_400)).of(|_| true).output;
        control.count(Day(5), "claude", &output(10), at(5 * 86_400));
        control.count(Day(6), "claude", &output(1), at(6 * 86_400));
        control.count(Day(5), "claude", &output(20), at(5 * 86_400));
        assert_eq!((used(&control, 5), used(&control, 6), used(&control, 7)), (31, 1, 0));
        control.settle_today(at(5 * 86_400));
        assert_eq!((used(&control, 5), used(&control, 6)), (31, 0), "tomorrow is another day");
        for day in [6, 7, 8] {
            control.count(Day(day), "claude", &output(1), at(day * 86_400));
        }
        assert_eq!(control.days.keys().copied().collect::<Vec<_>>(), [Day(6), Day(7), Day(8)]);
        // One more than is remembered, and none of them is over.
        control.count(Day(5), "claude", &output(2), at(5 * 86_400));
        assert_eq!((control.days.len(), used(&control, 5), used(&control, 8)), (Control::DAYS, 5, 1));
    }

    #[test]
    fn what_each_adapter_used_is_known() {
        let mut control = Control::default();
        for (adapter, used) in [("claude", 10), ("command", 5), ("claude", 1)] {
            control.count(Day(5), adapter, &output(used), at(5 * 86_400));
        }
        let today = control.today(at(5 * 86_400));
        assert_eq!((today.of(|name| name == "claude").output, today.of(|_| true).output), (11, 16));
    }
}
