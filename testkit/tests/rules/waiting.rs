//! Tasks that are set aside, and what brings them back.

use wg_core::command::Command;
use wg_core::rejection::Rejection;
use wg_core::task::{TaskState, Wait};

use crate::world::{World, dispatcher, id, seconds};

#[test]
fn a_message_opens_a_task_that_waits_for_one_and_no_other() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    world.does(Command::Wait { task: id("a"), on: Wait::Message });
    world.does(Command::Wait { task: id("b"), on: Wait::Task(id("a")) });
    for name in ["a", "b"] {
        world.does(Command::PostMessage { task: id(name), body: "go on".into() });
    }
    assert_eq!(world.state("a"), TaskState::Open);
    assert_eq!(world.state("b"), TaskState::Waiting { on: Wait::Task(id("a")) });
}

#[test]
fn a_wait_that_can_not_end_asks_a_person() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    world.does(Command::Wait { task: id("a"), on: Wait::Task(id("b")) });
    world.does(Command::Abandon { tasks: vec![id("b")], reason: None });
    assert_eq!(
        world.state("a"),
        TaskState::Waiting { on: Wait::Person("it waited for b, which is abandoned".into()) }
    );
    world.does(Command::Retry { tasks: vec![id("a")] });
    assert_eq!(world.state("a"), TaskState::Open);
}

#[test]
fn a_time_that_has_come_is_told_by_the_dispatcher() {
    let mut world = World::new();
    world.add("a", &[]);
    let until = world.now.plus(seconds(100));
    world.does(Command::Wait { task: id("a"), on: Wait::Until(until) });
    assert_eq!(world.read(|read| read.next_due(until.min(until))), None, "due is not to come");
    let now = world.now;
    assert_eq!(world.read(|read| read.next_due(now)), Some(until));
    assert_eq!(world.read(|read| read.waits_due(until, 10)), [id("a")]);
    world.ask(&dispatcher(), Command::WaitOver { task: id("a"), never: None }).unwrap();
    assert_eq!(world.state("a"), TaskState::Open);
}

#[test]
fn there_is_no_waiting_for_oneself_or_the_past() {
    let mut world = World::new();
    world.add("a", &[]);
    world.add("b", &[]);
    world.done("b");
    let past = world.now;
    for on in [Wait::Task(id("a")), Wait::Task(id("b")), Wait::Until(past)] {
        assert!(matches!(world.refused(Command::Wait { task: id("a"), on }), Rejection::Nothing(_)));
    }
}
