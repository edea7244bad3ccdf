//! A graph of many tasks whose runs can be counted, and what must hold of it in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use testkit::{Environment, wait_until};

/// Every task appends its attempt's mark to this file when it begins.
const RUNS: &str = "runs";

/// Adds `tasks` tasks in chains with joins, each sleeping for a few milliseconds.
pub fn add(world: &Environment, tasks: usize) {
    let mut lines = String::new();
    for n in 0..tasks {
        let mut after = Vec::new();
        if n >= 20 {
            after.push(format!("t{}", n - 20));
        }
        if n >= 40 && n % 5 == 0 {
            after.push(format!("t{}", n - 33));
        }
        let task = serde_json::json!({
            "kind": "task", "id": format!("t{n}"), "title": format!("task {n}"), "status": "open", "after": after,
            "exec": format!("echo $WG_ATTEMPT >> {RUNS}; sleep 0.0{}", n % 4 + 1),
            "created_at": "2026-04-27T17:32:52.630148860+00:00",
        });
        writeln!(lines, "{task}").unwrap();
    }
    std::fs::write(world.path("graph.jsonl"), lines).unwrap();
    world.ok(&["import", "graph.jsonl", "--run"]);
}

/// How many attempts have begun, by their marks.
pub fn begun(world: &Environment) -> usize {
    world.runs(RUNS).len()
}

/// Waits until every task is done.
pub fn wait_for_all(world: &Environment, tasks: usize) {
    wait_until("every task to be done", || {
        let done = in_state(world, "done");
        if done == tasks {
            Ok(())
        } else {
            Err(format!("{done} of {tasks} are done: {}", world.ok(&["status"])))
        }
    });
}

/// How many tasks are in a state.
pub fn in_state(world: &Environment, state: &str) -> usize {
    rows(&world.json(&["list", "--all", "--state", state]), "tasks").len()
}

/// The rows of a list in an answer.
pub fn rows(answer: &Value, name: &str) -> Vec<Value> {
    answer[name].as_array().unwrap_or_else(|| panic!("{name} in {answer}")).clone()
}

/// Every attempt ran its command at most once, and those that ended well exactly once; none is doubled or
/// left, nothing lives, and `doctor` finds nothing.
pub fn check(world: &Environment, tasks: usize) {
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for mark in world.runs(RUNS) {
        *runs.entry(mark).or_default() += 1;
    }
    let twice: Vec<_> = runs.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "run twice: {twice:?}");

    let attempts = rows(&world.json(&["attempt", "list", "-n", "100000"]), "attempts");
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in &attempts {
        assert_eq!(attempt["state"], "finished", "{attempt}");
        if attempt["outcome"] == "done" {
            *done.entry(attempt["task"].as_str().unwrap().to_owned()).or_default() += 1;
            let reference = attempt["attempt"].as_str().unwrap();
            let ran = runs.keys().filter(|mark| mark.split('.').next() == Some(reference)).count();
            assert_eq!(ran, 1, "{reference} is done and ran {ran} times");
        }
    }
    assert_eq!(done.len(), tasks, "every task has an attempt that is done");
    assert!(done.values().all(|times| *times == 1), "done once each: {done:?}");
    let alive = world.agents();
    assert!(alive.is_empty(), "orphans: {alive:#?}");
    world.ok(&["doctor"]);
}
