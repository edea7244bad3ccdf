//! What starts next: the top of the schedule, as far as slots, pauses and buckets allow. Pure given the view.

use crate::budget::{Bucket, SHELL};
use crate::id::{AttemptRef, TaskId};
use crate::policy::Policy;
use crate::port::{Read, ReadyQuery, StoreError, TagFilter};
use crate::task::Task;
use crate::time::Timestamp;

/// What is to start, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Tasks and what works on them, the first first.
    pub starts: Vec<Planned>,
    /// When something that is held back by time alone may start; absent: only a change can help.
    pub look_again: Option<Timestamp>,
}

/// A task that is to start, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub task: TaskId,
    /// By which adapter.
    pub adapter: String,
    /// With which model, where one was asked for.
    pub model: Option<String>,
}

/// Chooses what starts. `running` counts live attempts; `bucket` is the one of all `shell` starts, which is
/// taken from for what is chosen.
pub fn plan(
    read: &mut dyn Read,
    policy: &Policy,
    running: usize,
    bucket: &mut Bucket,
    now: Timestamp,
) -> Result<Plan, StoreError> {
    let mut plan = Plan { starts: Vec::new(), look_again: read.next_due(now)? };
    let (control, _) = read.control()?;
    let free = policy.max_agents.saturating_sub(running);
    if control.paused.is_some() || free == 0 {
        return Ok(plan);
    }
    let mut candidates: Vec<(Task, String)> = Vec::new();
    for lane in read.lanes()? {
        let parts: Vec<(String, TagFilter)> = match &lane {
            Some(adapter) => vec![(adapter.clone(), TagFilter::default())],
            None => policy.parts().map(|(adapter, tags)| (adapter.to_owned(), tags)).collect(),
        };
        for (adapter, tags) in parts {
            if policy.unable(&adapter).is_some() {
                continue;
            }
            if let Some(pause) = control.adapter_pause(&adapter, now) {
                plan.look_again = earliest(plan.look_again, pause.until);
                continue;
            }
            // Of those at the top, as many as run may be held back by an attempt that is not gone yet.
            let query =
                ReadyQuery { lane: Some(lane.clone()), tags, now, limit: free.saturating_add(running) };
            candidates.extend(read.ready(&query)?.into_iter().map(|task| (task, adapter.clone())));
        }
    }
    candidates.sort_by_key(|(task, _)| (task.age_key(), task.id.clone()));
    for (task, adapter) in candidates {
        if plan.starts.len() == free {
            break;
        }
        if leaving(read, &task)?.is_some() {
            continue;
        }
        let starts = |other: &Planned| other.adapter == adapter;
        if control.is_tried_alone(&adapter) && plan.starts.iter().any(starts) {
            continue;
        }
        if adapter == "shell"
            && let Err(until) = bucket.take(SHELL, now)
        {
            plan.look_again = earliest(plan.look_again, Some(until));
            continue;
        }
        let model = policy.choose(&task).and_then(|choice| choice.model);
        plan.starts.push(Planned { task: task.id, adapter, model });
    }
    Ok(plan)
}

/// The attempt of an open task that was told to end and is not gone yet: until it is, no other starts.
pub fn leaving(read: &mut dyn Read, task: &Task) -> Result<Option<AttemptRef>, StoreError> {
    let Some(last) = task.history.last else { return Ok(None) };
    Ok(read.attempt(last)?.filter(|(attempt, _)| attempt.is_live()).map(|_| last))
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
