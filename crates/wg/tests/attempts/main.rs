//! What people do to attempts, on real processes: kill, give up, follow, spawn, and put right.

#![expect(clippy::unwrap_used, reason = "tests")]

mod ends;
mod output;
mod repair;
mod spawn;

use testkit::{Environment, wait_until};

/// A world whose agents are killed soon after they were asked to leave.
fn world() -> Environment {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    world.ok(&["config", "set", "stop.grace", "200ms"]);
    world
}

/// An agent that does not leave when it is asked, with children in its own session, in another one, and with none
/// of its own: seven processes and the shell.
fn stubborn(world: &Environment) -> String {
    world.agent(&["ignore-term", "fork hang", "setsid hang", "double-fork hang", "tree 1 2", "hang"])
}

/// Adds a task with this command and waits until its attempt's agents are that many.
fn running(world: &Environment, id: &str, command: &str, agents: usize) {
    world.ok(&["add", id, "--id", id, "-x", command]);
    wait_until("the agents to run", || {
        let found = world.agents().len();
        let told = world.json(&["attempt", "list", "--task", id]);
        let is_up = told["attempts"][0]["state"] == "running";
        if found >= agents && is_up { Ok(()) } else { Err(format!("{found} agents, {told}")) }
    });
}

fn task(world: &Environment, id: &str) -> serde_json::Value {
    world.json(&["show", id])["task"].clone()
}

fn outcome(world: &Environment, attempt: &str) -> String {
    world.json(&["attempt", "show", attempt])["attempt"]["outcome"].as_str().unwrap_or("none").to_owned()
}
