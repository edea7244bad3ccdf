//! A repeated import: what was not changed here follows its source, what was stays, and never a state.

use wg_core::command::{Command, Import, ImportedTask, Patch};
use wg_core::rejection::Rejection;
use wg_core::submit::rehearse;
use wg_core::task::{Task, TaskState};
use wg_core::time::Timestamp;

use crate::world::{World, ann, id};

fn task(name: &str, title: &str) -> ImportedTask {
    let mut task = Task::new(id(name), title, Timestamp::from_nanos(5));
    task.paused = true;
    let log = vec![(Timestamp::from_nanos(6), "old-agent".to_owned(), "began".to_owned())];
    ImportedTask { task, log, artifacts: Vec::new(), messages: Vec::new() }
}

fn import(tasks: Vec<ImportedTask>) -> Command {
    Command::Import(Box::new(Import { source: "test".into(), tasks, chats: Vec::new() }))
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let mut world = World::new();
    world.does(import(vec![task("a", "one"), task("b", "two")]));
    let before = world.read(|read| read.last_operation());
    let refused = world.refused(import(vec![task("a", "one"), task("b", "two")]));
    assert_eq!(refused, Rejection::Nothing("all 2 tasks are here already, unchanged".into()));
    assert_eq!(world.read(|read| read.last_operation()), before);
    assert_eq!(world.log("a"), ["began"]);
}

#[test]
fn local_changes_win_field_by_field_and_states_are_ours() {
    let mut world = World::new();
    world.does(import(vec![task("a", "one")]));
    let local = Patch { description: Some("ours".into()), ..Patch::default() };
    world.does(Command::Edit { tasks: vec![id("a")], patch: Box::new(local) });
    world.done("a");
    let mut again = task("a", "uno");
    again.task.description = "theirs".into();
    again.task.state = TaskState::Open;
    again.log.push((Timestamp::from_nanos(9), "old-agent".into(), "went on".into()));
    let receipt = world.does(import(vec![again.clone()]));
    assert_eq!(receipt.notes[0], "0 new, 1 changed, 0 unchanged");
    let now = world.task("a");
    assert_eq!((now.title.as_str(), now.description.as_str(), now.state), ("uno", "ours", TaskState::Done));
    assert!(world.log("a").contains(&"went on".to_owned()));
    // And once more: what they brought last time is the new base.
    assert!(matches!(world.refused(import(vec![again])), Rejection::Nothing(_)));
    assert_eq!(world.task("a").description, "ours");
}

#[test]
fn a_task_of_our_own_with_the_same_id_is_left_alone() {
    let mut world = World::new();
    world.add("a", &[]);
    let receipt = world.does(import(vec![task("a", "theirs"), task("b", "two")]));
    assert_eq!(world.task("a").title, "a");
    assert!(receipt.notes.iter().any(|note| note.contains("came from no import")), "{:?}", receipt.notes);
}

#[test]
fn a_cycle_through_what_is_here_is_refused_whole() {
    let mut world = World::new();
    let mut first = task("a", "one");
    first.task.after.insert(id("later"));
    world.does(import(vec![first]));
    let mut closing = task("later", "two");
    closing.task.after.insert(id("a"));
    assert!(matches!(world.refused(import(vec![closing])), Rejection::Cycle { .. }));
    assert!(world.find("later").is_none());
}

#[test]
fn a_dry_run_tells_and_writes_nothing_and_an_import_is_one_undo() {
    let mut world = World::new();
    let command = import(vec![task("a", "one"), task("b", "two")]);
    let now = world.now;
    let receipt = rehearse(&mut world.store, &ann(), &command, now).unwrap();
    assert_eq!(receipt.tasks, [id("a"), id("b")]);
    assert!(world.find("a").is_none());
    world.does(command);
    world.does(Command::Undo { operation: None });
    assert!(world.find("a").is_none() && world.find("b").is_none());
}
