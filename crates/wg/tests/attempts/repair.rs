//! `doctor` where something was left: found, told, and put right when asked.

use std::fs;

use rustix::process::Signal;

use crate::{outcome, running, stubborn, task, world};

#[test]
fn agents_of_a_killed_shim_are_found_and_ended() {
    let world = world();
    let dispatcher = world.dispatcher();
    running(&world, "t", &stubborn(&world), 6);
    let shim = world.json(&["attempt", "show", "t"])["shim"]["pid"].as_u64().unwrap();
    dispatcher.kill();
    let held = world.ok(&["doctor"]);
    assert!(held.contains("attempts    1 runs, held by their shims; "), "a living shim is no fault: {held}");
    assert!(world.marks().signal(u32::try_from(shim).unwrap(), Signal::KILL));
    let found = world.wg(&["doctor"]);
    assert_eq!(
        (found.code, found.stderr.as_str()),
        (1, "error: 1 problem found\nhint: wg doctor --fix\n"),
        "{found:?}"
    );
    assert!(
        found.stdout.contains("agent-1 (t): end what is left of it, because its shim is gone"),
        "{found:?}"
    );
    assert!(!world.agents().is_empty(), "looking ends nothing");
    let fixed = world.ok(&["doctor", "--fix"]);
    assert!(fixed.contains("fixed    attempts    agent-1 (t): "), "{fixed}");
    assert_eq!(world.agents(), []);
    assert_eq!(outcome(&world, "agent-1"), "lost");
    assert_eq!(task(&world, "t")["state"], "open");
    world.ok(&["doctor"]);
}

#[test]
fn attempts_that_a_restored_backup_does_not_know_are_ended_and_moved_away() {
    let world = world();
    world.ok(&["add", "before"]);
    world.ok(&["doctor", "--backup"]);
    let dispatcher = world.dispatcher();
    running(&world, "t", &stubborn(&world), 6);
    dispatcher.kill();
    // As doctor tells people to go back to a backup, with agents that still run.
    let graph = world.graph();
    let backup = fs::read_dir(graph.join("backups")).unwrap().next().unwrap().unwrap().path();
    for name in ["wg.db", "wg.db-wal", "wg.db-shm"] {
        fs::remove_file(graph.join(name)).unwrap();
    }
    fs::copy(backup, graph.join("wg.db")).unwrap();
    world.fails(3, &["show", "t"]);
    let found = world.wg(&["doctor"]);
    assert!(
        found.stdout.contains("agent-1: the graph does not know it, but its files are there"),
        "{found:?}"
    );
    world.ok(&["doctor", "--fix"]);
    assert_eq!(world.agents(), []);
    assert!(graph.join("leftover/agent-1/output.log").exists());
    world.ok(&["doctor"]);
    // The next attempt of that name is a new one.
    let dispatcher = world.dispatcher();
    world.ok(&["add", "again", "-x", "echo again"]);
    testkit::wait_until("it to be done", || {
        let state = task(&world, "again")["state"].clone();
        if state == "done" { Ok(()) } else { Err(state) }
    });
    assert_eq!(world.ok(&["attempt", "output", "agent-1"]), "again\n");
    assert_eq!(dispatcher.stop(), 0);
}
