//! Proofs that something does *not* happen: the only tests that watch the clock. They run side by side, each
//! in a world of its own, for 10 s, or as long as `WG_ABSENCE` says in seconds.

#![expect(clippy::unwrap_used, reason = "tests")]

mod chats;
#[path = "../chats/proofs.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod proofs;
#[path = "../chats/world.rs"]
#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "these tests need a part of it; what was left out is said"
)]
mod world;

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use testkit::{Dispatcher, Environment, wait_until};

fn a_while() -> Duration {
    let given = std::env::var("WG_ABSENCE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(10))
}

fn world() -> Environment {
    Environment::with_graph(env!("CARGO_BIN_EXE_wg"))
}

/// Voluntary context switches of all threads of a process so far.
fn switches(dispatcher: &Dispatcher) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", dispatcher.pid())).unwrap();
    tasks
        // A thread may end meanwhile.
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok())
        .map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        })
        .sum()
}

fn state(world: &Environment, task: &str) -> String {
    world.json(&["show", task])["task"]["state"].as_str().unwrap().to_owned()
}

/// Waits until nothing has woken the dispatcher for a moment: what its start set in motion is over, and the threads
/// that helped with it are gone.
fn settle(dispatcher: &Dispatcher) -> u64 {
    wait_until("the dispatcher to be quiet", || {
        let helpers = helpers(dispatcher);
        if helpers > 0 {
            return Err(format!("{helpers} helping threads"));
        }
        let before = switches(dispatcher);
        sleep(Duration::from_secs(2));
        let after = switches(dispatcher);
        if before == after { Ok(after) } else { Err(format!("{before} wake-ups, 2 s later {after}")) }
    })
}

/// Threads that block for others: they leave after a moment without work, which is a wake-up.
fn helpers(dispatcher: &Dispatcher) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", dispatcher.pid())).unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("tokio")).count()
}

#[test]
fn an_idle_dispatcher_does_not_wake_up() {
    let world = world();
    world.ok(&["add", "for people"]);
    world.ok(&["add", "paused", "--exec", "true", "--paused"]);
    world.ok(&["add", "blocked", "--exec", "true", "--after", "for-people"]);
    world.ok(&["add", "worked", "--exec", "true"]);
    let dispatcher = world.dispatcher();
    wait_until("the one ready task to be done", || match state(&world, "worked").as_str() {
        "done" => Ok(()),
        other => Err(other.to_owned()),
    });
    let before = settle(&dispatcher);
    sleep(a_while());
    assert_eq!(switches(&dispatcher), before, "wake-ups with nothing to do");
}

/// The dispatcher works through a task that ends badly, and then nothing starts that task again.
fn runs_stay(world: &Environment, runs: usize) {
    assert_eq!(world.runs("runs").len(), runs);
    sleep(a_while());
    assert_eq!(world.runs("runs").len(), runs, "it ran again");
}

#[test]
fn a_task_without_attempts_left_is_not_tried_again() {
    let world = world();
    world.ok(&["config", "set", "retry.first", "10ms"]);
    world.ok(&["add", "bad", "--exec", "echo x >> runs; exit 3"]);
    let _dispatcher = world.dispatcher();
    wait_until("the task to fail", || match state(&world, "bad").as_str() {
        "failed" => Ok(()),
        other => Err(other.to_owned()),
    });
    runs_stay(&world, 3);
}

#[test]
fn a_killed_task_does_not_start_by_itself() {
    let world = world();
    world.ok(&["add", "long", "--exec", "echo x >> runs; sleep 1000"]);
    let dispatcher = world.dispatcher();
    wait_until("the task to run", || match world.runs("runs").len() {
        1 => Ok(()),
        other => Err(other),
    });
    world.ok(&["kill", "long"]);
    // Not after a restart either.
    assert_eq!(dispatcher.stop(), 0);
    let _dispatcher = world.dispatcher();
    runs_stay(&world, 1);
}

#[test]
fn nothing_starts_while_dispatching_is_paused_or_after_an_import() {
    let world = world();
    world.ok(&["service", "pause"]);
    world.ok(&["add", "ready", "--exec", "echo x >> runs"]);
    let line = r#"{"kind":"task","id":"brought","title":"b","status":"open","exec":"echo x >> runs"}"#;
    fs::write(world.path("graph.jsonl"), format!("{line}\n")).unwrap();
    world.ok(&["import", "graph.jsonl"]);
    let _dispatcher = world.dispatcher();
    runs_stay(&world, 0);
    // It was the pause that held it back: without it the task runs.
    world.ok(&["service", "resume"]);
    wait_until("the ready task to run", || match world.runs("runs").len() {
        1 => Ok(()),
        other => Err(other),
    });
}
