//! What the graph that is imported into has already, as far as an import asks for it.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use wg_core::id::TaskId;
use wg_core::port::{Page, Read, StoreError, TaskFilter, TaskOrder};
use wg_core::task::Task;
use wg_core::time::Timestamp;

/// A graph of which more than one task in so many is asked for is read in one go.
const SPARSE: u64 = 10;

/// What is asked of a task that is here.
#[derive(Clone)]
pub(super) struct KnownTask {
    pub after: BTreeSet<TaskId>,
    pub parent: Option<TaskId>,
    pub created_at: Timestamp,
}

impl From<Task> for KnownTask {
    fn from(task: Task) -> Self {
        Self { after: task.after, parent: task.parent, created_at: task.times.created_at }
    }
}

/// The graph's tasks, each read at most once.
pub(super) struct Known<'a> {
    graph: Option<&'a mut dyn Read>,
    seen: HashMap<TaskId, Option<KnownTask>>,
    /// Everything was read: what is not in `seen` is not there.
    whole: bool,
}

impl<'a> Known<'a> {
    /// `asked` is how many tasks will be asked for at least.
    pub fn new(graph: Option<&'a mut dyn Read>, asked: usize) -> Result<Self, StoreError> {
        let mut known = Self { graph, seen: HashMap::new(), whole: false };
        let Some(graph) = &mut known.graph else {
            known.whole = true;
            return Ok(known);
        };
        let total = graph.counts()?.total();
        if total / SPARSE <= asked as u64 {
            let seen = &mut known.seen;
            graph.visit_tasks(&TaskFilter::default(), TaskOrder::Id, Page::ALL, &mut |task| {
                seen.insert(task.id.clone(), Some(task.into()));
                ControlFlow::Continue(())
            })?;
            known.whole = true;
        }
        Ok(known)
    }

    /// A task that is here.
    pub fn get(&mut self, id: &TaskId) -> Result<Option<&KnownTask>, StoreError> {
        if !self.whole
            && !self.seen.contains_key(id)
            && let Some(graph) = &mut self.graph
        {
            let task = graph.task(id)?.map(|(task, _)| task.into());
            self.seen.insert(id.clone(), task);
        }
        Ok(self.seen.get(id).and_then(Option::as_ref))
    }

    /// The dependencies that the last import gave a task.
    pub fn imported_after(&mut self, id: &TaskId) -> Result<Option<BTreeSet<TaskId>>, StoreError> {
        match &mut self.graph {
            Some(graph) => Ok(graph.imported(id)?.map(|task| task.after)),
            None => Ok(None),
        }
    }
}
