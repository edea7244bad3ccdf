//! The attempt's machine: pure and total. A finished attempt never changes.

use crate::attempt::{Attempt, AttemptState, Outcome, ProcessIdentity, Report, Stop};
use crate::chat::Said;
use crate::effect::EffectKind;
use crate::id::Actor;
use crate::rejection::Rejection;
use crate::step::Step;
use crate::time::Timestamp;
use crate::usage::Cap;

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
        /// Who listened, and when.
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
        AttemptEvent::Heard { said, parsed, cap, by: (by, at) } => {
            // Told twice, what came of it is there already.
            if !live || parsed <= attempt.progress.parsed {
                return Ok(Step::to(attempt));
            }
            attempt.progress.parsed = parsed;
            let failed = said.iter().any(|said| matches!(said, Said::Failed { .. }));
            said.into_iter().for_each(|said| attempt.progress.take(said));
            let Some(why) = cap.reached(&attempt.progress.usage()) else { return Ok(Step::to(attempt)) };
            // An answer that cost too much is an answer all the same; a turn that failed may have been stopped for
            // it by the program itself.
            let over = attempt.progress.over;
            if attempt.progress.capped.is_some() || (over && !failed) {
                return Ok(Step::to(attempt));
            }
            attempt.progress.capped = Some(why.clone());
            if over {
                return Ok(Step::to(attempt));
            }
            attempt.stop.get_or_insert(Stop { by, at, why });
            Ok(Step::to(attempt).wanting(EffectKind::Kill))
        }
        AttemptEvent::DayOver { why, until, by: (by, at) } => {
            // Whoever has ended its turn, has reported or is to end anyway is let be.
            let progress = &mut attempt.progress;
            let ends = progress.over || progress.capped.is_some() || attempt.report.is_some();
            if !live || ends || attempt.stop.is_some() {
                return Ok(Step::to(attempt));
            }
            progress.capped = Some(why.clone());
            progress.capped_until = Some(until);
            attempt.stop = Some(Stop { by, at, why });
            Ok(Step::to(attempt).wanting(EffectKind::Kill))
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
            Some(reason) if stop.why == *reason => {
                Outcome::Budget { reason: reason.clone(), until: progress.capped_until }
            }
            _ => Outcome::Cancelled { reason: format!("{} ({})", stop.why, stop.by) },
        },
        (None, None) => match (seen, &progress.capped, &progress.trouble) {
            (Outcome::ExitedBadly { .. } | Outcome::NoWork, Some(reason), _) => {
                Outcome::Budget { reason: reason.clone(), until: progress.capped_until }
            }
            (Outcome::ExitedBadly { .. } | Outcome::NoWork, None, Some(trouble)) => trouble.clone(),
            (seen, _, _) => seen,
        },
    }
}
