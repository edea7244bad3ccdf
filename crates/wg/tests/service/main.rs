//! The dispatcher from end to end, on real processes: every way an attempt can end, the service's own life, and
//! the quickstart.

#![expect(clippy::unwrap_used, reason = "tests")]

mod ends;
mod life;
mod logs;
mod quickstart;

use serde_json::Value;
use testkit::{Environment, wait_until};

/// A world with an empty graph and a short pause before retries.
fn world() -> Environment {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    world.ok(&["config", "set", "retry.first", "100ms"]);
    world
}

/// What `wg show` says of a task.
fn show(world: &Environment, task: &str) -> Value {
    world.json(&["show", task])
}

/// Waits until a task is as wanted; gives what `wg show` says of it then.
#[track_caller]
fn until(world: &Environment, task: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    wait_until(what, || {
        let seen = show(world, task);
        if wanted(&seen) { Ok(seen) } else { Err(seen) }
    })
}

/// Waits until a task is in a state.
#[track_caller]
fn until_state(world: &Environment, task: &str, state: &str) -> Value {
    until(world, task, &format!("{task} to be {state}"), |seen| seen["task"]["state"] == state)
}

/// The classes of a task's attempts, the first first; `-` where one is not over.
fn classes(shown: &Value) -> Vec<String> {
    let class = |attempt: &Value| attempt["outcome"].as_str().unwrap_or("-").to_owned();
    shown["attempts"].as_array().unwrap().iter().map(class).collect()
}
