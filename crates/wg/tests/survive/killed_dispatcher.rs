//! `kill -9` of the dispatcher at random moments over a running graph.

use testkit::{Environment, Random, wait_until};

use crate::{count, graph};

const TASKS: usize = 200;

#[test]
fn a_dispatcher_killed_again_and_again_does_everything_once() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let mut chance = Random::for_test("killed dispatcher");
    graph::add(&world, TASKS);
    let kills = count(100);
    for _ in 0..kills {
        // Some dispatchers die as soon as they answer, others after a few starts.
        let upto = graph::begun(&world) + chance.below(2 * TASKS / kills + 1);
        let dispatcher = world.dispatcher();
        wait_until("some attempts to begin", || {
            let begun = graph::begun(&world);
            if begun >= upto.min(TASKS) { Ok(()) } else { Err(format!("{begun} of {upto} have begun")) }
        });
        dispatcher.kill();
    }
    let dispatcher = world.dispatcher();
    graph::wait_for_all(&world, TASKS);
    assert_eq!(dispatcher.stop(), 0);
    graph::check(&world, TASKS);
    let attempts = graph::rows(&world.json(&["attempt", "list", "-n", "100000"]), "attempts");
    assert_eq!(attempts.len(), TASKS, "no attempt was lost or doubled");
}
