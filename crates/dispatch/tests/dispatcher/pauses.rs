//! What keeps everything, or an adapter, from starting.

use wg_agents::{AdapterConfig, ProgramFacts, Registry};
use wg_core::command::Command;
use wg_core::id::AttemptRef;
use wg_core::task::TaskState;
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::files::EndedBy;

use crate::world::{World, ends, only_spawn, spawns, started};

fn programs(modified: i64) -> Event {
    let facts = ProgramFacts { path: Some("/bin/sh".into()), modified: Some(modified), executable: true };
    let registry = Registry::new(AdapterConfig::default());
    let none = registry.names().into_iter().map(|name| (name.to_owned(), ProgramFacts::default()));
    Event::Programs(none.chain([("shell".to_owned(), facts)]).collect())
}

fn asks_for_programs(effects: &[HostEffect]) -> bool {
    effects.iter().any(|effect| matches!(effect, HostEffect::FindPrograms(_)))
}

#[test]
fn paused_dispatching_starts_nothing_and_ends_are_recorded_all_the_same() {
    let (mut world, attempt) = World::running("a");
    world.command(Command::PauseDispatch);
    world.add("b", &[]);
    assert!(spawns(&world.changed()).is_empty());
    assert!(world.dispatcher.status().paused.is_some());
    let gone = world.exited(attempt, 0);
    assert!(spawns(&world.handle(vec![gone])).is_empty());
    assert_eq!(world.state("a"), TaskState::Done);
    world.command(Command::ResumeDispatch);
    assert_eq!(started(&world.changed()), ["b"]);
}

/// A missing shell, found out by the first of two tasks.
fn without_shell() -> World {
    let mut world = World::slots(1);
    world.handle(vec![programs(1)]);
    world.add("a", &[]);
    world.add("b", &[]);
    let attempt = only_spawn(&world.changed()).attempt.reference;
    let missing = EndedBy::SpawnFailed { errno: Some(2), text: "/bin/sh: not found".into() };
    let exit = world.exit(attempt, missing, None);
    let effects = world.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
    assert!(spawns(&effects).is_empty(), "its adapter is paused");
    assert_eq!(world.task("a").history.spent, 0);
    world
}

#[test]
fn a_missing_program_pauses_its_adapter_until_the_program_changes() {
    let mut world = without_shell();
    assert!(world.dispatcher.status().adapters["shell"].reason.contains("not found"));
    let effects = world.handle(vec![Event::Poked]);
    assert!(asks_for_programs(&effects));
    assert!(spawns(&world.handle(vec![programs(1)])).is_empty(), "nothing has changed");
    world.handle(vec![Event::Poked]);
    let effects = world.handle(vec![programs(2)]);
    // The task that was tried goes behind its own proof, or the other one starts.
    assert_eq!(spawns(&effects).len() + ends(&effects).len(), 1);
    assert!(world.dispatcher.status().adapters.is_empty());
}

#[test]
fn or_until_a_person_says_so() {
    let mut world = without_shell();
    world.command(Command::ResumeAdapter { adapter: "shell".into() });
    let effects = world.changed();
    assert_eq!(spawns(&effects).len() + ends(&effects).len(), 1);
}

#[test]
fn or_until_another_program_is_configured() {
    let mut world = without_shell();
    let mut config = DispatchConfig { max_agents: 1, ..DispatchConfig::default() };
    config.adapters.shell.program = "/bin/dash".into();
    let effects = world.handle(vec![Event::ConfigChanged(Box::new(config))]);
    assert!(asks_for_programs(&effects));
    let effects = world.handle(vec![programs(1)]);
    assert_eq!(spawns(&effects).len() + ends(&effects).len(), 1);
}

#[test]
fn a_raised_number_of_slots_counts_at_once_and_a_lowered_one_ends_nobody() {
    let mut world = World::slots(1);
    for id in ["a", "b", "c"] {
        world.add(id, &[]);
    }
    assert_eq!(spawns(&world.changed()).len(), 1);
    let slots = |max_agents| {
        Event::ConfigChanged(Box::new(DispatchConfig { max_agents, ..DispatchConfig::default() }))
    };
    assert_eq!(spawns(&world.handle(vec![slots(3)])).len(), 2);
    let effects = world.handle(vec![slots(1)]);
    assert!(spawns(&effects).is_empty() && ends(&effects).is_empty());
    assert_eq!(world.dispatcher.attempts().count(), 3);
    assert!(world.attempt(AttemptRef(3)).is_live());
}
