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

#[test]
fn what_an_agent_said_last_of_its_provider_counts_though_only_doctor_records_its_end() {
    let world = world();
    // What Claude Code prints when its provider is away.
    let script = [
        "#!/bin/sh",
        "read -r initialize",
        r#"echo '{"type":"control_response","response":{"subtype":"success","request_id":"wg-initialize","response":{}}}'"#,
        "read -r prompt",
        "echo told > told",
        "until [ -e go ]; do sleep 0.02; done",
        r#"echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":500,"result":"API Error: 500","usage":{"input_tokens":7,"output_tokens":3}}'"#,
        "",
    ];
    let program = world.folder().join("claude");
    testkit::write_program(&program, &script.join("\n"));
    world.ok(&["config", "set", "claude.program", program.to_str().unwrap()]);
    world.ok(&["add", "t", "--id", "t", "--model", "claude:opus"]);
    let dispatcher = world.dispatcher();
    testkit::wait_until("it to be told its task", || match world.path("told").exists() {
        true => Ok(()),
        false => Err(world.ok(&["attempt", "list"])),
    });
    dispatcher.kill();
    fs::write(world.path("go"), "").unwrap();
    testkit::wait_until("its end to be found", || {
        let found = world.wg(&["doctor"]).stdout;
        if found.contains("agent-1 (t) is over: record how it ended") { Ok(()) } else { Err(found) }
    });
    world.ok(&["doctor", "--fix"]);
    let attempt = world.json(&["attempt", "show", "agent-1"])["attempt"].clone();
    assert_eq!(
        (&attempt["outcome"], &attempt["usage"]["output"]),
        (&"outage".into(), &3.into()),
        "{attempt:#}"
    );
    assert!(task(&world, "t")["not_before"].is_null(), "it has spent none of its attempts");
    let why = world.ok(&["why", "t"]);
    assert!(why.contains("adapter claude is paused") && why.contains("provider away"), "{why}");
    world.ok(&["doctor"]);
}
