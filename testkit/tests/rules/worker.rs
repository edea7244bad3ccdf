//! What an attempt may say, and what is refused whatever its door let through.

use wg_core::attempt::Outcome;
use wg_core::command::{Command, NewTask, Patch};
use wg_core::id::Actor;
use wg_core::rejection::Rejection;
use wg_core::task::{Priority, RunSpec, TaskState};

use crate::world::{World, id};

#[test]
fn a_worker_speaks_of_its_own_task_only() {
    let mut world = World::new();
    world.add("mine", &[]);
    world.add("other", &[]);
    let attempt = world.start("mine");
    let worker = Actor::Agent(attempt.reference);
    world.ask(&worker, Command::Log { task: id("mine"), message: "half way".into() }).unwrap();
    world.ask(&worker, Command::AddArtifact { task: id("mine"), path: "out.txt".into() }).unwrap();
    world.ask(&worker, Command::PostMessage { task: id("other"), body: "mind the gap".into() }).unwrap();
    let found = NewTask { title: "found this".into(), ..NewTask::default() };
    world.ask(&worker, Command::Add(Box::new(found))).unwrap();
    assert_eq!(world.task("found-this").discovered_from, Some(id("mine")));

    let patch = Box::new(Patch { priority: Some(Priority::CRITICAL), ..Patch::default() });
    for refused in [
        Command::Log { task: id("other"), message: "x".into() },
        Command::Done { tasks: vec![id("other")], summary: None },
        Command::Done { tasks: vec![id("mine"), id("other")], summary: None },
        Command::AddArtifact { task: id("other"), path: "x".into() },
        Command::Edit { tasks: vec![id("mine")], patch },
        Command::Abandon { tasks: vec![id("mine")], reason: None },
        Command::Kill { attempts: vec![attempt.reference], why: "x".into() },
        Command::Undo { operation: None },
        Command::PauseDispatch,
        Command::Resume { tasks: vec![id("mine")] },
    ] {
        let verb = refused.verb();
        let rejection = world.ask(&worker, refused).expect_err(verb);
        assert!(matches!(rejection, Rejection::NotAllowed { .. }), "{verb}: {rejection}");
    }
    assert_eq!(world.state("other"), TaskState::Open);
}

#[test]
fn a_worker_whose_task_was_taken_away_changes_nothing_any_more() {
    let mut world = World::new();
    world.add("mine", &[]);
    let attempt = world.start("mine");
    let worker = Actor::Agent(attempt.reference);
    world.does(Command::Abandon { tasks: vec![id("mine")], reason: None });
    let before = world.task("mine");
    for command in [
        Command::Log { task: id("mine"), message: "x".into() },
        Command::Done { tasks: vec![id("mine")], summary: None },
        Command::Add(Box::new(NewTask { title: "x".into(), ..NewTask::default() })),
    ] {
        let rejection = world.ask(&worker, command).expect_err("its fence is old");
        assert!(matches!(rejection, Rejection::Stale { .. }), "{rejection}");
    }
    world.ends(&attempt, Outcome::Done { summary: None });
    assert_eq!(world.task("mine"), before);
}

#[test]
fn an_agent_of_another_adapter_can_not_leave_its_rules_through_a_command() {
    let mut world = World::new();
    world.add("mine", &[]);
    let start = wg_core::command::Start {
        task: id("mine"),
        adapter: "claude".into(),
        model: None,
        host: "box".into(),
        nonce: 1,
    };
    let receipt = world.ask(&crate::world::dispatcher(), Command::StartAttempt(start)).unwrap();
    let worker = Actor::Agent(receipt.attempts[0]);
    let run = RunSpec { exec: Some("rm -rf /".into()), ..RunSpec::default() };
    let new = NewTask { title: "free".into(), run, ..NewTask::default() };
    assert!(matches!(world.ask(&worker, Command::Add(Box::new(new))), Err(Rejection::NotAllowed { .. })));
}
