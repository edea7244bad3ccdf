//! Graphs to measure on, in the format of an older `wg`, which `wg import` reads.
//!
//! The same arguments give the same bytes.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// The id of the task at `index`.
pub fn id(index: usize) -> String {
    format!("task-{index:06}")
}

/// One line, built up.
struct Task(Map<String, Value>);

impl Task {
    fn new(index: usize, status: &str) -> Self {
        Self::named(&id(index), index, status)
    }

    fn named(id: &str, index: usize, status: &str) -> Self {
        let mut fields = Map::new();
        let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
        set("kind", json!("task"));
        set("id", json!(id));
        set("title", json!(format!("Measure part {index} of the pipeline")));
        set("status", json!(status));
        set("created_at", json!(time(index)));
        Self(fields)
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    fn line(self, out: &mut String) {
        writeln!(out, "{}", Value::Object(self.0)).expect("writing to a string cannot fail");
    }
}

/// `index` seconds after the beginning of 2026.
fn time(index: usize) -> String {
    let seconds = i64::try_from(index).expect("no graph is that large");
    let begin: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().expect("it is a time");
    (begin + jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// Spreads numbers without a pattern that an index could profit from (the mixer of splitmix64).
fn scattered(index: usize) -> usize {
    let mut word = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    usize::try_from((word ^ (word >> 27)) >> 33).expect("31 bits fit")
}

/// A project in its middle: six of ten tasks done, the rest open and mostly blocked, one in twenty ready;
/// descriptions, tags, log entries, up to two dependencies on earlier tasks.
pub fn project(tasks: usize) -> String {
    let done = tasks * 6 / 10;
    let mut out = String::new();
    for index in 0..tasks {
        let mut task = Task::new(index, if index < done { "done" } else { "open" })
            .with("description", json!(DESCRIPTION))
            .with("priority", json!([10, 10, 10, 50, 5][scattered(index) % 5]))
            .with("tags", json!([format!("area-{}", index % 12), "measured"]));
        // An open task waits for open ones, so that it is blocked; the first of them and every 20th do not.
        let first = if index < done { 0 } else { done };
        if index > first && !is_ready(tasks, index) {
            let near = index - 1 - scattered(index) % (index - first).min(50);
            let far = first + scattered(index + tasks) % (index - first);
            task =
                task.with("after", if near == far { json!([id(near)]) } else { json!([id(near), id(far)]) });
        }
        if index < done {
            let entry =
                json!({"timestamp": time(index + 60), "actor": "agent-1", "message": "Finished, tests pass"});
            task = task
                .with("started_at", json!(time(index + 10)))
                .with("completed_at", json!(time(index + 60)))
                .with("log", json!([entry]));
        }
        task.line(&mut out);
    }
    out
}

const DESCRIPTION: &str = "Read the records of the stage before, check each against the schema, \
    and write those that pass into the table of this stage. Records that fail go to the list of \
    rejects with the reason. Nothing is written twice when the stage runs again.";

fn is_ready(tasks: usize, index: usize) -> bool {
    index >= tasks * 6 / 10 && index.is_multiple_of(20)
}

/// The indexes of the tasks of [`project`] that are ready.
pub fn ready_in_project(tasks: usize) -> Vec<usize> {
    (0..tasks).filter(|index| is_ready(tasks, *index)).collect()
}

/// Tasks with a command, none ready: all wait, at some distance, for one that failed.
pub fn blocked(tasks: usize) -> String {
    let mut out = String::new();
    Task::new(0, "failed").with("failure_reason", json!("measured")).line(&mut out);
    for index in 1..tasks {
        let before = scattered(index) % index;
        Task::new(index, "open")
            .with("exec", json!("true"))
            .with("after", json!([id(before)]))
            .line(&mut out);
    }
    out
}

/// `tasks` independent tasks with the commands given by index, and where `last` is a command, a task that
/// runs it after all of them. Ids begin with `prefix`.
pub fn independent(
    prefix: &str,
    tasks: usize,
    command: impl Fn(usize) -> String,
    last: Option<&str>,
) -> String {
    let mut out = String::new();
    let id = |index: usize| format!("{prefix}-{index:06}");
    for index in 0..tasks {
        Task::named(&id(index), index, "open").with("exec", json!(command(index))).line(&mut out);
    }
    if let Some(command) = last {
        let all: Vec<String> = (0..tasks).map(id).collect();
        let end = Task::named(&format!("{prefix}-end"), tasks, "open");
        end.with("exec", json!(command)).with("after", json!(all)).line(&mut out);
    }
    out
}

/// Stores a graph for `wg import`.
pub fn store(path: &Path, graph: &str) -> Result<()> {
    std::fs::write(path, graph).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::{blocked, id, independent, project, ready_in_project};

    fn read(graph: &str) -> BTreeMap<String, Value> {
        graph
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .map(|task| (task["id"].as_str().expect("an id").to_owned(), task))
            .collect()
    }

    fn after(task: &Value) -> Vec<&str> {
        task["after"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    #[test]
    fn a_project_has_no_cycle_and_the_ready_tasks_it_names() {
        let tasks = read(&project(1000));
        assert_eq!(tasks.len(), 1000);
        let mut ready = Vec::new();
        for (name, task) in &tasks {
            let open = after(task).into_iter().filter(|before| tasks[*before]["status"] == "open").count();
            assert!(
                after(task).iter().all(|before| *before < name.as_str()),
                "{name} waits for a later task"
            );
            assert!(task["status"] == "open" || open == 0, "{name} is done before what it waits for");
            if task["status"] == "open" && open == 0 {
                ready.push(name.clone());
            }
        }
        assert_eq!(ready, ready_in_project(1000).into_iter().map(id).collect::<Vec<_>>());
        assert_eq!(project(1000), project(1000));
    }

    #[test]
    fn a_blocked_graph_has_nothing_ready() {
        let tasks = read(&blocked(500));
        let roots: Vec<&Value> = tasks.values().filter(|task| after(task).is_empty()).collect();
        assert_eq!(roots.len(), 1);
        assert_eq!(roots[0]["status"], "failed");
    }

    #[test]
    fn the_last_task_waits_for_every_independent_one() {
        let tasks = read(&independent("a", 3, |index| format!("echo {index}"), Some("echo end")));
        assert_eq!(after(&tasks["a-end"]), ["a-000000", "a-000001", "a-000002"]);
        assert_eq!(tasks["a-000002"]["exec"], "echo 2");
        assert!(after(&tasks["a-000001"]).is_empty());
    }
}
