//! Budgets in the simulated world: people who change them, days that go by, and what a dispatcher must have done
//! once the day's is met.

use std::time::Duration;

use wg_core::time::Timestamp;
use wg_core::usage::Cap;
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::control::message::Stage;
use wg_dispatch::dispatcher::Event;

use super::speech::PAID;
use super::work_oracle::WorkOracle;
use super::world::World;
use crate::random::Random;

/// When runs begin: at midnight.
const MIDNIGHT: i64 = 1_767_225_600_000_000_000;

/// When a run begins: some end the day soon.
pub(super) fn some_beginning(random: &mut Random) -> Timestamp {
    let midnight = Timestamp::from_nanos(MIDNIGHT);
    if random.per_mille(400) {
        return midnight.plus(Duration::from_secs(86_400 - random.between(1, 3_600)));
    }
    midnight
}

/// Budgets that are met, in some runs.
pub(super) fn some_budgets(random: &mut Random, config: &mut DispatchConfig) {
    config.cap = Cap::default();
    config.day = Cap::default();
    if random.per_mille(500) {
        config.cap.tokens = Some(random.between(40, 200));
    }
    if random.per_mille(600) {
        config.day.tokens = Some(random.between(60, 600));
    }
}

impl World {
    /// Somebody sets another budget for the day; the dispatcher that is there hears of it.
    pub(super) fn change_budget(&mut self) {
        self.config.day.tokens = match self.random.weighted(&[3, 1, 1]) {
            0 => self.config.day.tokens.map(|tokens| tokens * 2),
            1 => Some(self.random.between(60, 600)),
            _ => None,
        };
        self.trace.note(|| format!("the budget of the day is {:?} now", self.config.day.tokens));
        let config = Box::new(self.config.clone());
        if let Some(daemon) = &mut self.daemon {
            daemon.inbox.retain(|event| !matches!(event, Event::ConfigChanged(_)));
        }
        self.tell(Event::ConfigChanged(config));
    }

    /// Once the dispatcher has seen that the budget of the day is met, all work that costs money is to end.
    pub(super) fn judge_day(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let unheard = daemon.inbox.iter().any(|event| matches!(event, Event::ClockJumped));
        if unheard || !self.oracle.work.is_met(self.oracle.control(), self.wall) {
            return;
        }
        let goes_on = daemon.running().into_iter().find(|running| {
            let works = matches!(running.stage, Stage::Starting | Stage::Running | Stage::Unknown);
            let attempt = self.oracle.attempt(running.attempt).filter(|attempt| attempt.is_live());
            let goes_on = attempt.filter(|attempt| WorkOracle::costs(attempt)).is_some_and(|attempt| {
                let progress = &attempt.progress;
                attempt.stop.is_none()
                    && attempt.report.is_none()
                    && !progress.over
                    && progress.capped.is_none()
            });
            works && goes_on
        });
        if let Some(running) = goes_on {
            let what = format!("{} goes on, and the budget of the day is met", running.attempt);
            self.oracle.fail(what);
        }
    }

    /// Whether a provider pauses until a person says otherwise.
    pub(super) fn is_not_set_up(&self, provider: &str) -> bool {
        self.oracle.control().adapters.get(provider).is_some_and(|pause| pause.until.is_none())
    }

    /// Whether the pause that the day's budget made lasts although the budget is not met.
    pub(super) fn pauses_for_nothing(&self) -> bool {
        let control = self.oracle.control();
        let lasts = |name: &&str| control.adapter_pause(name, self.wall).is_some_and(|pause| pause.budget);
        let paused = PAID.iter().any(lasts);
        paused && !self.oracle.work.is_met(control, self.wall)
    }
}
