//! What starts next: the top of the schedule, as far as slots, pauses and buckets allow. Pure given the view.

use crate::budget::{Bucket, SHELL};
use crate::id::{AttemptRef, TaskId};
use crate::port::{Read, ReadyQuery, StoreError};
use crate::task::Task;
use crate::time::Timestamp;

/// What the configuration says about starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Attempts at once.
    pub max_agents: usize,
    /// The adapter of tasks that name none.
    pub default_adapter: Option<String>,
    /// The adapters that there are.
    pub adapters: Vec<String>,
}

impl Policy {
    /// The adapter that runs tasks of a lane, where one does.
    #[must_use]
    pub fn adapter(&self, lane: Option<&str>) -> Option<&str> {
        let name = lane.or(self.default_adapter.as_deref())?;
        self.adapters.iter().find(|adapter| *adapter == name).map(String::as_str)
    }
}

/// What is to start, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Tasks and their adapters, the first first.
    pub starts: Vec<(TaskId, String)>,
    /// When something that is held back by time alone may start; absent: only a change can help.
    pub look_again: Option<Timestamp>,
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
        let Some(adapter) = policy.adapter(lane.as_deref()) else { continue };
        if let Some(pause) = control.adapter_pause(adapter, now) {
            plan.look_again = earliest(plan.look_again, pause.until);
            continue;
        }
        let adapter = adapter.to_owned();
        // Of those at the top, as many as run may be held back by an attempt that is not gone yet.
        let query = ReadyQuery { lane: Some(lane), now, limit: free.saturating_add(running) };
        candidates.extend(read.ready(&query)?.into_iter().map(|task| (task, adapter.clone())));
    }
    candidates.sort_by_key(|(task, _)| (task.age_key(), task.id.clone()));
    for (task, adapter) in candidates {
        if plan.starts.len() == free {
            break;
        }
        if leaving(read, &task)?.is_some() {
            continue;
        }
        let starts = |(_, other): &(TaskId, String)| *other == adapter;
        if control.is_tried_alone(&adapter) && plan.starts.iter().any(starts) {
            continue;
        }
        if adapter == "shell"
            && let Err(until) = bucket.take(SHELL, now)
        {
            plan.look_again = earliest(plan.look_again, Some(until));
            continue;
        }
        plan.starts.push((task.id, adapter));
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
