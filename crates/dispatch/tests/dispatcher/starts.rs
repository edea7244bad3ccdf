//! What is started, when, and how often it is committed.

use std::time::Duration;

use wg_core::attempt::{AttemptState, Outcome};
use wg_core::command::Command;
use wg_core::id::AttemptRef;
use wg_core::task::{RunSpec, TaskState, Wait};
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::recover::{Finding, Shim};

use crate::world::{World, ends, examines, only_spawn, spawns, started, task_id, timer};

#[test]
fn a_ready_task_is_committed_and_then_started() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    world.add("b", &["a"]);
    let effects = world.changed();
    let launch = only_spawn(&effects);
    assert_eq!((launch.attempt.number, launch.attempt.task.as_str()), (1, "a"));
    assert_eq!(launch.command.args, ["-c", "echo a"]);
    assert_eq!(launch.timeout, None);
    assert_eq!(world.attempt(launch.attempt.reference).state, AttemptState::Starting);
    assert_eq!(world.open_effects(), 1);
    assert!(world.changed().is_empty(), "its own commit is no news");
}

#[test]
fn the_launch_carries_what_is_configured_and_the_tasks_own_timeout_goes_first() {
    let mut world = World::new(DispatchConfig {
        timeout: Some(Duration::from_secs(60)),
        kill_grace: Duration::from_secs(2),
        output_cap: 77,
        env_pass: vec!["TOKEN".into()],
        ..DispatchConfig::default()
    });
    world.add("a", &[]);
    let own =
        RunSpec { exec: Some("true".into()), timeout: Some(Duration::from_secs(5)), ..RunSpec::default() };
    world.add_with("b", &[], own);
    let effects = world.changed();
    let timeouts: Vec<_> = spawns(&effects).iter().map(|launch| launch.timeout.unwrap().as_secs()).collect();
    assert_eq!(timeouts, [60, 5]);
    let launch = spawns(&effects)[0];
    assert_eq!((launch.output_cap, launch.kill_grace.as_secs()), (77, 2));
    assert_eq!(launch.env_pass, ["TOKEN"]);
}

#[test]
fn no_more_start_than_there_are_slots_and_the_first_goes_first() {
    let mut world = World::slots(2);
    for id in ["a", "b", "c", "d"] {
        world.add(id, &[]);
        world.pass(Duration::from_millis(1));
    }
    assert_eq!(started(&world.changed()), ["a", "b"]);
    assert!(world.handle(vec![Event::Poked]).is_empty(), "the slots are taken");
    // The end of one and the start of the next are one commit.
    let before = world.operations().len();
    let gone = world.exited(AttemptRef(1), 0);
    assert_eq!(started(&world.handle(vec![gone])), ["c"]);
    assert_eq!(world.operations()[before..], ["ended", "start"]);
}

#[test]
fn dependents_start_in_the_turn_that_ends_what_they_waited_for() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    world.add("b", &["a"]);
    world.add("c", &["a"]);
    world.changed();
    let gone = world.exited(AttemptRef(1), 0);
    let mut names = started(&world.handle(vec![gone]));
    names.sort();
    assert_eq!(names, ["b", "c"]);
    assert_eq!(world.state("a"), TaskState::Done);
}

#[test]
fn a_task_without_a_way_to_run_is_left_to_people_and_one_without_a_command_fails() {
    let mut world = World::slots(4);
    world.add_with("people", &[], RunSpec::default());
    let named = RunSpec { adapter: Some("shell".into()), ..RunSpec::default() };
    world.add_with("empty", &[], named);
    let unknown = RunSpec { adapter: Some("nobody".into()), ..RunSpec::default() };
    world.add_with("unknown", &[], unknown);
    assert!(spawns(&world.changed()).is_empty());
    assert_eq!(world.state("people"), TaskState::Open);
    assert_eq!(world.state("unknown"), TaskState::Open);
    assert_eq!(world.state("empty"), TaskState::Failed { reason: "the task has no command to run".into() });
}

#[test]
fn an_agent_that_is_gone_at_once_is_told_in_one_operation_and_one_that_stays_in_two() {
    let (mut world, attempt) = World::running("a");
    world.pass(Duration::from_millis(50));
    let gone = world.exited(attempt, 0);
    world.handle(vec![gone]);
    assert_eq!(world.operations(), ["dispatcher started", "add", "start", "ended"]);

    let (mut world, attempt) = World::running("a");
    let effects = world.handle(vec![Event::Poked]);
    assert_eq!(timer(&effects), None, "the timer to tell of it was set when it came up");
    world.pass(Duration::from_millis(200));
    let effects = world.handle(vec![Event::TimerDue]);
    assert_eq!(timer(&effects), None);
    let AttemptState::Running { since } = world.attempt(attempt).state else { panic!("it runs") };
    assert_eq!(world.now.since(since), Duration::from_millis(200));
    assert_eq!(world.operations(), ["dispatcher started", "add", "start", "started"]);
    assert_eq!(world.open_effects(), 0);
}

#[test]
fn a_shim_that_cannot_be_started_costs_no_attempt_and_three_in_a_row_need_a_person() {
    let mut world = World::slots(1);
    world.add("a", &[]);
    let mut effects = world.changed();
    for n in 1..=3 {
        let attempt = only_spawn(&effects).attempt.reference;
        let looks = world.handle(vec![Event::SpawnFailed { attempt, why: "no processes".into() }]);
        assert_eq!(examines(&looks), [attempt], "a shim of an earlier dispatcher may be there");
        let finding = Finding {
            attempt: world.attempt(attempt),
            barred: None,
            started: false,
            exit: None,
            shim: Shim::Gone,
        };
        assert_eq!(ends(&world.handle(vec![Event::Examined(Box::new(finding))])), [attempt]);
        effects = world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
        assert!(matches!(world.outcome(attempt), Outcome::Lost { .. }));
        if n < 3 {
            // Its predecessor is proved gone first, as for every other one.
            assert_eq!(ends(&effects), [attempt]);
            effects = world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
        }
    }
    assert_eq!(world.task("a").history.spent, 0);
    assert!(matches!(world.state("a"), TaskState::Waiting { on: Wait::Person(_) }));
}

#[test]
fn the_next_attempt_starts_only_when_the_last_ones_tree_is_proved_gone() {
    let (mut world, first) = World::running("a");
    let gone = world.exited(first, 1);
    let effects = world.handle(vec![gone]);
    let due = timer(&effects).unwrap().unwrap();
    assert!(spawns(&effects).is_empty(), "it waits for its turn");
    world.now = due;
    let effects = world.handle(vec![Event::TimerDue]);
    assert_eq!((spawns(&effects).len(), ends(&effects)), (0, vec![first]));
    let effects = world.handle(vec![Event::EndCarriedOut { attempt: first, result: Ok(None) }]);
    let second = only_spawn(&effects).attempt;
    assert_eq!((second.number, second.reference), (2, AttemptRef(2)));
    assert!(second.fence > world.attempt(first).fence);
}

#[test]
fn no_task_starts_faster_than_its_bucket_and_shell_no_faster_than_its_own() {
    let mut world = World::slots(1);
    world.add("a", &[]);
    let mut starts = 0;
    let mut effects = world.changed();
    let wait = |until| Command::Wait { task: task_id("a"), on: until };
    // An agent that asks to wait for a moment, again and again, consumes no attempt.
    while let [launch] = spawns(&effects)[..] {
        starts += 1;
        let attempt = launch.attempt.reference;
        let until = world.now.plus(Duration::from_millis(1));
        world.report(attempt, wait(Wait::Until(until)));
        world.pass(Duration::from_millis(2));
        let gone = world.exited(attempt, 0);
        effects = world.handle(vec![gone]);
        if let [before] = ends(&effects)[..] {
            effects = world.handle(vec![Event::EndCarriedOut { attempt: before, result: Ok(None) }]);
        }
    }
    assert_eq!(starts, 5);
    let again = world.task("a").times.not_before.unwrap();
    assert!(again.since(world.now) > Duration::from_secs(50));
    assert_eq!(timer(&effects), Some(Some(again)));

    let mut world = World::slots(2_000);
    for n in 0..600 {
        world.add(&format!("t{n}"), &[]);
    }
    let effects = world.changed();
    assert_eq!(spawns(&effects).len(), 500);
    let soon = timer(&effects).unwrap().unwrap();
    assert!(soon.since(world.now) <= Duration::from_millis(2));
    world.now = soon.plus(Duration::from_millis(20));
    assert!((1..=11).contains(&spawns(&world.handle(vec![Event::TimerDue])).len()));
}

#[test]
fn a_task_that_waits_for_a_time_goes_on_then() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    let until = world.now.plus(Duration::from_secs(3_600));
    world.command(Command::Wait { task: task_id("a"), on: Wait::Until(until) });
    let effects = world.changed();
    assert!(spawns(&effects).is_empty());
    assert_eq!(timer(&effects), Some(Some(until)));
    world.now = until;
    assert_eq!(started(&world.handle(vec![Event::TimerDue])), ["a"]);
    // Set back by a day, the clock moves no deadline: what runs, runs.
    world.now = world.now.plus(Duration::ZERO);
    assert!(spawns(&world.handle(vec![Event::ClockJumped])).is_empty());
}

#[test]
fn old_files_are_looked_at_at_the_start_and_never_those_of_live_attempts() {
    let mut world = World::unstarted(DispatchConfig::default());
    world.add("a", &[]);
    let effects = world.handle(vec![Event::Recovered(Box::default())]);
    let prunable = effects.iter().find_map(|effect| match effect {
        HostEffect::Prune { prunable, .. } => Some(prunable.clone()),
        _ => None,
    });
    // What started after the decision is newer than what may be removed.
    assert_eq!(prunable.unwrap().through, AttemptRef(0));
    assert_eq!(spawns(&effects).len(), 1);
}

#[test]
fn another_hosts_attempts_are_none_of_its_business() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    let start = wg_core::command::Start {
        task: task_id("a"),
        adapter: "shell".into(),
        model: None,
        host: "elsewhere".into(),
        nonce: 3,
    };
    world.command(Command::StartAttempt(start));
    let effects = world.changed();
    assert!(spawns(&effects).is_empty() && ends(&effects).is_empty());
    world.command(Command::Kill { attempts: vec![AttemptRef(1)], why: "enough".into() });
    assert!(ends(&world.changed()).is_empty());
}
