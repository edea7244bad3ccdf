//! Undo: field by field, refused where something later depends on it, and itself undoable.

use std::collections::BTreeSet;

use wg_core::command::{Command, NewTask, Patch, SetPatch};
use wg_core::id::{Actor, OpSeq};
use wg_core::rejection::Rejection;
use wg_core::task::{Priority, TaskState};

use crate::world::{World, id};

fn edit(name: &str, patch: Patch) -> Command {
    Command::Edit { tasks: vec![id(name)], patch: Box::new(patch) }
}

fn title(text: &str) -> Patch {
    Patch { title: Some(text.into()), ..Patch::default() }
}

fn undo(operation: OpSeq) -> Command {
    Command::Undo { operation: Some(operation) }
}

const LAST: Command = Command::Undo { operation: None };

#[test]
fn what_changed_later_elsewhere_stays_and_the_same_field_refuses() {
    let mut world = World::new();
    world.add("a", &[]);
    let first = world.does(edit("a", title("one"))).operation;
    world.does(edit("a", Patch { priority: Some(Priority::HIGH), ..Patch::default() }));
    world.does(undo(first));
    let task = world.task("a");
    assert_eq!((task.title.as_str(), task.priority), ("a", Priority::HIGH));

    let second = world.does(edit("a", title("two"))).operation;
    let third = world.does(edit("a", title("three"))).operation;
    let refused = world.refused(undo(second));
    assert_eq!(refused, Rejection::LaterChange { operation: second, record: "a".into(), later: third });
}

#[test]
fn bare_undo_walks_back_through_ones_own_and_an_undo_can_be_undone() {
    let mut world = World::new();
    world.add("a", &[]);
    world.does(edit("a", title("one")));
    world.does(edit("a", title("two")));
    let bob = Actor::User("bob".into());
    assert!(matches!(world.ask(&bob, LAST), Err(Rejection::NothingToUndo(_))));
    let last = world.does(LAST).operation;
    assert_eq!(world.task("a").title, "one");
    world.does(LAST);
    assert_eq!(world.task("a").title, "a");
    world.does(LAST);
    assert!(world.find("a").is_none(), "the third takes the adding back");
    assert!(matches!(world.refused(LAST), Rejection::NothingToUndo(_)));
    assert!(world.ask(&bob, undo(last)).is_err(), "a is not there any more");
}

#[test]
fn what_was_said_of_a_task_is_not_lost_by_undoing_its_adding() {
    let mut world = World::new();
    world.add("a", &[]);
    let added = world.read(|read| read.last_operation());
    world.does(Command::Log { task: id("a"), message: "note this".into() });
    let refused = world.refused(undo(added));
    let why = "a has log entries since, which would be lost";
    assert_eq!(refused.to_string(), format!("operation {added} can't be undone: {why}"));
}

#[test]
fn redo_is_undoing_the_undo() {
    let mut world = World::new();
    world.add("a", &[]);
    world.done("a");
    let undone = world.does(LAST).operation;
    assert_eq!((world.state("a"), world.task("a").times.completed_at), (TaskState::Open, None));
    world.does(undo(undone));
    assert_eq!(world.state("a"), TaskState::Done);
    assert!(world.task("a").times.completed_at.is_some());
}

#[test]
fn an_added_task_that_others_need_stays() {
    let mut world = World::new();
    world.add("a", &[]);
    let added = world.read(|read| read.last_operation());
    world.add("b", &["a"]);
    let refused = world.refused(undo(added));
    assert_eq!(refused.to_string(), format!("operation {added} can't be undone: b comes after a"));
}

#[test]
fn a_running_attempt_is_not_brought_back_and_fences_never_are() {
    let mut world = World::new();
    world.add("a", &[]);
    let attempt = world.start("a");
    world.does(Command::Abandon { tasks: vec![id("a")], reason: None });
    let fence = world.task("a").history.fence;
    world.does(LAST);
    let task = world.task("a");
    assert_eq!((task.state.clone(), task.history.fence), (TaskState::Open, fence));
    assert!(fence > attempt.fence);
}

#[test]
fn facts_name_the_verb_that_helps() {
    let mut world = World::new();
    world.add("a", &[]);
    world.start("a");
    let started = world.read(|read| read.last_operation());
    let refused = world.refused(undo(started));
    assert_eq!(refused.to_string(), format!("operation {started} (start) is a fact and can't be undone"));
    assert_eq!(refused.hint().as_deref(), Some("wg kill ends an attempt"));
    assert_eq!(world.refused(undo(OpSeq(999))), Rejection::NoOperation(OpSeq(999)));
}

#[test]
fn a_dependency_comes_back_only_where_it_closes_no_cycle() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &["a"]);
    let after = SetPatch { add: BTreeSet::new(), remove: BTreeSet::from([id("a")]) };
    let removed = world.does(edit("b", Patch { after, ..Patch::default() })).operation;
    let after = SetPatch { add: BTreeSet::from([id("b")]), remove: BTreeSet::new() };
    world.does(edit("a", Patch { after, ..Patch::default() }));
    assert!(matches!(world.refused(undo(removed)), Rejection::Cycle { .. }));
}

#[test]
fn pausing_all_is_one_operation_and_one_undo() {
    let mut world = World::new();
    for name in ["a", "b", "c"] {
        world.does(Command::Add(Box::new(NewTask { title: name.into(), ..NewTask::default() })));
    }
    world.does(Command::Pause { tasks: vec![id("a")] });
    world.does(Command::Pause { tasks: ["a", "b", "c"].map(id).to_vec() });
    world.does(LAST);
    assert_eq!(["a", "b", "c"].map(|name| world.task(name).paused), [true, false, false]);
    // What has finished since is neither paused nor resumed by an undo.
    world.does(Command::Resume { tasks: vec![id("a")] });
    world.done("a");
    let resumed = OpSeq(world.read(|read| read.last_operation()).0 - 1);
    assert!(matches!(world.refused(undo(resumed)), Rejection::Nothing(_)));
    world.does(Command::PauseDispatch);
    world.does(LAST);
    assert!(world.read(|read| read.control()).0.paused.is_none());
}
