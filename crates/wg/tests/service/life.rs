//! The service's own life: started, stopped, killed, restarted, and what it finds then.

use std::fs;
use std::os::unix::net::UnixListener;

use rustix::process::Signal;
use testkit::{Environment, copy_program, wait_until, write_program};

use crate::{classes, until, until_state, world};

/// Adds a task whose agent goes on until `go` is there, and waits until it runs.
fn at_work(world: &Environment, id: &str) {
    let agent = world.agent(&["count runs", "wait-for go"]);
    world.ok(&["add", "Work", "--id", id, "-x", &agent]);
    until(world, id, "its agent to run", |seen| seen["attempts"][0]["state"] == "running");
    wait_until("its first line", || if world.runs("runs").is_empty() { Err("nothing") } else { Ok(()) });
}

fn process(world: &Environment) -> u32 {
    let status = world.json(&["service", "status"]);
    u32::try_from(status["process"].as_u64().unwrap()).unwrap()
}

#[test]
fn it_starts_once_and_says_who_has_it() {
    let world = world();
    assert_eq!(world.json(&["service", "status"])["running"], false);
    let started = world.json(&["service", "start"]);
    let pid = started["process"].as_u64().unwrap();
    for arguments in [&["service", "start"][..], &["service", "start", "--foreground"]] {
        let said = world.fails(4, arguments);
        assert!(said.contains("a dispatcher runs for this graph already"), "{said}");
        assert!(said.contains(&format!("process {pid} ")), "{said}");
    }
    let status = world.json(&["service", "status"]);
    assert_eq!((status["running"].as_bool(), status["process"].as_u64()), (Some(true), Some(pid)));
    assert_eq!(status["slots"], 4);
    let stopped = world.json(&["service", "stop"]);
    assert_eq!(
        (stopped["stopped"]["process"].as_u64(), stopped["stopped"]["how"].as_str()),
        (Some(pid), Some("asked"))
    );
    assert!(world.marks().scan().is_empty(), "{:#?}", world.marks().scan());
    assert!(world.wg(&["service", "stop"]).stderr.contains("no dispatcher runs"));
}

#[test]
fn in_the_background_it_holds_nothing_of_who_started_it() {
    let world = world();
    // The output ends with the command: nobody holds the pipe, and no descriptor of the shell's.
    fs::write(world.path("held"), "").unwrap();
    let script = "exec 7<held 12<held; wg service start";
    let output = world.command("/bin/bash").args(["-c", script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let pid = process(&world);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    assert_eq!(fields[3], pid.to_string(), "it leads a session of its own");
    for fd in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let target = fs::read_link(fd.unwrap().path()).unwrap();
        assert!(!target.ends_with("held"), "{target:?}");
    }
    world.ok(&["service", "stop"]);
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let world = Environment::new(env!("CARGO_BIN_EXE_wg"));
    assert!(world.fails(3, &["service", "start"]).contains("no graph"));
    world.ok(&["init"]);
    fs::write(world.graph().join("config.toml"), "max_agent = 3\n").unwrap();
    assert!(world.fails(2, &["service", "start"]).contains("max_agent"));
    assert!(world.marks().scan().is_empty());
}

#[test]
fn a_stop_leaves_agents_alone_and_a_start_takes_them_up() {
    let world = world();
    world.ok(&["service", "start"]);
    at_work(&world, "work");
    let said = world.ok(&["service", "stop"]);
    assert!(said.contains("1 agent goes on") && said.contains("agent-1") && said.contains("work"), "{said}");
    assert!(!world.agents().is_empty());
    let status = world.json(&["service", "status"]);
    assert_eq!(
        (status["running"].as_bool(), status["agents"][0]["stage"].as_str()),
        (Some(false), Some("running"))
    );
    world.ok(&["service", "start"]);
    let status = world.json(&["service", "status"]);
    assert_eq!(status["agents"][0]["attempt"], "agent-1", "{status}");
    fs::write(world.path("go"), "").unwrap();
    assert_eq!(classes(&until_state(&world, "work", "done")), ["done"]);
    assert_eq!(world.runs("runs").len(), 1);
    world.ok(&["service", "stop"]);
}

#[test]
fn what_ends_while_nobody_looks_is_read_at_the_next_start() {
    let world = world();
    world.ok(&["service", "start"]);
    at_work(&world, "work");
    world.ok(&["service", "stop"]);
    fs::write(world.path("go"), "").unwrap();
    wait_until("its end", || if world.agents().is_empty() { Ok(()) } else { Err("it runs") });
    let exit = world.graph().join("attempts/agent-1/exit.json");
    wait_until("its exit record", || fs::metadata(&exit).map(drop));
    world.ok(&["add", "More", "-x", "true", "--after", "work"]);
    world.ok(&["service", "start"]);
    assert_eq!(classes(&until_state(&world, "work", "done")), ["done"]);
    until_state(&world, "more", "done");
    world.ok(&["service", "stop"]);
}

#[test]
fn a_restart_keeps_agents_and_is_another_process() {
    let world = world();
    world.ok(&["service", "start"]);
    at_work(&world, "work");
    let before = process(&world);
    let told = world.json(&["service", "restart"]);
    assert_eq!(
        (told["stopped"]["process"].as_u64(), told["agents"].as_u64()),
        (Some(before.into()), Some(1))
    );
    assert_ne!(process(&world), before);
    fs::write(world.path("go"), "").unwrap();
    assert_eq!(classes(&until_state(&world, "work", "done")), ["done"]);
    assert_eq!(world.runs("runs").len(), 1);
    world.ok(&["service", "stop"]);
}

#[test]
fn a_killed_dispatcher_is_succeeded() {
    let world = world();
    let dispatcher = world.dispatcher();
    at_work(&world, "work");
    dispatcher.kill();
    assert_eq!(world.json(&["service", "status"])["running"], false);
    let _dispatcher = world.dispatcher();
    fs::write(world.path("go"), "").unwrap();
    assert_eq!(classes(&until_state(&world, "work", "done")), ["done"]);
    assert_eq!(world.runs("runs").len(), 1);
}

#[test]
fn stop_with_its_agents_ends_everything() {
    let world = world();
    world.ok(&["config", "set", "stop.grace", "200ms"]);
    world.ok(&["service", "start"]);
    let agent = world.agent(&["ignore-term", "double-fork ignore-term && hang", "hang"]);
    world.ok(&["add", "Work", "-x", &agent]);
    until(&world, "work", "its agent to run", |seen| seen["attempts"][0]["state"] == "running");
    world.ok(&["service", "stop", "--kill-agents"]);
    assert!(world.marks().scan().is_empty(), "{:#?}", world.marks().scan());
    let shown = until_state(&world, "work", "open");
    assert_eq!((classes(&shown), shown["task"]["paused"].as_bool()), (vec!["cancelled".into()], Some(true)));
}

#[test]
fn agents_can_be_ended_without_a_dispatcher() {
    let world = world();
    let dispatcher = world.dispatcher();
    at_work(&world, "work");
    dispatcher.kill();
    let said = world.ok(&["service", "stop", "--kill-agents"]);
    assert!(said.contains("agent-1 of work is gone"), "{said}");
    assert!(world.marks().scan().is_empty(), "{:#?}", world.marks().scan());
    assert_eq!(classes(&until_state(&world, "work", "open")), ["cancelled"]);
}

#[test]
fn a_dispatcher_that_hangs_is_ended_by_its_identity() {
    let world = world();
    world.ok(&["service", "start"]);
    at_work(&world, "work");
    let pid = process(&world);
    assert!(world.marks().signal(pid, Signal::STOP));
    let status = world.json(&["service", "status"]);
    assert_eq!(
        (status["running"].as_bool(), status["silent"].as_bool()),
        (Some(true), Some(true)),
        "{status}"
    );
    let told = world.json(&["service", "stop"]);
    assert_eq!(told["stopped"]["process"].as_u64(), Some(pid.into()));
    assert_eq!(told["stopped"]["how"], "killed", "a stopped process does not hear SIGTERM");
    assert_eq!(told["agents"][0]["attempt"], "agent-1");
    assert!(!world.agents().is_empty());
}

#[test]
fn a_socket_that_a_dead_one_left_is_in_nobodys_way() {
    let world = world();
    fs::create_dir_all(world.graph().join("service")).unwrap();
    drop(UnixListener::bind(world.graph().join("service/daemon.sock")).unwrap());
    world.ok(&["service", "start"]);
    world.ok(&["add", "Work", "-x", "true"]);
    until_state(&world, "work", "done");
    world.ok(&["service", "stop"]);
}

#[test]
fn paused_dispatching_outlives_a_restart() {
    let world = world();
    world.ok(&["service", "start"]);
    world.ok(&["service", "pause"]);
    world.ok(&["service", "restart"]);
    world.ok(&["add", "Work", "-x", "true"]);
    assert!(world.ok(&["why", "work"]).contains("dispatching is paused"));
    assert!(world.ok(&["service", "status"]).contains("paused by user:tester"));
    assert!(world.fails(1, &["service", "pause"]).contains("paused"));
    world.ok(&["service", "resume"]);
    until_state(&world, "work", "done");
    world.ok(&["service", "stop"]);
}

#[test]
fn a_reload_takes_settings_over_and_says_what_is_wrong_with_them() {
    let world = world();
    assert!(world.fails(1, &["service", "reload"]).contains("no dispatcher runs"));
    world.ok(&["service", "start"]);
    world.ok(&["config", "set", "max_agents", "7"]);
    assert_eq!(world.json(&["service", "status"])["slots"], 4);
    world.ok(&["service", "reload"]);
    wait_until("the new setting", || match world.json(&["service", "status"])["slots"].as_u64() {
        Some(7) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    fs::write(world.graph().join("config.toml"), "max_agents = \"many\"\n").unwrap();
    assert!(world.fails(2, &["service", "reload"]).contains("max_agents"));
    fs::write(world.graph().join("config.toml"), "").unwrap();
    world.ok(&["service", "stop"]);
}

#[test]
fn a_program_that_is_replaced_meanwhile_still_starts_agents() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let copy = world.folder().join("bin/wg-copy");
    copy_program(env!("CARGO_BIN_EXE_wg"), &copy);
    let started = world.command(&copy).args(["service", "start"]).output().unwrap();
    assert!(started.status.success(), "{started:?}");
    write_program(&copy, "#!/bin/sh\nexit 1\n");
    world.ok(&["add", "Work", "-x", "true"]);
    until_state(&world, "work", "done");
    world.ok(&["service", "stop"]);
}

#[test]
fn agents_report_by_the_name_of_wg_wherever_it_lies() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let mut start = world.command(env!("CARGO_BIN_EXE_wg"));
    // Another program of that name, as WireGuard's tool is one.
    let other = world.folder().join("other");
    std::fs::create_dir(&other).unwrap();
    write_program(other.join("wg"), "#!/bin/sh\nexit 1\n");
    start.env("PATH", format!("{}:/usr/bin:/bin", other.display()));
    assert!(start.args(["service", "start"]).status().unwrap().success());
    world.ok(&["add", "Work", "-x", "wg done -m 'told by its name'"]);
    until_state(&world, "work", "done");
    let attempt = world.json(&["attempt", "show", "agent-1"])["attempt"].clone();
    assert_eq!(attempt["detail"], "done: told by its name", "{attempt:#}");
    world.ok(&["service", "stop"]);
}

#[test]
fn a_unit_is_printed() {
    let world = world();
    let unit = world.ok(&["service", "install", "--print"]);
    for line in ["KillMode=process", "Delegate=yes", "Restart=on-failure", "WantedBy=default.target"] {
        assert!(unit.lines().any(|other| other == line), "{unit}");
    }
    assert!(
        unit.contains(&format!("--dir {} service start --foreground", world.graph().display())),
        "{unit}"
    );
}
