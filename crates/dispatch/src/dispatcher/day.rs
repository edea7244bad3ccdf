//! The budget of a day: compared with what was used, and told where it is used up or was raised.

use wg_agents::Adapter;
use wg_core::command::{Command, DayBudget};
use wg_core::control::DayUsage;
use wg_core::time::Timestamp;

use super::Dispatcher;
use super::requests::{About, Wanted};

impl Dispatcher {
    /// What there is to tell of it. Only programs that cost money use it up and wait for another day, and only their
    /// work is ended: a chat's turn is let finish, which has a bound of its own.
    pub(super) fn day_budget(&self, now: Timestamp, wanted: &mut Vec<Wanted>) {
        let control = &self.shown.control;
        let today = control.today(now);
        let Some(why) = self.day_met(&today) else {
            let paused = |name: &String| control.adapter_pause(name, now).is_some_and(|pause| pause.budget);
            if control.adapters.keys().any(paused) {
                wanted.push(self.wanted(Command::DayBudget(DayBudget::Raised), About::Change));
            }
            return;
        };
        let until = today.day.end();
        // A pause of the budget's own that ends at another time was reckoned by another clock.
        let waits = |name: &str| {
            control.adapters.get(name).is_some_and(|pause| match pause.until {
                Some(end) if pause.budget => end == until,
                end => end.is_none_or(|end| end >= until),
            })
        };
        let paid = self.registry.iter().filter(|adapter| adapter.is_paid());
        let adapters: Vec<String> =
            paid.map(Adapter::name).filter(|name| !waits(name)).map(str::to_owned).collect();
        let at_work = self.slots.values().filter(|slot| slot.is_taken() && !slot.stop && !slot.is_handler());
        let attempts: Vec<_> = at_work
            .filter(|slot| self.is_paid(&slot.attempt.adapter))
            .map(|slot| slot.attempt.reference)
            .collect();
        if !adapters.is_empty() || !attempts.is_empty() {
            let used_up = DayBudget::UsedUp { adapters, attempts, why, until };
            wanted.push(self.wanted(Command::DayBudget(used_up), About::Change));
        }
    }

    /// Whether an adapter's program costs money.
    pub(super) fn is_paid(&self, adapter: &str) -> bool {
        self.registry.get(adapter).is_some_and(Adapter::is_paid)
    }

    /// Whether a chat's program waits for another day: its handler is then told no more messages.
    pub(super) fn waits_for_tomorrow(&self, provider: &str, now: Timestamp) -> bool {
        self.shown.control.adapter_pause(provider, now).is_some_and(|pause| pause.budget)
            || self.tomorrow(provider, now).is_some()
    }

    /// When the next day begins, where the budget of this one is met, whether that is told yet or not.
    pub(super) fn tomorrow(&self, adapter: &str, now: Timestamp) -> Option<Timestamp> {
        let today = self.shown.control.today(now);
        let met = self.is_paid(adapter) && self.day_met(&today).is_some();
        met.then(|| today.day.end())
    }

    /// Whether what cost money on a day meets the budget: in words.
    fn day_met(&self, today: &DayUsage) -> Option<String> {
        self.config.day.reached(&today.of(|adapter| self.is_paid(adapter)))
    }
}
