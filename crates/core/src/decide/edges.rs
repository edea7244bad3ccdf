//! Dependencies: what may be added, and what would close a cycle.

use crate::decide::{Draft, Refusal};
use crate::graph;
use crate::id::TaskId;
use crate::rejection::Rejection;

/// Refuses a dependency on a task that is not there, or one that closes a cycle. `task` need not exist yet.
pub(super) fn check(draft: &mut Draft<'_>, task: &TaskId, after: &TaskId) -> Result<(), Refusal> {
    if draft.find_task(after)?.is_none() {
        return Err(Rejection::MissingDependency { task: task.clone(), missing: after.clone() }.into());
    }
    match closing(draft, task, after)? {
        Some(path) => Err(Rejection::Cycle { path }.into()),
        None => Ok(()),
    }
}

/// The cycle that `task` after `after` would close: from the task, along dependencies, back to it.
pub(super) fn closing(
    draft: &mut Draft<'_>,
    task: &TaskId,
    after: &TaskId,
) -> Result<Option<Vec<TaskId>>, Refusal> {
    let back = graph::path(after, task, &mut |id| draft.after(id))?;
    Ok(back.map(|path| std::iter::once(task.clone()).chain(path).collect()))
}

/// Refuses a parent that is not there or is the task itself or below it.
pub(super) fn check_parent(draft: &mut Draft<'_>, task: &TaskId, parent: &TaskId) -> Result<(), Refusal> {
    let mut above = Some(parent.clone());
    let mut line = vec![task.clone()];
    while let Some(id) = above {
        if id == *task {
            let path = line.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" -> ");
            return Err(Rejection::Invalid(format!(
                "{parent} can't be the parent of {task}: it lies below it ({path})"
            ))
            .into());
        }
        let found = draft.find_task(&id)?;
        if found.is_none() && id == *parent {
            return Err(Rejection::NoTask(id).into());
        }
        // What an import brought may run in a circle of its own.
        above = found.and_then(|task| task.parent).filter(|_| line.len() < 1_000);
        line.push(id);
    }
    Ok(())
}
