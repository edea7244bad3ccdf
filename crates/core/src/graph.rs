//! Questions about the graph's shape that need more than one row.

use std::collections::{BTreeMap, VecDeque};

use crate::id::TaskId;
use crate::port::{Read, StoreError};

/// The shortest path from `from` along dependencies to `to`, both included, where there is one. An edge
/// `to` → `from` would close a cycle exactly then.
///
/// `after` gives a task's dependencies, so that changes that are not stored yet can be seen.
pub fn path(
    from: &TaskId,
    to: &TaskId,
    after: &mut dyn FnMut(&TaskId) -> Result<Vec<TaskId>, StoreError>,
) -> Result<Option<Vec<TaskId>>, StoreError> {
    let mut came_from: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    let mut queue = VecDeque::from([from.clone()]);
    while let Some(task) = queue.pop_front() {
        if task == *to {
            let mut path = vec![task];
            while let Some(earlier) =
                path.last().and_then(|last| came_from.get(last)).filter(|_| path.last() != Some(from))
            {
                path.push(earlier.clone());
            }
            path.reverse();
            return Ok(Some(path));
        }
        for next in after(&task)? {
            if next != *from && !came_from.contains_key(&next) {
                came_from.insert(next.clone(), task.clone());
                queue.push_back(next);
            }
        }
    }
    Ok(None)
}

/// A dependency that keeps a task from being ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Which.
    pub task: TaskId,
    /// Its state; absent where there is no such task.
    pub state: Option<crate::task::StateName>,
}

/// The dependencies of a task that are not done, ordered by id.
pub fn unmet(read: &mut dyn Read, task: &crate::task::Task) -> Result<Vec<Unmet>, StoreError> {
    let mut unmet = Vec::new();
    for id in &task.after {
        let state = read.task(id)?.map(|(dependency, _)| dependency.state.name());
        if state != Some(crate::task::StateName::Done) {
            unmet.push(Unmet { task: id.clone(), state });
        }
    }
    Ok(unmet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TaskId {
        TaskId::parse(text).expect("a good id")
    }

    #[test]
    fn the_shortest_path_is_found_and_told_in_order() {
        let edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "x"), ("x", "d"), ("d", "a")];
        let mut after = |task: &TaskId| {
            Ok(edges.iter().filter(|(from, _)| *from == task.as_str()).map(|(_, to)| id(to)).collect())
        };
        let found = path(&id("a"), &id("d"), &mut after).expect("no store").expect("a path");
        assert_eq!(found, [id("a"), id("x"), id("d")]);
        assert_eq!(path(&id("a"), &id("a"), &mut after), Ok(Some(vec![id("a")])));
        assert_eq!(path(&id("a"), &id("none"), &mut after), Ok(None));
    }
}
