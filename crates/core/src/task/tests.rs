//! The task's machine: what each event may and may not do, and what holds over any sequence of them.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::attempt::{ExitStatus, Outcome};
use crate::effect::EffectKind;
use crate::retry::FIRST;

fn task() -> Task {
    Task::new(TaskId::slug("port the parser"), "port the parser", at(0))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(second * 1_000_000_000)
}

fn after(task: Task, event: TaskEvent) -> Task {
    step(task, event, at(100)).expect("this event is allowed here").state
}

fn end(task: &Task, outcome: Outcome) -> TaskEvent {
    let attempt = task.history.last.expect("it was started");
    TaskEvent::Ended(AttemptEnd {
        attempt,
        fence: task.history.fence,
        outcome,
        first_pause: FIRST,
        max_attempts: 3,
        jitter: 0,
    })
}

fn bad() -> Outcome {
    Outcome::ExitedBadly { status: ExitStatus::Code(1) }
}

#[test]
fn a_bad_exit_waits_and_the_last_one_fails() {
    let mut now = task();
    for (number, pause) in [(1, 30), (2, 60)] {
        now = after(
            Task { times: Times { not_before: None, ..now.times.clone() }, ..now },
            TaskEvent::Started(AttemptRef(number)),
        );
        let ending = end(&now, bad());
        now = after(now, ending);
        assert_eq!(now.state, TaskState::Open);
        assert_eq!(now.times.not_before, Some(at(100 + pause)));
    }
    now.times.not_before = None;
    now = after(now, TaskEvent::Started(AttemptRef(3)));
    let ending = end(&now, bad());
    now = after(now, ending);
    assert_eq!(now.state, TaskState::Failed { reason: "exited badly (exit 1); attempt 3 of 3".into() });
    assert_eq!(now.times.completed_at, Some(at(100)));
    let again = after(now, TaskEvent::Reopened { resume: true });
    assert_eq!((again.state, again.history.spent, again.history.attempts), (TaskState::Open, 0, 3));
}

#[test]
fn lost_and_outage_cost_no_attempt_and_the_third_loss_asks_a_person() {
    let mut now = task();
    for number in 1..=3 {
        now = after(now, TaskEvent::Started(AttemptRef(number)));
        let ending = end(&now, Outcome::Lost { reason: "gone".into() });
        now = after(now, ending);
        assert_eq!(now.history.spent, 0);
    }
    assert!(matches!(now.state, TaskState::Waiting { on: Wait::Person(_) }));
    now = after(after(now, TaskEvent::Reopened { resume: true }), TaskEvent::Started(AttemptRef(4)));
    let ending = end(&now, Outcome::Outage { reason: "503".into() });
    now = after(now, ending);
    assert_eq!((now.state, now.history.lost, now.history.spent), (TaskState::Open, 0, 0));
}

#[test]
fn a_report_with_an_old_fence_changes_nothing() {
    let first = after(task(), TaskEvent::Started(AttemptRef(1)));
    let stale = end(&first, Outcome::Done { summary: None });
    let abandoned = after(first, TaskEvent::Abandoned(None));
    assert_eq!(after(abandoned.clone(), stale.clone()), abandoned);
    let second =
        after(after(abandoned, TaskEvent::Reopened { resume: true }), TaskEvent::Started(AttemptRef(2)));
    assert_eq!(after(second.clone(), stale), second);
}

#[test]
fn a_person_who_ends_a_running_task_ends_its_attempt() {
    for event in [TaskEvent::Done(None), TaskEvent::Failed("no".into()), TaskEvent::Abandoned(None)] {
        let running = after(task(), TaskEvent::Started(AttemptRef(1)));
        let fence = running.history.fence;
        let step = step(running, event, at(100)).expect("a person may");
        assert_eq!(step.effects, [EffectKind::Kill]);
        assert!(step.state.history.fence > fence && step.state.state.is_final());
    }
}

#[test]
fn refusals_name_the_way_out() {
    let running = after(task(), TaskEvent::Started(AttemptRef(7)));
    let refused = step(running, TaskEvent::Claimed("ann".into()), at(1)).expect_err("it is held");
    assert_eq!(refused.to_string(), "port-the-parser is held by agent-7");
    assert_eq!(refused.hint().as_deref(), Some("wg kill agent-7"));
    let done = after(task(), TaskEvent::Done(None));
    let refused = step(done, TaskEvent::Done(None), at(1)).expect_err("it is done");
    assert_eq!(refused.to_string(), "port-the-parser is done already");
    assert!(step(task(), TaskEvent::Reopened { resume: true }, at(1)).is_err(), "nothing to reopen");
    let later = Task { times: Times { not_before: Some(at(900)), ..task().times }, ..task() };
    assert!(step(later, TaskEvent::Started(AttemptRef(1)), at(1)).is_err());
}

#[test]
fn what_is_used_up_starts_again_only_with_a_higher_budget() {
    let spent = Outcome::TaskBudget { reason: "the task's budget: 100 of 100 tokens used".into() };
    let mut now = task();
    now.run.budget.tokens = Some(100);
    now = after(now, TaskEvent::Started(AttemptRef(1)));
    now.history.count(&Usage { input: 60, output: 40, model: Some("m".into()), ..Usage::default() });
    let ending = end(&now, spent);
    now = after(now, ending);
    assert_eq!((&now.state, now.history.spent, now.history.used.model.as_ref()), (&TaskState::Open, 0, None));
    let start = TaskEvent::Started(AttemptRef(2));
    let refused = step(now.clone(), start.clone(), at(100)).expect_err("nothing is left");
    assert_eq!(
        refused.to_string(),
        "port-the-parser can't start: its budget of 100 tokens is used up (100 used)"
    );
    assert_eq!(refused.hint().as_deref(), Some("wg edit port-the-parser --budget-tokens N"));
    assert_eq!(step(now.clone(), TaskEvent::Reopened { resume: true }, at(100)), Err(refused));
    now.run.budget.tokens = Some(101);
    assert_eq!(after(now.clone(), start.clone()).live_attempt(), Some(AttemptRef(2)));
    now.run.budget = Cap { tokens: None, cost_micros: Some(1) };
    assert_eq!(now.cost_left(), Some(1));
    assert!(step(now.clone(), start.clone(), at(100)).is_ok(), "a cost that nobody told is none");
    now.history.count(&Usage { cost_micros: Some(3), ..Usage::default() });
    assert_eq!(now.cost_left(), Some(0));
    let hint = step(now, start, at(100)).expect_err("nothing is left").hint();
    assert_eq!(hint.as_deref(), Some("wg edit port-the-parser --budget-cost AMOUNT"));
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done { summary: None }),
        Just(bad()),
        Just(Outcome::NoWork),
        Just(Outcome::TimedOut),
        Just(Outcome::Failed { reason: "f".into() }),
        Just(Outcome::Lost { reason: "l".into() }),
        Just(Outcome::Cancelled { reason: "c".into() }),
        Just(Outcome::Waiting { on: Wait::Message }),
        Just(Outcome::Configuration { reason: "x".into() }),
        Just(Outcome::TaskBudget { reason: "b".into() }),
    ]
}

fn events() -> impl Strategy<Value = TaskEvent> {
    prop_oneof![
        Just(TaskEvent::Claimed("ann".into())),
        Just(TaskEvent::Unclaimed),
        Just(TaskEvent::Done(None)),
        Just(TaskEvent::Failed("no".into())),
        Just(TaskEvent::Abandoned(None)),
        Just(TaskEvent::Waits(Wait::Message)),
        any::<bool>().prop_map(|resume| TaskEvent::Reopened { resume }),
        Just(TaskEvent::Paused),
        Just(TaskEvent::Resumed),
        (1..9_u64).prop_map(|n| TaskEvent::Started(AttemptRef(n))),
        Just(TaskEvent::WaitOver(None)),
        Just(TaskEvent::WaitOver(Some("never".into()))),
        (1..9_u64, 0..12_u64, outcomes()).prop_map(|(attempt, fence, outcome)| TaskEvent::Ended(
            AttemptEnd {
                attempt: AttemptRef(attempt),
                fence: Fence(fence),
                outcome,
                first_pause: FIRST,
                max_attempts: 3,
                jitter: 0,
            }
        )),
    ]
}

proptest! {
    /// Over any events: a fence only grows, attempts are only counted up, a fact is never refused, an
    /// attempt starts only on an open task, and one that loses its task without ending is told to end.
    #[test]
    fn what_holds_over_any_sequence(events in prop::collection::vec(events(), 1..40)) {
        let mut now = task();
        let mut clock = at(100);
        for event in events {
            clock = clock.plus(Duration::from_secs(1_000));
            let before = now.clone();
            let fact = matches!(event, TaskEvent::Ended(_) | TaskEvent::WaitOver(_));
            let ended = matches!(event, TaskEvent::Ended(_));
            let started = matches!(event, TaskEvent::Started(_));
            match step(now.clone(), event, clock) {
                Err(_) => prop_assert!(!fact, "a fact was refused"),
                Ok(step) => {
                    now = step.state;
                    prop_assert!(now.history.fence >= before.history.fence);
                    prop_assert!(now.history.attempts >= before.history.attempts);
                    prop_assert!(now.history.spent <= 3);
                    if started {
                        prop_assert_eq!(&before.state, &TaskState::Open);
                        prop_assert!(now.history.fence > before.history.fence);
                    }
                    if before.live_attempt().is_some() && now.live_attempt().is_none() && !ended {
                        prop_assert!(step.effects.contains(&EffectKind::Kill));
                        prop_assert!(now.history.fence > before.history.fence);
                    }
                    prop_assert_eq!(now.state.is_final(), now.times.completed_at.is_some());
                }
            }
        }
    }
}
