//! `kill`, and whatever else ends what runs: when the command comes back, nothing of it is left.

use rustix::process::Signal;

use crate::{outcome, running, stubborn, task, world};

/// Processes of the stubborn agent, its shell aside, which may have been replaced by it.
const PROCESSES: usize = 6;

#[test]
fn a_kill_ends_the_whole_tree_and_keeps_the_task_from_starting_again() {
    let world = world();
    let dispatcher = world.dispatcher();
    running(&world, "t", &stubborn(&world), PROCESSES);
    let killed = world.wg(&["kill", "t", "--why", "enough"]);
    assert_eq!((killed.code, killed.stdout.as_str()), (0, "agent-1 of t is gone\n"), "{killed:?}");
    assert_eq!(killed.stderr, "note: 1 attempt is told to end; what is left of it after 200ms is killed\n");
    assert_eq!(world.agents(), [], "the command comes back when all are gone");
    let after = task(&world, "t");
    assert_eq!((&after["state"], &after["paused"]), (&"open".into(), &true.into()));
    assert_eq!(outcome(&world, "agent-1"), "cancelled");
    assert!(world.ok(&["op", "log", "-n", "1"]).contains("ended t: agent-1 cancelled: enough (user:tester)"));
    assert_eq!(
        world.fails(4, &["kill", "agent-1"]),
        "error: agent-1 has ended already\nhint: wg attempt show agent-1\n"
    );
    assert_eq!(world.fails(1, &["kill", "t"]), "error: nothing runs for t\nhint: wg why t\n");
    assert_eq!(
        world.fails(3, &["kill", "agent-9"]),
        "error: there is no attempt agent-9\nhint: wg attempt list\n"
    );
    assert_eq!(dispatcher.stop(), 0);
    world.ok(&["doctor"]);
}

#[test]
fn a_kill_needs_no_dispatcher() {
    let world = world();
    let dispatcher = world.dispatcher();
    running(&world, "t", &stubborn(&world), PROCESSES);
    dispatcher.kill();
    let killed = world.json(&["kill", "--all"]);
    assert_eq!(killed["attempts"][0]["gone"], true, "{killed}");
    assert_eq!(world.agents(), []);
    assert_eq!(task(&world, "t")["paused"], true);
    assert_eq!(world.wg(&["kill", "--all"]).stderr, "note: nothing runs\n");
    world.ok(&["doctor"]);
}

#[test]
fn a_kill_finds_what_a_killed_shim_left() {
    let world = world();
    let dispatcher = world.dispatcher();
    running(&world, "t", &stubborn(&world), PROCESSES);
    let shim = world.json(&["attempt", "show", "t"])["shim"]["pid"].as_u64().unwrap();
    dispatcher.kill();
    assert!(world.marks().signal(u32::try_from(shim).unwrap(), Signal::KILL));
    assert!(!world.agents().is_empty(), "a killed shim leaves its agents");
    world.ok(&["kill", "agent-1"]);
    assert_eq!(world.agents(), []);
    world.ok(&["doctor"]);
}

#[test]
fn what_a_person_decides_over_a_running_task_ends_it_too() {
    let world = world();
    let dispatcher = world.dispatcher();
    for (verb, state) in [("abandon", "abandoned"), ("done", "done"), ("fail", "failed")] {
        running(&world, verb, &stubborn(&world), PROCESSES);
        let said = world.ok(&[verb, verb, "-m", "by hand"]);
        assert!(said.starts_with(&format!("{verb} {state}\nagent-")), "{said}");
        assert!(said.ends_with(&format!(" of {verb} is gone\n")), "{said}");
        assert_eq!(world.agents(), [], "{verb}");
        assert_eq!(task(&world, verb)["state"], state);
    }
    assert_eq!(dispatcher.stop(), 0);
    world.ok(&["doctor"]);
}

#[test]
fn several_are_ended_at_once() {
    let world = world();
    let dispatcher = world.dispatcher();
    for id in ["a", "b", "c"] {
        world.ok(&["add", id, "-x", &world.agent(&["hang"])]);
    }
    testkit::wait_until("three agents to run", || {
        let listed = world.json(&["agents"]);
        let up =
            listed["agents"].as_array().unwrap().iter().filter(|agent| agent["agent_pid"].is_u64()).count();
        if up == 3 { Ok(()) } else { Err(listed) }
    });
    let said = world.ok(&["kill", "a", "b", "c", "a"]);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(world.agents(), []);
    assert_eq!(world.json(&["agents"])["agents"], serde_json::json!([]));
    assert_eq!(dispatcher.stop(), 0);
}
