//! How attempts end, and what follows.

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::command::Command;
use wg_core::task::{TaskState, Wait};
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::Event;
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::{Finding, Shim};

use crate::world::{World, ends, examines, only_spawn, shim, spawns, task_id, timer};

#[test]
fn every_exit_record_has_its_class() {
    let cases = [
        (EndedBy::Process, Some(ExitStatus::Code(0)), "done"),
        (EndedBy::Process, Some(ExitStatus::Code(3)), "exited badly"),
        (EndedBy::Process, Some(ExitStatus::Signal(11)), "exited badly"),
        (EndedBy::Process, None, "lost"),
        (EndedBy::Deadline, Some(ExitStatus::Signal(15)), "timed out"),
        (EndedBy::Stop, Some(ExitStatus::Signal(15)), "exited badly"),
        (EndedBy::SpawnFailed { errno: Some(2), text: "no /bin/sh".into() }, None, "configuration"),
        (EndedBy::Refused { why: "the graph can't be read".into() }, None, "lost"),
    ];
    for (ended_by, status, class) in cases {
        let (mut world, attempt) = World::running("a");
        let exit = world.exit(attempt, ended_by.clone(), status);
        world.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
        assert_eq!(world.outcome(attempt).class(), class, "{ended_by:?} {status:?}");
        let live = world.attempts().iter().filter(|attempt| attempt.is_live()).count();
        assert_eq!(world.open_effects(), live, "only what was started anew is still to be launched");
    }
}

#[test]
fn the_exit_record_of_another_run_says_nothing() {
    let (mut world, attempt) = World::running("a");
    let mut exit = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(0)));
    exit.run.nonce ^= 1;
    let effects = world.handle(vec![Event::ExitSeen { attempt, exit: exit.clone() }]);
    assert!(effects.is_empty(), "{effects:?}");
    let effects = world.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
    assert_eq!(examines(&effects), [attempt], "its shim is gone without a record of its own");
    assert!(world.attempt(attempt).is_live());
}

#[test]
fn bad_exits_are_retried_with_a_growing_pause_until_there_are_no_attempts_left() {
    let mut world = World::new(DispatchConfig { max_attempts: 3, ..DispatchConfig::default() });
    world.add("a", &[]);
    let mut effects = world.changed();
    let mut pauses = Vec::new();
    loop {
        if let [before] = ends(&effects)[..] {
            effects = world.handle(vec![Event::EndCarriedOut { attempt: before, result: Ok(None) }]);
        }
        let attempt = only_spawn(&effects).attempt.reference;
        let gone = world.exited(attempt, 1);
        effects = world.handle(vec![gone]);
        let Some(due) = timer(&effects).flatten() else { break };
        pauses.push(due.since(world.now).as_secs());
        world.now = due;
        effects = world.handle(vec![Event::TimerDue]);
    }
    assert!(matches!(pauses[..], [24..=36, 48..=72]), "{pauses:?}");
    let TaskState::Failed { reason } = world.state("a") else { panic!("no attempts are left") };
    assert!(reason.contains("attempt 3 of 3"), "{reason}");
}

#[test]
fn what_a_worker_reported_goes_before_how_it_left() {
    let (mut world, attempt) = World::running("a");
    world.report(attempt, Command::Done { tasks: vec![task_id("a")], summary: Some("all of it".into()) });
    let gone = world.exited(attempt, 9);
    world.handle(vec![gone]);
    assert_eq!(world.outcome(attempt), Outcome::Done { summary: Some("all of it".into()) });

    let (mut world, attempt) = World::running("a");
    world.report(attempt, Command::Fail { tasks: vec![task_id("a")], reason: "can't".into() });
    let gone = world.exited(attempt, 0);
    world.handle(vec![gone]);
    assert_eq!(world.state("a"), TaskState::Failed { reason: "can't".into() });

    let (mut world, attempt) = World::running("a");
    world.report(attempt, Command::Wait { task: task_id("a"), on: Wait::Message });
    let gone = world.exited(attempt, 0);
    world.handle(vec![gone]);
    assert_eq!(world.state("a"), TaskState::Waiting { on: Wait::Message });
}

#[test]
fn a_record_that_is_poked_before_the_shim_leaves_is_enough() {
    let (mut world, attempt) = World::running("a");
    let exit = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(0)));
    world.handle(vec![Event::ExitSeen { attempt, exit: exit.clone() }]);
    assert_eq!(world.state("a"), TaskState::Done);
    let before = world.operations().len();
    assert!(world.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]).is_empty());
    assert_eq!(world.operations().len(), before);
}

#[test]
fn a_record_that_proves_nothing_has_the_rest_ended_first() {
    let (mut world, attempt) = World::running("a");
    let mut exit = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(0)));
    exit.tree_gone = false;
    let effects = world.handle(vec![
        Event::ExitSeen { attempt, exit: exit.clone() },
        Event::ShimGone { attempt, exit: Some(exit.clone()) },
    ]);
    assert_eq!(ends(&effects), [attempt]);
    assert!(world.attempt(attempt).is_live());
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(Some(exit)) }]);
    assert_eq!(world.state("a"), TaskState::Done);
}

#[test]
fn a_shim_without_a_record_is_lost_only_after_proof() {
    let (mut world, attempt) = World::running("a");
    let effects = world.handle(vec![Event::ShimGone { attempt, exit: None }]);
    assert_eq!((examines(&effects), ends(&effects)), (vec![attempt], vec![]));
    assert!(world.attempt(attempt).is_live());
    let finding = Finding {
        attempt: world.attempt(attempt),
        barred: None,
        started: true,
        exit: None,
        shim: Shim::Gone,
    };
    let effects = world.handle(vec![Event::Examined(Box::new(finding))]);
    assert_eq!(ends(&effects), [attempt]);
    assert!(world.attempt(attempt).is_live());
    let effects = world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(matches!(world.outcome(attempt), Outcome::Lost { .. }));
    // It is tried again, under a new fence, at once, but behind its predecessor's proof.
    assert_eq!((ends(&effects), world.task("a").history.spent), (vec![attempt], 0));
}

#[test]
fn a_shim_that_left_because_another_one_holds_the_attempt_ends_nothing() {
    let (mut world, attempt) = World::running("a");
    world.handle(vec![Event::ShimGone { attempt, exit: None }]);
    let finding = Finding {
        attempt: world.attempt(attempt),
        barred: None,
        started: false,
        exit: None,
        shim: Shim::Alive(shim(attempt)),
    };
    let effects = world.handle(vec![Event::Examined(Box::new(finding))]);
    assert!(ends(&effects).is_empty() && spawns(&effects).is_empty());
    let gone = world.exited(attempt, 0);
    world.handle(vec![gone]);
    assert_eq!(world.state("a"), TaskState::Done);
}

#[test]
fn a_shim_that_left_without_starting_anything_is_not_asked_for_again() {
    let (mut world, attempt) = World::running("a");
    world.handle(vec![Event::ShimGone { attempt, exit: None }]);
    let finding = Finding {
        attempt: world.attempt(attempt),
        barred: None,
        started: false,
        exit: None,
        shim: Shim::Gone,
    };
    let effects = world.handle(vec![Event::Examined(Box::new(finding))]);
    assert_eq!((ends(&effects), spawns(&effects).len()), (vec![attempt], 0));
}

#[test]
fn events_that_come_twice_or_in_another_order_change_nothing() {
    let (mut world, attempt) = World::running("a");
    let gone = world.exited(attempt, 0);
    let up = world.spawned(attempt);
    world.handle(vec![gone.clone(), up.clone(), gone.clone()]);
    let operations = world.operations();
    let strange = vec![
        up,
        gone,
        Event::SpawnFailed { attempt, why: "late".into() },
        Event::EndCarriedOut { attempt, result: Ok(None) },
        Event::ShimGone { attempt, exit: None },
        Event::StoreChanged,
        Event::Poked,
        Event::TimerDue,
    ];
    assert!(spawns(&world.handle(strange)).is_empty());
    assert_eq!(world.operations(), operations);
    assert_eq!(world.state("a"), TaskState::Done);

    // The end of a shim before it was told that it is up.
    let mut world = World::slots(4);
    world.add("a", &[]);
    let attempt = only_spawn(&world.changed()).attempt.reference;
    let gone = world.exited(attempt, 0);
    let up = world.spawned(attempt);
    world.handle(vec![gone]);
    world.handle(vec![up]);
    assert_eq!(world.state("a"), TaskState::Done);
    assert!(world.dispatcher.attempts().next().is_none());
}
