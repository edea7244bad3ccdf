//! `kill -9` of shims and agents: what is lost runs again, what died badly is retried, nothing is orphaned.

use rustix::process::Signal;
use testkit::{Environment, Random, wait_until};

use crate::{count, graph};

#[test]
fn killed_shims_and_agents_cost_at_most_a_repeat() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let mut chance = Random::for_test("killed shims and agents");
    world.ok(&["config", "set", "retry.first", "10ms"]);
    world.ok(&["config", "set", "max_attempts", "50"]);
    let tasks = 40;
    graph::add(&world, tasks);
    let dispatcher = world.dispatcher();
    for _ in 0..count(100) {
        if graph::in_state(&world, "done") == tasks {
            break;
        }
        let marked = world.marks().scan();
        let victims: Vec<u32> = marked
            .iter()
            .filter(|process| process.pid != dispatcher.pid())
            .map(|process| process.pid)
            .collect();
        if !victims.is_empty() {
            world.marks().signal(victims[chance.below(victims.len())], Signal::KILL);
        }
        // A task that was lost three times in a row waits for a person, who is here.
        for task in graph::rows(&world.json(&["list", "--all", "--state", "waiting"]), "tasks") {
            world.wg(&["retry", task["id"].as_str().unwrap()]);
        }
    }
    wait_until("every task to be done", || {
        for task in graph::rows(&world.json(&["list", "--all", "--state", "waiting"]), "tasks") {
            world.wg(&["retry", task["id"].as_str().unwrap()]);
        }
        let done = graph::in_state(&world, "done");
        if done == tasks { Ok(()) } else { Err(format!("{done} are done: {}", world.ok(&["status"]))) }
    });
    assert_eq!(dispatcher.stop(), 0);
    graph::check(&world, tasks);
}
