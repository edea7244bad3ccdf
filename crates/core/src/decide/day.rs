//! The budget of a day: what agents used is counted in the transaction that takes it in, and once it is used up
//! nothing that costs money starts before the next day.
//!
//! What the budget is stands in the dispatcher's settings; it compares and tells.

use crate::attempt::{AttemptEvent, step as attempt_step};
use crate::command::DayBudget;
use crate::control::{AdapterPause, DayUsage};
use crate::decide::{Draft, Refusal};
use crate::effect::EffectState;
use crate::port::StoreError;
use crate::usage::Usage;

/// Counts what an agent used.
pub(super) fn used(draft: &mut Draft<'_>, used: &Usage) -> Result<(), StoreError> {
    if used.is_empty() {
        return Ok(());
    }
    let mut control = draft.control()?;
    let DayUsage { day, used: mut sum } = control.today(draft.now);
    sum.add(used);
    sum.model = None;
    control.day = Some(DayUsage { day, used: sum });
    draft.put_control(control);
    Ok(())
}

/// Takes in how it stands.
pub(super) fn stands(draft: &mut Draft<'_>, budget: DayBudget) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    let before = control.clone();
    match budget {
        DayBudget::Raised => control.adapters.retain(|_, pause| !pause.budget),
        DayBudget::UsedUp { adapters, attempts, why, until } => {
            // Counted on a day that was not yet, it would stand in the way until then.
            control.day = control.day.is_some().then(|| control.today(draft.now));
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
