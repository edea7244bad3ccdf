//! Graphs from one line of text: `"a -> b -> c; a -> d"`.

use std::collections::{BTreeMap, BTreeSet};

use wg_core::command::{Command, NewTask};
use wg_core::id::{Actor, TaskId};
use wg_core::port::Store;
use wg_core::submit::{Request, submit_batch};
use wg_core::task::Task;
use wg_core::time::Timestamp;
use wg_store::memory::MemoryStore;

use crate::environment::Environment;

/// A graph to be made: tasks in an order in which each comes after what it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphPlan {
    tasks: Vec<NewTask>,
}

/// Reads `a -> b -> c; a -> d; e`: what stands right of an arrow comes after what stands left of it. Ids are
/// titles too.
///
/// # Panics
/// On text that is no such graph, or has a cycle in it: it was written by the one who writes the test.
#[must_use]
#[track_caller]
pub fn graph(text: &str) -> GraphPlan {
    let mut after: BTreeMap<TaskId, BTreeSet<TaskId>> = BTreeMap::new();
    let mut order: Vec<TaskId> = Vec::new();
    for chain in text.split([';', '\n']).map(str::trim).filter(|chain| !chain.is_empty()) {
        let mut before: Option<TaskId> = None;
        for name in chain.split("->").map(str::trim) {
            let id = TaskId::parse(name).unwrap_or_else(|bad| panic!("{name:?} in {text:?}: {bad}"));
            if !after.contains_key(&id) {
                order.push(id.clone());
            }
            let dependencies = after.entry(id.clone()).or_default();
            dependencies.extend(before.replace(id));
        }
    }
    let mut tasks = Vec::new();
    while !order.is_empty() {
        let made: BTreeSet<TaskId> = tasks.iter().filter_map(|task: &NewTask| task.id.clone()).collect();
        let next = order.iter().position(|id| after[id].is_subset(&made));
        let id = order.remove(next.unwrap_or_else(|| panic!("{text:?} has a cycle")));
        let after = after[&id].clone();
        tasks.push(NewTask { title: id.to_string(), id: Some(id), after, ..NewTask::default() });
    }
    GraphPlan { tasks }
}

impl GraphPlan {
    /// Gives every task this command.
    #[must_use]
    pub fn exec(mut self, command: &str) -> Self {
        for task in &mut self.tasks {
            task.run.exec = Some(command.to_owned());
        }
        self
    }

    /// Changes one task.
    ///
    /// # Panics
    /// Where there is none of that name.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, name: &str, change: impl FnOnce(&mut NewTask)) -> Self {
        let found = self.tasks.iter_mut().find(|task| task.title == name);
        change(found.unwrap_or_else(|| panic!("there is no {name}")));
        self
    }

    /// The tasks, each after its dependencies.
    #[must_use]
    pub fn new_tasks(&self) -> &[NewTask] {
        &self.tasks
    }

    /// As records, as `submit` would make them at this time.
    #[must_use]
    pub fn tasks(&self, now: Timestamp) -> Vec<Task> {
        let mut store = self.store(now);
        let mut tasks = Vec::new();
        store
            .read(&mut |read| {
                for new in &self.tasks {
                    tasks.extend(new.id.as_ref().and_then(|id| read.task(id).transpose()).transpose()?);
                }
                Ok(())
            })
            .expect("memory can be read");
        tasks.into_iter().map(|(task, _version)| task).collect()
    }

    /// As a graph in memory, added by `user:tester`.
    #[must_use]
    pub fn store(&self, now: Timestamp) -> MemoryStore {
        let mut store = MemoryStore::new();
        self.add_to(&mut store, now);
        store
    }

    /// Adds the tasks to a graph, as `user:tester`, each an operation.
    ///
    /// # Panics
    /// When one is refused.
    pub fn add_to(&self, store: &mut dyn Store, now: Timestamp) {
        let actor = Actor::User("tester".into());
        let request =
            |new: &NewTask| Request { actor: actor.clone(), command: Command::Add(Box::new(new.clone())) };
        let requests: Vec<Request> = self.tasks.iter().map(request).collect();
        for answer in submit_batch(store, &requests, now).expect("the store works") {
            answer.expect("the graph is a new one");
        }
    }

    /// Adds the tasks with `wg add`: titles, dependencies and commands.
    pub fn add_with(&self, environment: &Environment) {
        for task in &self.tasks {
            let after: Vec<&str> = task.after.iter().map(TaskId::as_str).collect();
            let mut arguments = vec!["add".to_owned(), task.title.clone(), format!("--id={}", task.title)];
            if !after.is_empty() {
                arguments.push(format!("--after={}", after.join(",")));
            }
            arguments.extend(task.run.exec.iter().map(|command| format!("--exec={command}")));
            if task.paused {
                arguments.push("--paused".to_owned());
            }
            environment.ok(&arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::graph;
    use wg_core::time::Timestamp;

    #[test]
    fn an_arrow_means_after() {
        let plan = graph("a -> b -> c; a -> d; e").exec("true").with("d", |task| task.paused = true);
        let tasks = plan.tasks(Timestamp::from_nanos(5));
        let lines: Vec<String> = tasks
            .iter()
            .map(|task| {
                format!("{} after {:?}", task.id, task.after.iter().map(|id| id.as_str()).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            lines,
            ["a after []", "b after [\"a\"]", "c after [\"b\"]", "d after [\"a\"]", "e after []"]
        );
        assert!(tasks.iter().all(|task| task.run.exec.as_deref() == Some("true")));
        assert!(tasks[3].paused);
    }

    #[test]
    fn what_is_named_late_is_made_early() {
        let ids: Vec<_> = graph("b -> c; a -> b").new_tasks().iter().map(|task| task.title.clone()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
    }

    #[test]
    #[should_panic(expected = "has a cycle")]
    fn a_cycle_is_a_mistake_of_the_test() {
        let _ = graph("a -> b -> a");
    }
}
