//! The budget of a task holds from the moment it is set, by whatever road: an edit, an undo, an import.

use crate::attempt::{AttemptEvent, step as attempt_step};
use crate::decide::{Draft, Refusal};
use crate::effect::EffectState;

/// Ends the attempts of changed tasks that have used more by now than their tasks may.
pub(super) fn keep(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    for (task, reference) in draft.budgeted() {
        let Some(attempt) = draft.attempt(reference)? else { continue };
        let Some(met) = task.used_up_with(&attempt.progress.usage()) else { continue };
        let by = (draft.actor.clone(), draft.now);
        let ended = attempt_step(attempt.clone(), AttemptEvent::BudgetMet { met, by })?;
        if ended.state == attempt {
            continue;
        }
        draft.log(&task.id, format!("{reference} is to end: the task's budget: {met}"));
        for kind in ended.effects {
            draft.effect(kind, &ended.state, EffectState::Pending);
        }
        draft.put_attempt(ended.state);
    }
    Ok(())
}
