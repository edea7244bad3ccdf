//! The budget of a day: what agents used is counted in the transaction that takes it in, and once it is used up
//! nothing that costs money starts before the next day.
//!
//! What the budget is, and which adapters it bounds, stands in the dispatcher's settings; it compares and tells.

use std::collections::BTreeMap;

use crate::attempt::{AttemptEvent, step as attempt_step};
use crate::command::DayBudget;
use crate::control::{AdapterPause, Control, Day};
use crate::decide::{Draft, Refusal};
use crate::effect::EffectState;
use crate::port::StoreError;
use crate::usage::Usage;
use crate::used::{Counts, Used};

/// Counts what an agent of an adapter used more than was known before.
pub(super) fn used(
    draft: &mut Draft<'_>,
    adapter: &str,
    before: &Usage,
    after: &Usage,
) -> Result<(), StoreError> {
    let more = Counts::between(before, after);
    if more.is_zero() {
        return Ok(());
    }
    let mut control = draft.control()?;
    control.count(Day::of(draft.now), adapter, &more, draft.now);
    draft.put_control(control);
    Ok(())
}

/// The sums of the last days, from what the store counted of all attempts and chats.
fn counted(draft: &mut Draft<'_>) -> Result<BTreeMap<Day, BTreeMap<String, Counts>>, StoreError> {
    let (mut control, now) = (Control::default(), draft.now);
    let since = Day::of(now).0.saturating_sub(Control::DAYS as i64 - 1);
    draft.read.visit_used(Day(since), &mut |Used { day, by, counts }| {
        control.count(day, &by.adapter, &counts, now);
    })?;
    Ok(control.days)
}

/// Takes in how it stands.
pub(super) fn stands(draft: &mut Draft<'_>, budget: DayBudget) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    let before = control.clone();
    match budget {
        DayBudget::Raised => control.adapters.retain(|_, pause| !pause.budget),
        DayBudget::CountedAnew => control.days = counted(draft)?,
        DayBudget::UsedUp { adapters, attempts, why, until } => {
            // Counted on a day that was not yet, it would stand in the way until then.
            control.settle_today(draft.now);
            let why = format!("the day's budget: {why}");
            for adapter in adapters {
                let lasts =
                    |pause: &&AdapterPause| !pause.budget && pause.until.is_none_or(|end| end >= until);
                if control.adapters.get(&adapter).filter(lasts).is_none() {
                    let pause = AdapterPause {
                        reason: why.clone(),
                        at: draft.now,
                        until: Some(until),
                        configuration: 0,
                        breaks: 0,
                        budget: true,
                    };
                    control.adapters.insert(adapter, pause);
                }
            }
            for reference in attempts {
                let Some(attempt) = draft.attempt(reference)? else { continue };
                let by = (draft.actor.clone(), draft.now);
                let ended =
                    attempt_step(attempt.clone(), AttemptEvent::DayOver { why: why.clone(), until, by })?;
                if ended.state != attempt {
                    draft.log(&attempt.task, format!("{reference} is to end: {why}"));
                    for kind in ended.effects {
                        draft.effect(kind, &ended.state, EffectState::Pending);
                    }
                    draft.put_attempt(ended.state);
                }
            }
        }
    }
    if control != before {
        draft.put_control(control);
    }
    Ok(())
}
