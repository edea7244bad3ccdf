//! Attempts from start to end: retries, reports, kills, and tasks that a person takes away meanwhile.

use wg_core::attempt::{AttemptState, ExitStatus, Outcome};
use wg_core::command::Command;
use wg_core::effect::{EffectKind, EffectState};
use wg_core::id::Actor;
use wg_core::task::{Holder, TaskState, Wait};

use crate::world::{World, dispatcher, id, seconds};

fn badly() -> Outcome {
    Outcome::ExitedBadly { status: ExitStatus::Code(3) }
}

#[test]
fn a_start_claims_its_launch_and_an_end_settles_it() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    assert_eq!((attempt.number, attempt.fence.0, attempt.state.clone()), (1, 1, AttemptState::Starting));
    assert_eq!(world.state("a"), TaskState::InProgress { by: Holder::Attempt(attempt.reference) });
    let open = world.read(|read| read.open_effects());
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].effect.kind, open[0].state.clone()),
        (EffectKind::Launch, EffectState::Claimed("box".into()))
    );
    world.ends(&attempt, Outcome::Done { summary: None });
    assert_eq!(world.state("a"), TaskState::Done);
    assert!(world.read(|read| read.open_effects()).is_empty());
    let launch = world.read(|read| read.effect(attempt.reference, EffectKind::Launch)).unwrap();
    assert_eq!(launch.state, EffectState::Settled);
}

#[test]
fn an_end_told_twice_or_late_changes_nothing() {
    let mut world = World::new();
    world.add("a", &[]);
    let first = world.start("a");
    world.ends(&first, badly());
    let before = (world.task("a"), world.attempt(first.reference));
    let operations = world.read(|read| read.last_operation());
    world.ends(&first, Outcome::Done { summary: None });
    assert_eq!((world.task("a"), world.attempt(first.reference)), before);
    assert_eq!(world.read(|read| read.last_operation()), operations, "nothing to record");
    world.now = world.now.plus(seconds(60));
    let second = world.start("a");
    world.ends(&first, Outcome::Done { summary: None });
    assert_eq!(world.state("a"), TaskState::InProgress { by: Holder::Attempt(second.reference) });
    assert!(second.fence > first.fence);
}

#[test]
fn a_report_decides_whatever_the_exit_status() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    let worker = Actor::Agent(attempt.reference);
    world.ask(&worker, Command::Done { tasks: vec![id("a")], summary: Some("works".into()) }).unwrap();
    assert!(world.task("a").live_attempt().is_some(), "the task moves when the process has left");
    world.ends(&attempt, badly());
    assert_eq!(world.state("a"), TaskState::Done);
}

#[test]
fn a_killed_task_is_paused_and_no_attempt_is_spent() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    world.does(Command::Kill { attempts: vec![attempt.reference], why: "enough".into() });
    let kill = world.read(|read| read.effect(attempt.reference, EffectKind::Kill)).unwrap();
    assert_eq!(kill.state, EffectState::Pending);
    let late =
        world.ask(&Actor::Agent(attempt.reference), Command::Done { tasks: vec![id("a")], summary: None });
    assert!(late.is_err(), "a report after the kill comes too late");
    world.ends(&attempt, badly());
    let task = world.task("a");
    assert_eq!((task.state, task.paused, task.history.spent), (TaskState::Open, true, 0));
    assert!(world.try_start("a").is_err());
    world.does(Command::Resume { tasks: vec![id("a")] });
    world.start("a");
}

#[test]
fn an_abandoned_running_task_starts_no_other_until_its_attempt_is_gone() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    world.does(Command::Abandon { tasks: vec![id("a")], reason: None });
    assert!(world.task("a").history.fence > attempt.fence);
    world.does(Command::Retry { tasks: vec![id("a")] });
    let refused = world.try_start("a").expect_err("agent-1 may still run");
    assert_eq!(refused.to_string(), "a can't start: agent-1 is not gone yet");
    world.ends(&attempt, Outcome::Done { summary: None });
    assert_eq!(world.state("a"), TaskState::Open, "the old attempt's end changes nothing");
    world.start("a");
}

#[test]
fn a_missing_program_pauses_its_adapter_until_it_changes_or_a_person_resumes() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    world.ends(&attempt, Outcome::Configuration { reason: "there is no /bin/zsh".into() });
    assert_eq!(world.task("a").history.spent, 0);
    let refused = world.try_start("a").expect_err("the adapter is paused");
    assert!(refused.to_string().contains("there is no /bin/zsh"), "{refused}");
    world.ask(&dispatcher(), Command::AdapterChanged { adapter: "shell".into() }).unwrap();
    let attempt = world.start("a");
    world.ends(&attempt, Outcome::Configuration { reason: "again".into() });
    world.does(Command::ResumeAdapter { adapter: "shell".into() });
    world.start("a");
}

#[test]
fn six_starts_in_a_row_are_one_too_many() {
    let mut world = World::new();
    world.add("a", &[]);
    for _ in 0..5 {
        let attempt = world.start("a");
        world.ends(&attempt, Outcome::Outage { reason: "503".into() });
        world.does(Command::ResumeAdapter { adapter: "shell".into() });
    }
    let receipt = world.try_start("a").unwrap();
    assert!(receipt.attempts.is_empty(), "throttled, not started");
    let until = world.task("a").times.not_before.expect("it says when");
    assert!(until > world.now && until <= world.now.plus(seconds(60)));
    assert!(world.log("a").last().unwrap().starts_with("started too often"));
}

#[test]
fn a_worker_that_waits_frees_its_slot_and_its_task_opens_when_it_comes() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    let attempt = world.start("a");
    let wait = Command::Wait { task: id("a"), on: Wait::Task(id("b")) };
    world.ask(&Actor::Agent(attempt.reference), wait).unwrap();
    world.ends(&attempt, Outcome::Done { summary: None });
    assert_eq!(world.state("a"), TaskState::Waiting { on: Wait::Task(id("b")) });
    world.done("b");
    let task = world.task("a");
    assert_eq!((task.state, task.history.spent), (TaskState::Open, 0));
}

#[test]
fn what_came_between_the_report_and_the_end_is_not_waited_for() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    let attempt = world.start("a");
    let wait = Command::Wait { task: id("a"), on: Wait::Task(id("b")) };
    world.ask(&Actor::Agent(attempt.reference), wait).unwrap();
    world.done("b");
    world.ends(&attempt, Outcome::Done { summary: None });
    assert_eq!(world.state("a"), TaskState::Open);
}
