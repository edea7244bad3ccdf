//! What can't be told is shown, and never taken for dead.

use std::time::Duration;

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::command::Command;
use wg_core::id::AttemptRef;
use wg_dispatch::control::message::Stage;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::{Finding, Shim};

use crate::world::{World, ends, examines, only_spawn, shim, spawns};

fn unknown(attempt: AttemptRef) -> Event {
    Event::EndCarriedOut { attempt, result: Err("process 7 can't be looked at".into()) }
}

/// One whose kill could not be shown to have worked.
fn world() -> (World, AttemptRef) {
    let (mut world, attempt) = World::running("a");
    world.command(Command::Kill { attempts: vec![attempt], why: "enough".into() });
    world.changed();
    let effects = world.handle(vec![unknown(attempt)]);
    assert!(effects.contains(&HostEffect::Watch { attempt, shim: None }));
    (world, attempt)
}

#[test]
fn it_keeps_its_slot_is_shown_and_is_not_recorded() {
    let (mut world, attempt) = world();
    assert!(world.attempt(attempt).is_live());
    let status = world.dispatcher.status();
    assert_eq!(status.running[0].stage, Stage::Unknown);
    assert_eq!(status.unknown[0].why, "process 7 can't be looked at");
    world.pass(Duration::from_secs(86_400));
    for event in [Event::Poked, Event::StoreChanged, Event::TimerDue] {
        assert!(world.handle(vec![event]).iter().all(|effect| matches!(effect, HostEffect::Log(_))));
    }
}

#[test]
fn it_is_looked_at_again_when_its_lock_is_free_the_clock_jumps_or_somebody_asks() {
    let (mut first, attempt) = world();
    assert_eq!(ends(&first.handle(vec![Event::ShimGone { attempt, exit: None }])), [attempt]);
    first.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(matches!(first.outcome(attempt), Outcome::Cancelled { .. }));
    assert!(first.dispatcher.status().unknown.is_empty());

    let (mut second, attempt) = world();
    let exit = second.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(9)));
    second.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
    assert!(!second.attempt(attempt).is_live());

    let config = world().0.config;
    for event in [Event::ClockJumped, Event::ConfigChanged(Box::new(config))] {
        let (mut third, attempt) = world();
        assert_eq!(examines(&third.handle(vec![event])), [attempt]);
        let finding = Finding {
            attempt: third.attempt(attempt),
            barred: None,
            started: true,
            exit: None,
            shim: Shim::Alive(shim(attempt)),
        };
        assert_eq!(ends(&third.handle(vec![Event::Examined(Box::new(finding))])), [attempt]);
    }
}

#[test]
fn a_predecessor_that_cannot_be_told_gone_keeps_the_next_from_starting() {
    let (mut world, first) = World::running("a");
    let exit = world.exit(first, EndedBy::Refused { why: "no".into() }, None);
    let effects = world.handle(vec![Event::ShimGone { attempt: first, exit: Some(exit) }]);
    assert_eq!(ends(&effects), [first]);
    let effects = world.handle(vec![unknown(first)]);
    assert!(spawns(&effects).is_empty());
    let status = world.dispatcher.status();
    assert!(status.unknown[0].why.starts_with("agent-1, which came before it"), "{:?}", status.unknown);
    assert!(spawns(&world.handle(vec![Event::Poked])).is_empty());
    // Its lock is free: one more look, which shows it.
    let effects = world.handle(vec![Event::ShimGone { attempt: first, exit: None }]);
    assert_eq!(ends(&effects), [first]);
    let effects = world.handle(vec![Event::EndCarriedOut { attempt: first, result: Ok(None) }]);
    assert_eq!(only_spawn(&effects).attempt.reference, AttemptRef(2));
}
