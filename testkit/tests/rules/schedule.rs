//! What starts next.

use wg_core::budget::Bucket;
use wg_core::command::{Command, NewTask};
use wg_core::schedule::{Plan, Policy, plan};
use wg_core::task::{Priority, RunSpec};

use crate::world::{World, id, seconds};

fn chosen(world: &mut World, max_agents: usize, default: Option<&str>) -> Plan {
    let policy = Policy {
        max_agents,
        default_adapter: default.map(str::to_owned),
        adapters: vec!["shell".into(), "other".into()],
    };
    let now = world.now;
    world.read(|read| {
        let running = read.live_attempts()?.len();
        plan(read, &policy, running, &mut Bucket::default(), now)
    })
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.starts.iter().map(|(task, _)| task.as_str()).collect()
}

fn with_priority(world: &mut World, name: &str, priority: Priority) {
    let run = RunSpec { exec: Some("true".into()), ..RunSpec::default() };
    world.does(Command::Add(Box::new(NewTask { title: name.into(), priority, run, ..NewTask::default() })));
}

#[test]
fn priority_then_age_and_no_more_than_there_are_slots() {
    let mut world = World::new();
    with_priority(&mut world, "old", Priority::NORMAL);
    with_priority(&mut world, "young", Priority::NORMAL);
    with_priority(&mut world, "urgent", Priority::CRITICAL);
    with_priority(&mut world, "whenever", Priority::IDLE);
    assert_eq!(names(&chosen(&mut world, 9, None)), ["urgent", "old", "young", "whenever"]);
    assert_eq!(names(&chosen(&mut world, 2, None)), ["urgent", "old"]);
    world.start("urgent");
    assert_eq!(names(&chosen(&mut world, 2, None)), ["old"]);
    // Ninety steps of priority are worth nine hours: what has waited longer goes first after all.
    world.now = world.now.plus(seconds(10 * 3_600));
    with_priority(&mut world, "late", Priority::CRITICAL);
    assert_eq!(names(&chosen(&mut world, 9, None))[0], "old");
}

#[test]
fn what_names_no_adapter_is_for_people_unless_there_is_a_default() {
    let mut world = World::new();
    world.does(Command::Add(Box::new(NewTask { title: "think".into(), ..NewTask::default() })));
    assert!(chosen(&mut world, 4, None).starts.is_empty());
    assert_eq!(chosen(&mut world, 4, Some("other")).starts, [(id("think"), "other".to_owned())]);
}

#[test]
fn paused_and_later_tasks_wait_and_the_plan_says_when_to_look_again() {
    let mut world = World::new();
    world.add("paused", &[]);
    world.does(Command::Pause { tasks: vec![id("paused")] });
    let later = world.now.plus(seconds(500));
    let new = NewTask {
        title: "later".into(),
        not_before: Some(later),
        run: RunSpec { exec: Some("true".into()), ..RunSpec::default() },
        ..NewTask::default()
    };
    world.does(Command::Add(Box::new(new)));
    let plan = chosen(&mut world, 4, None);
    assert_eq!((plan.starts.len(), plan.look_again), (0, Some(later)));
    world.now = later;
    assert_eq!(names(&chosen(&mut world, 4, None)), ["later"]);
    world.does(Command::PauseDispatch);
    assert!(chosen(&mut world, 4, None).starts.is_empty());
    assert!(world.try_start("later").is_err());
}
