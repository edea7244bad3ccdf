//! Every exit class of `supervision.md` that a shell command can reach.

use std::fs;

use rustix::process::Signal;
use testkit::wait_until;

use crate::{classes, show, until, until_state, world};

#[test]
fn done() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", &world.agent(&["count runs", "say made it"])]);
    let shown = until_state(&world, "work", "done");
    assert_eq!(classes(&shown), ["done"]);
    assert_eq!(world.runs("runs").len(), 1);
    let output = fs::read_to_string(world.graph().join("attempts/agent-1/output.log")).unwrap();
    assert_eq!(output, "made it\n");
    assert!(world.agents().is_empty());
}

#[test]
fn reported_done_whatever_its_exit_status_says() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", "wg done -m 'all of it'; exit 3"]);
    let shown = until_state(&world, "work", "done");
    assert_eq!(shown["attempts"][0]["detail"], "done: all of it");
}

#[test]
fn failed_by_its_own_word() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", "echo x >>runs; wg fail -m 'no paper left'; exit 0"]);
    world.ok(&["add", "More", "-x", "true", "--after", "work"]);
    let shown = until_state(&world, "work", "failed");
    assert_eq!(
        (classes(&shown), shown["task"]["failure"].as_str()),
        (vec!["failed".into()], Some("no paper left"))
    );
    assert_eq!(world.runs("runs").len(), 1, "no retry by itself");
    let why = world.ok(&["why", "more"]);
    assert!(why.contains("blocked by work (failed)"), "{why}");
}

#[test]
fn exited_badly_then_well() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", "mkdir once && exit 7; exit 0"]);
    let shown = until_state(&world, "work", "done");
    assert_eq!(classes(&shown), ["exited badly", "done"]);
    assert_eq!(shown["attempts"][0]["detail"], "exited badly (exit 7)");
    let log = world.ok(&["log", "work"]);
    assert!(log.contains("agent-1 exited badly (exit 7); next attempt in "), "{log}");
}

#[test]
fn exited_badly_until_its_attempts_are_used_up() {
    let world = world();
    let _dispatcher = world.dispatcher();
    let command = format!("exec {}", world.agent(&["count runs", "crash SEGV"]));
    world.ok(&["add", "Work", "-x", &command, "--max-attempts", "2"]);
    let shown = until_state(&world, "work", "failed");
    assert_eq!(classes(&shown), ["exited badly", "exited badly"]);
    assert_eq!(shown["task"]["failure"], "exited badly (signal 11); attempt 2 of 2");
    assert_eq!(world.runs("runs").len(), 2);
    // A person may ask for more.
    world.ok(&["edit", "work", "--exec", "true"]);
    world.ok(&["retry", "work"]);
    assert_eq!(classes(&until_state(&world, "work", "done")).len(), 3);
}

#[test]
fn waiting_for_a_task_frees_its_slot_and_costs_no_attempt() {
    let world = world();
    world.ok(&["config", "set", "max_agents", "1"]);
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Other", "--paused", "-x", "true"]);
    let command = "echo x >>runs; test -f seen || { touch seen; exec wg wait --task other; }";
    world.ok(&["add", "Work", "-x", command, "--max-attempts", "1"]);
    let shown = until_state(&world, "work", "waiting");
    assert_eq!(classes(&shown), ["waiting"]);
    assert_eq!(shown["task"]["waits_for"]["task"], "other");
    world.ok(&["resume", "other"]);
    let shown = until_state(&world, "work", "done");
    assert_eq!(classes(&shown), ["waiting", "done"]);
    assert_eq!(world.runs("runs").len(), 2);
}

#[test]
fn waiting_for_a_message_and_for_a_time() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Asks", "-x", "test -f asked || { touch asked; exec wg wait --message; }"]);
    world.ok(&["add", "Naps", "-x", "test -f napped || { touch napped; exec wg wait --for 300ms; }"]);
    until_state(&world, "asks", "waiting");
    assert_eq!(classes(&until_state(&world, "naps", "done")), ["waiting", "done"]);
    world.ok(&["msg", "send", "asks", "go on"]);
    assert_eq!(classes(&until_state(&world, "asks", "done")), ["waiting", "done"]);
}

#[test]
fn waiting_for_what_can_not_come_is_for_a_person() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Other"]);
    world.ok(&["add", "Work", "-x", "exec wg wait --task other"]);
    until_state(&world, "work", "waiting");
    world.ok(&["abandon", "other"]);
    let shown = until(&world, "work", "a question", |seen| seen["task"]["waits_for"]["person"].is_string());
    assert!(shown["task"]["waits_for"]["person"].as_str().unwrap().contains("other"));
}

#[test]
fn timed_out_with_all_it_started() {
    let world = world();
    let _dispatcher = world.dispatcher();
    let agent = world.agent(&["ignore-term", "double-fork ignore-term && hang", "fork hang", "hang"]);
    world.ok(&["config", "set", "stop.grace", "200ms"]);
    world.ok(&["service", "reload"]);
    world.ok(&["add", "Work", "-x", &agent, "--timeout", "500ms", "--max-attempts", "1"]);
    let shown = until_state(&world, "work", "failed");
    assert_eq!(classes(&shown), ["timed out"]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
}

#[test]
fn a_missing_shell_pauses_the_adapter_until_it_is_there() {
    let mut world = world();
    let shell = world.path("my-shell");
    world.ok(&["config", "set", "shell.program", shell.to_str().unwrap()]);
    let dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", "true", "--max-attempts", "1"]);
    let shown = until(&world, "work", "its end", |seen| classes(seen) == ["configuration"]);
    assert_eq!(shown["task"]["state"], "open", "no attempt is consumed");
    let why = world.ok(&["why", "work"]);
    assert!(why.contains("adapter shell is paused") && why.contains("my-shell"), "{why}");
    // The program comes: the next look at the configuration finds it.
    std::os::unix::fs::symlink("/bin/sh", &shell).unwrap();
    world.ok(&["service", "reload"]);
    assert_eq!(classes(&until_state(&world, "work", "done")), ["configuration", "done"]);
    // Gone again, and another configuration at the next start.
    fs::remove_file(&shell).unwrap();
    world.ok(&["add", "Again", "-x", "true"]);
    until(&world, "again", "its end", |seen| classes(seen) == ["configuration"]);
    dispatcher.stop();
    world.set("WG_SHELL_PROGRAM", "/bin/sh");
    let _dispatcher = world.dispatcher();
    assert_eq!(classes(&until_state(&world, "again", "done")), ["configuration", "done"]);
}

#[test]
fn cancelled_by_an_abandon() {
    let world = world();
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Work", "-x", &world.agent(&["setsid hang", "hang"])]);
    wait_until("two processes of the agent", || match world.agents().len() {
        0 | 1 => Err("not yet"),
        _ => Ok(()),
    });
    world.ok(&["abandon", "work", "--reason", "not wanted"]);
    let shown = until(&world, "work", "its end", |seen| classes(seen) == ["cancelled"]);
    assert_eq!(shown["task"]["state"], "abandoned");
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
}

#[test]
fn lost_with_its_shim_and_tried_again() {
    let world = world();
    let _dispatcher = world.dispatcher();
    let agent = world.agent(&["count runs", "wait-for go"]);
    world.ok(&["add", "Work", "-x", &agent, "--max-attempts", "1"]);
    for n in 1..=2 {
        let shown = until(&world, "work", "a running attempt", |seen| {
            classes(seen).len() == n && seen["attempts"][n - 1]["state"] == "running"
        });
        let shim = u32::try_from(shown["attempts"][n - 1]["pid"].as_u64().unwrap()).unwrap();
        assert!(world.marks().signal(shim, Signal::KILL));
    }
    // The tree of a killed shim is gone before the next attempt starts.
    let shown = until(&world, "work", "the third attempt", |seen| {
        classes(seen) == ["lost", "lost", "-"] && seen["attempts"][2]["state"] == "running"
    });
    assert_eq!(shown["task"]["state"], "in-progress");
    let marks: std::collections::BTreeSet<String> =
        world.agents().iter().filter_map(|agent| agent.variable("WG_ATTEMPT").map(str::to_owned)).collect();
    assert_eq!(marks.len(), 1, "{marks:?}");
    fs::write(world.path("go"), "").unwrap();
    until_state(&world, "work", "done");
    assert_eq!(world.runs("runs").len(), 3);
}

#[test]
fn lost_three_times_in_a_row_is_for_a_person() {
    let world = world();
    let _dispatcher = world.dispatcher();
    // An agent that takes its shim with it.
    world.ok(&["add", "Work", "-x", "kill -9 $PPID; sleep 60"]);
    let shown = until_state(&world, "work", "waiting");
    assert_eq!(classes(&shown), ["lost", "lost", "lost"]);
    assert!(show(&world, "work")["task"]["waits_for"]["person"].as_str().unwrap().contains("lost 3 times"));
}
