//! Ends that somebody asks for: kill, abandon, and a dispatcher that leaves.

use wg_core::attempt::{AttemptState, ExitStatus, Outcome};
use wg_core::command::Command;
use wg_core::id::AttemptRef;
use wg_core::task::TaskState;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::{Finding, Findings, Shim};

use crate::world::{World, ends, only_spawn, spawns, started, task_id};

fn kill(world: &mut World, attempt: AttemptRef) {
    world.command(Command::Kill { attempts: vec![attempt], why: "enough".into() });
}

fn leaves(effects: &[HostEffect]) -> bool {
    effects.contains(&HostEffect::Leave)
}

#[test]
fn a_kill_that_nobody_carried_out_is_carried_out_and_the_task_stays_paused() {
    let (mut world, attempt) = World::running("a");
    kill(&mut world, attempt);
    let effects = world.changed();
    assert_eq!(ends(&effects), [attempt]);
    assert!(ends(&world.handle(vec![Event::Poked])).is_empty(), "once is enough");
    assert!(world.attempt(attempt).is_live());
    let exit = world.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(15)));
    let events = vec![
        Event::ShimGone { attempt, exit: Some(exit.clone()) },
        Event::EndCarriedOut { attempt, result: Ok(Some(exit)) },
    ];
    assert!(spawns(&world.handle(events)).is_empty());
    assert_eq!(world.outcome(attempt), Outcome::Cancelled { reason: "enough (user:ann)".into() });
    let task = world.task("a");
    assert!(task.paused && task.state == TaskState::Open);
    assert_eq!(world.open_effects(), 0);
}

#[test]
fn a_kill_while_its_shim_is_being_started_ends_it_as_soon_as_it_is_up() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    let attempt = only_spawn(&world.changed()).attempt.reference;
    kill(&mut world, attempt);
    assert!(ends(&world.changed()).is_empty());
    let up = world.spawned(attempt);
    assert_eq!(ends(&world.handle(vec![up])), [attempt]);
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(matches!(world.outcome(attempt), Outcome::Cancelled { .. }));
}

#[test]
fn abandoned_while_starting_it_ends_and_a_reopened_task_waits_until_it_is_gone() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    let first = only_spawn(&world.changed()).attempt.reference;
    world.command(Command::Abandon { tasks: vec![task_id("a")], reason: None });
    world.command(Command::Reopen { tasks: vec![task_id("a")] });
    assert!(spawns(&world.changed()).is_empty(), "its last attempt is not gone yet");
    let up = world.spawned(first);
    assert_eq!(ends(&world.handle(vec![up])), [first]);
    let effects = world.handle(vec![Event::EndCarriedOut { attempt: first, result: Ok(None) }]);
    // Gone, and recorded; the next attempt asks for the same proof once more.
    assert_eq!(ends(&effects), [first]);
    let effects = world.handle(vec![Event::EndCarriedOut { attempt: first, result: Ok(None) }]);
    assert_eq!(only_spawn(&effects).attempt.number, 2);
}

#[test]
fn a_kill_before_the_predecessor_is_gone_starts_nothing() {
    let (mut world, first) = World::running("a");
    let exit = world.exit(first, EndedBy::Refused { why: "no".into() }, None);
    world.handle(vec![Event::ShimGone { attempt: first, exit: Some(exit) }]);
    let second = AttemptRef(2);
    kill(&mut world, second);
    assert_eq!(ends(&world.changed()), [second], "no earlier dispatcher's shim may start it either");
    assert!(
        spawns(&world.handle(vec![Event::EndCarriedOut { attempt: first, result: Ok(None) }])).is_empty()
    );
    world.handle(vec![Event::EndCarriedOut { attempt: second, result: Ok(None) }]);
    assert!(matches!(world.outcome(second), Outcome::Cancelled { .. }));
}

#[test]
fn a_task_said_done_by_a_person_has_its_agent_ended() {
    let (mut world, attempt) = World::running("a");
    world.command(Command::Done { tasks: vec![task_id("a")], summary: None });
    assert_eq!(ends(&world.changed()), [attempt]);
    let exit = world.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(9)));
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(Some(exit)) }]);
    assert_eq!(world.state("a"), TaskState::Done);
    assert!(!world.attempt(attempt).is_live());
}

#[test]
fn leaving_starts_nothing_ends_nothing_and_tells_what_runs() {
    let (mut world, attempt) = World::running("a");
    world.add("b", &[]);
    let effects = world.handle(vec![Event::Stop { kill_agents: false, by: None, keep_chats: false }]);
    assert!(leaves(&effects) && spawns(&effects).is_empty() && ends(&effects).is_empty());
    assert!(matches!(world.attempt(attempt).state, AttemptState::Running { .. }));
    assert!(world.dispatcher.status().stopping);
}

#[test]
fn what_was_decided_but_not_launched_is_left_to_the_next_dispatcher() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    let attempt = only_spawn(&world.changed()).attempt.reference;
    // Killed before the shim was started: the next one finds nothing but the committed launch.
    let found = Finding {
        attempt: world.attempt(attempt),
        barred: None,
        started: false,
        exit: None,
        shim: Shim::Gone,
    };
    let effects = world.restart(Findings { attempts: vec![found], strays: Vec::new() });
    assert_eq!(started(&effects), ["a"]);
    assert_eq!(only_spawn(&effects).attempt.reference, attempt);
}

#[test]
fn leaving_with_agents_ends_them_all_first() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    world.add("b", &[]);
    world.changed();
    let events = vec![world.spawned(AttemptRef(1)), world.spawned(AttemptRef(2))];
    world.handle(events);
    let effects =
        world.handle(vec![Event::Stop { kill_agents: true, by: Some("user:ann".into()), keep_chats: false }]);
    assert_eq!(ends(&effects), [AttemptRef(1), AttemptRef(2)]);
    assert!(!leaves(&effects));
    let effects = world.handle(vec![Event::EndCarriedOut { attempt: AttemptRef(1), result: Ok(None) }]);
    assert!(!leaves(&effects));
    let effects = world.handle(vec![Event::EndCarriedOut {
        attempt: AttemptRef(2),
        result: Err("it is in another pid namespace".into()),
    }]);
    assert!(leaves(&effects), "what can't be told does not hold it");
    let Outcome::Cancelled { reason } = world.outcome(AttemptRef(1)) else { panic!("it was ended") };
    assert_eq!(reason, "the dispatcher was stopped with its agents (user:ann)");
    assert!(world.attempt(AttemptRef(2)).is_live());
}
