//! The attempt's machine: pure and total. A finished attempt never changes.

use crate::attempt::{Attempt, AttemptState, Outcome, ProcessIdentity, Progress, Report, Stop};
use crate::chat::Said;
use crate::effect::EffectKind;
use crate::id::Actor;
use crate::rejection::Rejection;
use crate::step::Step;
use crate::time::Timestamp;
use crate::usage::{Cap, Met, Usage};

/// What can happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEvent {
    /// Fact: its agent runs.
    Started {
        /// Its shim.
        shim: ProcessIdentity,
        /// Since when.
        at: Timestamp,
    },
    /// Fact: what its agent said, and up to where its output was taken in with that.
    Heard {
        /// In order.
        said: Vec<Said>,
        /// In bytes.
        parsed: u64,
        /// It is ended when it has used this much.
        cap: Cap,
        /// And when it meets what is left of its task's budget.
        budget: Budget,
        /// Who listened, and when.
        by: (Actor, Timestamp),
    },
    /// Fact: its task's budget was set to less than is used already.
    BudgetMet {
        /// Which bound.
        met: Met,
        /// Who set it, and when.
        by: (Actor, Timestamp),
    },
    /// Fact: the budget of the day is used up, so it is to end and its task to go on another day.
    DayOver {
        /// In words.
        why: String,
        /// When the next day begins.
        until: Timestamp,
        /// Who found it, and when.
        by: (Actor, Timestamp),
    },
    /// Fact: its agent was told the messages of its task up to this one.
    Told {
        /// The number of the last of them.
        through: u64,
    },
    /// Its worker says how its task stands.
    Reported(Report),
    /// Somebody wants its end.
    StopAsked(Stop),
    /// Fact: it is over and its whole tree is gone.
    Ended {
        /// The adapter's verdict on what was seen.
        seen: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// What all attempts of a task may use together, as one of them sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budget {
    /// The bound.
    pub most: Cap,
    /// What those before it have used.
    pub before: Usage,
}

impl Budget {
    fn met(&self, own: &Usage) -> Option<Met> {
        let mut used = self.before.clone();
        used.add(own);
        self.most.met(&used)
    }
}

/// The attempt after an event.
pub fn step(mut attempt: Attempt, event: AttemptEvent) -> Result<Step<Attempt>, Rejection> {
    let live = attempt.is_live();
    match event {
        AttemptEvent::Started { shim, at } => {
            if attempt.state == AttemptState::Starting {
                attempt.state = AttemptState::Running { since: at };
                attempt.shim = Some(shim);
            }
            Ok(Step::to(attempt))
        }
        AttemptEvent::Heard { said, parsed, cap, budget, by } => {
            // Told twice, what came of it is there already.
            if !live || parsed <= attempt.progress.parsed {
                return Ok(Step::to(attempt));
            }
            attempt.progress.parsed = parsed;
            let failed = said.iter().any(|said| matches!(said, Said::Failed { .. }));
            said.into_iter().for_each(|said| attempt.progress.take(said));
            Ok(bounded(attempt, cap, &budget, failed, by))
        }
        AttemptEvent::BudgetMet { met, by } => {
            if is_to_go_on(&attempt) {
                attempt.progress.capped_by_task = true;
                return Ok(capped(attempt, of_task(&met), by));
            }
            Ok(Step::to(attempt))
        }
        AttemptEvent::DayOver { why, until, by } => {
            if is_to_go_on(&attempt) {
                attempt.progress.capped_until = Some(until);
                return Ok(capped(attempt, why, by));
            }
            Ok(Step::to(attempt))
        }
        AttemptEvent::Told { through } => {
            if live {
                attempt.progress.told = attempt.progress.told.max(through);
            }
            Ok(Step::to(attempt))
        }
        AttemptEvent::Reported(report) => {
            if !live {
                return Err(Rejection::Ended(attempt.reference));
            }
            if attempt.stop.is_some() {
                return Err(Rejection::Stale { attempt: attempt.reference, task: attempt.task });
            }
            if attempt.report.is_some() {
                return Err(Rejection::Invalid(format!("{} has reported already", attempt.reference)));
            }
            attempt.report = Some(report);
            Ok(Step::to(attempt))
        }
        AttemptEvent::StopAsked(stop) => {
            if !live {
                return Err(Rejection::Ended(attempt.reference));
            }
            // Asked twice, the first asking stands, and the effect is wanted all the same: the one who
            // asked first may have died before carrying it out.
            attempt.stop.get_or_insert(stop);
            Ok(Step::to(attempt).wanting(EffectKind::Kill))
        }
        AttemptEvent::Ended { seen, at } => {
            if live {
                let outcome = verdict(&attempt, seen);
                attempt.state = AttemptState::Finished { at, outcome };
            }
            Ok(Step::to(attempt))
        }
    }
}

/// An attempt that has said something, ended where that meets one of its bounds.
fn bounded(
    mut attempt: Attempt,
    cap: Cap,
    budget: &Budget,
    failed: bool,
    by: (Actor, Timestamp),
) -> Step<Attempt> {
    let used = attempt.progress.usage();
    let task = budget.met(&used).map(|met| of_task(&met));
    let by_task = task.is_some();
    let Some(why) = task.or_else(|| cap.met(&used).map(|met| met.to_string())) else {
        return Step::to(attempt);
    };
    // An answer that cost too much is an answer all the same; a turn that failed may have been stopped for it by the
    // program itself.
    let over = attempt.progress.over;
    if attempt.progress.capped.is_some() || (over && !failed) {
        return Step::to(attempt);
    }
    attempt.progress.capped_by_task = by_task;
    if over {
        attempt.progress.capped = Some(why);
        return Step::to(attempt);
    }
    capped(attempt, why, by)
}

/// The bound of a task's budget, in words that tell it from the others.
fn of_task(met: &Met) -> String {
    format!("the task's budget: {met}")
}

/// Whether nothing has ended it yet or is about to: whoever has ended its turn, has reported or is to end anyway is
/// let be.
fn is_to_go_on(attempt: &Attempt) -> bool {
    let progress = &attempt.progress;
    let ends = progress.over || progress.capped.is_some() || attempt.report.is_some();
    attempt.is_live() && !ends && attempt.stop.is_none()
}

/// It is to end for a bound that it met.
fn capped(mut attempt: Attempt, why: String, (by, at): (Actor, Timestamp)) -> Step<Attempt> {
    attempt.progress.capped = Some(why.clone());
    attempt.stop.get_or_insert(Stop { by, at, why });
    Step::to(attempt).wanting(EffectKind::Kill)
}

/// The end of an attempt that met a bound.
fn of_bound(progress: &Progress, reason: &str) -> Outcome {
    let reason = reason.to_owned();
    if progress.capped_by_task {
        Outcome::TaskBudget { reason }
    } else {
        Outcome::Budget { reason, until: progress.capped_until }
    }
}

/// What the end of an attempt means: a worker's report goes before a stop that was asked for after it, both
/// before what the adapter saw, and what kept the agent from working before how it left.
fn verdict(attempt: &Attempt, seen: Outcome) -> Outcome {
    let progress = &attempt.progress;
    match (&attempt.report, &attempt.stop) {
        (Some(Report::Done(summary)), _) => {
            Outcome::Done { summary: summary.clone().or_else(|| progress.words.clone()) }
        }
        (Some(Report::Failed(reason)), _) => Outcome::Failed { reason: reason.clone() },
        (Some(Report::Waiting(on)), _) => Outcome::Waiting { on: on.clone() },
        (None, Some(stop)) => match &progress.capped {
            Some(reason) if stop.why == *reason => of_bound(progress, reason),
            _ => Outcome::Cancelled { reason: format!("{} ({})", stop.why, stop.by) },
        },
        (None, None) => match (seen, &progress.capped, &progress.trouble) {
            (Outcome::ExitedBadly { .. } | Outcome::NoWork, Some(reason), _) => of_bound(progress, reason),
            (Outcome::ExitedBadly { .. } | Outcome::NoWork, None, Some(trouble)) => trouble.clone(),
            (seen, _, _) => seen,
        },
    }
}
