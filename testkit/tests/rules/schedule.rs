//! What starts next.

use wg_core::attempt::Outcome;
use wg_core::budget::Bucket;
use wg_core::command::{Command, NewTask};
use wg_core::policy::{Policy, Rule};
use wg_core::schedule::{Plan, Planned, plan};
use wg_core::task::{Priority, RunSpec};

use crate::world::{World, id, seconds};

fn chosen(world: &mut World, max_agents: usize, default: Option<&str>) -> Plan {
    let policy = Policy {
        max_agents,
        default_adapter: default.map(str::to_owned),
        adapters: vec!["shell".into(), "other".into()],
        ..Policy::default()
    };
    planned(world, &policy)
}

fn planned(world: &mut World, policy: &Policy) -> Plan {
    let now = world.now;
    world.read(|read| {
        let running = read.live_attempts()?.len();
        plan(read, policy, running, &mut Bucket::default(), now)
    })
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.starts.iter().map(|start| start.task.as_str()).collect()
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
    let planned = Planned { task: id("think"), adapter: "other".into(), model: None };
    assert_eq!(chosen(&mut world, 4, Some("other")).starts, [planned]);
}

#[test]
fn rules_say_what_works_on_tagged_tasks_and_who_is_paused_stands_in_nobodys_way() {
    let mut world = World::new();
    let mut add = |title: &str, tags: &[&str], model: Option<&str>| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let run = RunSpec { model: model.map(str::to_owned), ..RunSpec::default() };
        world.does(Command::Add(Box::new(NewTask { title: title.into(), tags, run, ..NewTask::default() })));
    };
    for n in 0..20 {
        add(&format!("stuck-{n}"), &["docs"], None);
        add(&format!("people-{n}"), &[], None);
    }
    add("hard", &["hard"], None);
    add("own", &["hard"], Some("small"));
    add("both", &["hard", "docs"], None);
    let rule = |tag: &str, adapter: &str, model: Option<&str>| Rule {
        tag: tag.into(),
        adapter: Some(adapter.into()),
        model: model.map(str::to_owned),
    };
    let policy = Policy {
        max_agents: 9,
        rules: vec![rule("docs", "slow", None), rule("hard", "other", Some("large"))],
        adapters: vec!["slow".into(), "other".into()],
        ..Policy::default()
    };
    let of = |plan: &Plan, adapter: &str| -> Vec<(String, Option<String>)> {
        let starts = plan.starts.iter().filter(|start| start.adapter == adapter);
        starts.map(|start| (start.task.to_string(), start.model.clone())).collect()
    };
    let plan = planned(&mut world, &policy);
    assert_eq!((of(&plan, "slow").len(), of(&plan, "other").len()), (9, 0), "the oldest go first");
    // Nobody of the twenty that stand before them can start.
    let other =
        vec![("hard".to_owned(), Some("large".to_owned())), ("own".to_owned(), Some("small".to_owned()))];
    let unknown = Policy { adapters: vec!["other".into()], ..policy.clone() };
    assert_eq!(of(&planned(&mut world, &unknown), "other"), other);
    let started = world.try_start_with("stuck-0", "slow").unwrap().attempts[0];
    let attempt = world.attempt(started);
    world.ends(&attempt, Outcome::Configuration { reason: "not logged in".into() });
    let plan = planned(&mut world, &policy);
    assert_eq!((of(&plan, "slow").len(), of(&plan, "other")), (0, other));
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
