//! The recovery plan as a table, and what a dispatcher that starts makes of it.

use wg_core::attempt::{Attempt, AttemptState, ExitStatus, Outcome, Stop};
use wg_core::command::Command;
use wg_core::id::{Actor, AttemptRef};
use wg_core::task::TaskState;
use wg_core::time::Timestamp;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::{Finding, Findings, Shim, Step, Stray, decide, plan};

use crate::world::{World, ends, shim, spawns, started};

pub fn finding(world: &mut World, attempt: AttemptRef) -> Finding {
    Finding {
        attempt: world.attempt(attempt),
        barred: None,
        started: true,
        exit: None,
        shim: Shim::Alive(shim(attempt)),
    }
}

fn stopped(mut attempt: Attempt) -> Attempt {
    let by = Actor::User("ann".into());
    attempt.stop = Some(Stop { by, at: Timestamp::default(), why: "enough".into() });
    attempt
}

fn running(mut attempt: Attempt) -> Attempt {
    attempt.state = AttemptState::Running { since: Timestamp::default() };
    attempt
}

#[test]
fn what_is_found_says_what_follows() {
    let (mut world, attempt) = World::running("a");
    let whole = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(0)));
    let mut half = whole.clone();
    half.tree_gone = false;
    let base = finding(&mut world, attempt);
    let gone = Finding { shim: Shim::Gone, ..base.clone() };
    let unsure = Shim::Unknown("frozen".into());
    let cases: Vec<(&str, Finding, &str)> = vec![
        ("it runs", base.clone(), "adopt"),
        ("its end is wanted", Finding { attempt: stopped(base.attempt.clone()), ..base.clone() }, "end"),
        ("it is over", Finding { exit: Some(whole.clone()), ..gone.clone() }, "record"),
        ("it is over, its shim lingers", Finding { exit: Some(whole.clone()), ..base.clone() }, "record"),
        ("over and unsure", Finding { exit: Some(whole), shim: unsure.clone(), ..base.clone() }, "record"),
        ("it left processes", Finding { exit: Some(half.clone()), ..gone.clone() }, "end"),
        (
            "unsure with a record",
            Finding { exit: Some(half), shim: unsure.clone(), ..base.clone() },
            "unknown",
        ),
        ("unsure", Finding { shim: unsure.clone(), ..base.clone() }, "unknown"),
        (
            "unsure, and its end is wanted",
            Finding { shim: unsure, attempt: stopped(base.attempt.clone()), ..base.clone() },
            "unknown",
        ),
        ("its shim was killed", gone.clone(), "end"),
        ("never started", Finding { started: false, ..gone.clone() }, "launch"),
        (
            "never started, barred",
            Finding { started: false, barred: Some("no".into()), ..gone.clone() },
            "end",
        ),
        (
            "said to run, without any mark of it",
            Finding { started: false, attempt: running(base.attempt), ..gone },
            "end",
        ),
    ];
    for (name, finding, expected) in cases {
        let step = match decide(&finding) {
            Step::Adopt(_) => "adopt",
            Step::Record(_) => "record",
            Step::End { .. } => "end",
            Step::Launch => "launch",
            Step::Unknown { .. } => "unknown",
        };
        assert_eq!(step, expected, "{name}");
    }
}

#[test]
fn a_plan_reads_as_sentences_the_first_attempt_first() {
    let (mut world, attempt) = World::running("a");
    let live = finding(&mut world, attempt);
    let stray = Attempt { reference: AttemptRef(0), ..live.attempt.clone() };
    let findings = Findings {
        attempts: vec![live],
        strays: vec![Stray { attempt: stray, processes: vec![shim(attempt)] }],
    };
    let repairs = plan(&findings);
    let lines: Vec<String> = repairs.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "agent-0 (a): end what is left of it, because it is over, but 1 of its processes are there",
            "agent-1 (a) runs: go on with it",
        ]
    );
    assert_eq!(repairs.iter().map(|repair| repair.is_well()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_running_agent_is_adopted_watched_and_told_of() {
    let (mut world, attempt) = World::running("a");
    world.add("b", &["a"]);
    let found = finding(&mut world, attempt);
    let effects = world.restart(Findings { attempts: vec![found], strays: Vec::new() });
    assert!(effects.contains(&HostEffect::Watch { attempt, shim: Some(shim(attempt)) }));
    assert!(spawns(&effects).is_empty() && ends(&effects).is_empty());
    world.pass(std::time::Duration::from_secs(1));
    world.handle(vec![Event::TimerDue]);
    assert_eq!(world.attempt(attempt).shim, Some(shim(attempt)));
    let gone = world.exited(attempt, 0);
    assert_eq!(started(&world.handle(vec![gone])), ["b"]);
}

#[test]
fn an_exit_while_no_dispatcher_ran_is_recorded_at_the_start() {
    let (mut world, attempt) = World::running("a");
    world.add("b", &["a"]);
    let exit = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(0)));
    let found = Finding { exit: Some(exit), shim: Shim::Gone, ..finding(&mut world, attempt) };
    let effects = world.restart(Findings { attempts: vec![found], strays: Vec::new() });
    assert_eq!(started(&effects), ["b"]);
    assert_eq!(world.state("a"), TaskState::Done);
    assert!(world.operations().ends_with(&["dispatcher started", "ended", "start"]));
}

#[test]
fn a_kill_that_died_half_way_is_finished() {
    let (mut world, attempt) = World::running("a");
    world.command(Command::Kill { attempts: vec![attempt], why: "enough".into() });
    let found = finding(&mut world, attempt);
    let effects = world.restart(Findings { attempts: vec![found], strays: Vec::new() });
    assert_eq!(ends(&effects), [attempt]);
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(matches!(world.outcome(attempt), Outcome::Cancelled { .. }));
}

#[test]
fn a_launch_that_may_not_be_any_more_is_given_up_under_its_lock() {
    let mut world = World::slots(4);
    world.add("a", &[]);
    world.changed();
    let attempt = AttemptRef(1);
    world.command(Command::Abandon { tasks: vec![crate::world::task_id("a")], reason: None });
    let found = Finding {
        barred: Some("its end was asked for".into()),
        started: false,
        shim: Shim::Gone,
        ..finding(&mut world, attempt)
    };
    let effects = world.restart(Findings { attempts: vec![found], strays: Vec::new() });
    assert_eq!((ends(&effects), spawns(&effects).len()), (vec![attempt], 0));
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(!world.attempt(attempt).is_live());
}

#[test]
fn processes_of_an_attempt_that_is_over_are_ended_and_shown_where_that_cannot_be_told() {
    let (mut world, attempt) = World::running("a");
    let gone = world.exited(attempt, 0);
    world.handle(vec![gone]);
    let stray = Stray { attempt: world.attempt(attempt), processes: vec![shim(attempt)] };
    let effects = world.restart(Findings { attempts: Vec::new(), strays: vec![stray] });
    assert_eq!(ends(&effects), [attempt]);
    world.handle(vec![Event::EndCarriedOut { attempt, result: Err("it stays".into()) }]);
    assert_eq!(world.dispatcher.status().unknown[0].attempt, attempt);
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(None) }]);
    assert!(world.dispatcher.status().unknown.is_empty());
}

#[test]
fn nothing_is_started_before_it_is_known_what_runs() {
    let mut world = World::unstarted(wg_dispatch::config::DispatchConfig::default());
    world.add("a", &[]);
    assert!(world.handle(vec![Event::StoreChanged, Event::Poked]).is_empty());
    assert!(world.attempts().is_empty());
}
