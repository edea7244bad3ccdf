//! Dependencies: what is ready, what a cycle is, and what a broken premise stops.

use std::collections::BTreeSet;

use wg_core::command::{Command, Patch, SetPatch};
use wg_core::policy::Policy;
use wg_core::rejection::Rejection;
use wg_core::view::{Reason, Surroundings, why};

use crate::world::{World, id};

fn edge(from: &str, to: &str) -> Command {
    let after = SetPatch { add: BTreeSet::from([id(to)]), remove: BTreeSet::new() };
    Command::Edit { tasks: vec![id(from)], patch: Box::new(Patch { after, ..Patch::default() }) }
}

fn reason(world: &mut World, name: &str) -> Reason {
    let task = world.task(name);
    let policy = Policy { max_agents: 4, adapters: vec!["shell".into()], ..Policy::default() };
    let seen = Surroundings { dispatcher: true, policy };
    let now = world.now;
    world.read(|read| why(read, &task, &seen, now))
}

#[test]
fn a_cycle_is_refused_with_its_path() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &["a"]);
    world.add("c", &["b"]);
    let refused = world.refused(edge("a", "c"));
    assert_eq!(refused, Rejection::Cycle { path: ["a", "c", "b", "a"].map(id).to_vec() });
    assert_eq!(refused.to_string(), "a can't come after c: that would be a cycle");
    assert!(refused.hint().unwrap().contains("a -> c -> b -> a"));
    assert!(matches!(world.refused(edge("a", "a")), Rejection::Cycle { .. }));
    assert!(matches!(world.refused(edge("a", "nowhere")), Rejection::MissingDependency { .. }));
}

#[test]
fn done_frees_dependents_and_a_broken_premise_does_not() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &["a"]);
    assert_eq!(reason(&mut world, "b").to_string(), "blocked by a (open)");
    world.does(Command::Fail { tasks: vec![id("a")], reason: "no".into() });
    assert_eq!(reason(&mut world, "b").to_string(), "blocked by a (failed)");
    assert!(world.try_start("b").is_err());
    world.does(Command::Retry { tasks: vec![id("a")] });
    world.done("a");
    assert_eq!(reason(&mut world, "b").to_string(), "ready: waits for one of 4 slots");
    // A dependency that opens again blocks again.
    world.does(Command::Reopen { tasks: vec![id("a")] });
    assert!(matches!(reason(&mut world, "b"), Reason::Blocked(_)));
}

#[test]
fn a_task_may_not_be_its_own_ancestor() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    let under = |task: &str, parent: &str| Command::Edit {
        tasks: vec![id(task)],
        patch: Box::new(Patch { parent: Some(Some(id(parent))), ..Patch::default() }),
    };
    world.does(under("b", "a"));
    assert!(matches!(world.refused(under("a", "b")), Rejection::Invalid(_)));
    assert!(matches!(world.refused(under("a", "a")), Rejection::Invalid(_)));
}

#[test]
fn titles_that_are_alike_get_ids_of_their_own() {
    let mut world = World::new();
    for _ in 0..40 {
        world.add("same", &[]);
    }
    let all = world.read(|read| read.counts());
    assert_eq!(all.total(), 40);
    assert!(world.find("same-2").is_some());
}
