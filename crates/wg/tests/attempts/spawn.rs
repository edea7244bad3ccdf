//! `spawn`: a task's next attempt, now.

use crate::{task, world};

#[test]
fn a_pause_and_a_back_off_are_taken_away() {
    let world = world();
    let dispatcher = world.dispatcher();
    world.ok(&["add", "t", "-x", "test -e ok", "--paused"]);
    assert!(world.ok(&["spawn", "t"]).starts_with("agent-1 of t is over already: exited badly (exit 1)\n"));
    assert!(world.ok(&["why", "t"]).starts_with("t: not before in "), "it backs off");
    std::fs::write(world.path("ok"), "").unwrap();
    assert_eq!(world.json(&["spawn", "t"])["outcome"], "done");
    assert_eq!(task(&world, "t")["state"], "done");
    assert_eq!(world.fails(1, &["spawn", "t"]), "error: t is done\nhint: wg retry t opens it again\n");
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn what_stands_in_the_way_otherwise_is_said() {
    let world = world();
    world.ok(&["add", "first", "-x", &world.agent(&["hang"])]);
    world.ok(&["add", "second", "-x", "true", "--after", "first"]);
    world.ok(&["add", "third"]);
    assert_eq!(
        world.fails(1, &["spawn", "first"]),
        "error: first can't start\ncause: ready, but no dispatcher runs\nhint: wg service start\n"
    );
    let dispatcher = world.dispatcher();
    assert_eq!(world.fails(1, &["spawn", "second"]).lines().next(), Some("error: second can't start"));
    assert!(world.fails(1, &["spawn", "third"]).contains("cause: for people: "));
    testkit::wait_until("it to run", || {
        let state = task(&world, "first")["state"].clone();
        if state == "in-progress" { Ok(()) } else { Err(state) }
    });
    assert!(world.fails(4, &["spawn", "first"]).starts_with("error: first runs already: agent-1\n"));
    world.ok(&["kill", "first"]);
    world.ok(&["service", "pause"]);
    assert!(world.fails(1, &["spawn", "first"]).contains("cause: ready, but dispatching is paused\n"));
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn a_full_house_is_waited_for_no_longer_than_was_said() {
    let world = world();
    world.ok(&["config", "set", "max_agents", "1"]);
    let dispatcher = world.dispatcher();
    crate::running(&world, "first", &world.agent(&["hang"]), 1);
    world.ok(&["add", "second", "-x", "true"]);
    let refused = world.fails(75, &["spawn", "second", "--wait", "50ms"]);
    assert_eq!(
        refused,
        "error: second did not start within 50ms\ncause: ready: waits for one of 1 slots\nhint: wg why second\n"
    );
    world.ok(&["kill", "first"]);
    assert!(world.wg(&["spawn", "second", "--no-wait"]).code != 2);
    assert_eq!(dispatcher.stop(), 0);
}
