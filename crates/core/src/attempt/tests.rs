//! The attempt's machine: reports, stops and ends, in any order.

use proptest::prelude::*;

use super::*;
use crate::chat::{GiveUp, Said, TurnError};
use crate::effect::EffectKind;
use crate::usage::{Cap, Met, Usage};

fn attempt() -> Attempt {
    Attempt {
        reference: AttemptRef(7),
        task: TaskId::slug("t"),
        kind: AttemptKind::Work,
        number: 1,
        fence: Fence(3),
        nonce: 0xab,
        adapter: "shell".into(),
        model: None,
        host: "box".into(),
        state: AttemptState::Starting,
        created_at: Timestamp::from_nanos(0),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress::default(),
    }
}

fn stop() -> AttemptEvent {
    AttemptEvent::StopAsked(Stop {
        by: Actor::User("ann".into()),
        at: Timestamp::from_nanos(1),
        why: "enough".into(),
    })
}

fn ended(seen: Outcome) -> AttemptEvent {
    AttemptEvent::Ended { seen, at: Timestamp::from_nanos(9) }
}

fn badly() -> Outcome {
    Outcome::ExitedBadly { status: ExitStatus::Signal(9) }
}

fn run(events: Vec<AttemptEvent>) -> Outcome {
    let last = events.into_iter().fold(attempt(), |now, event| step(now, event).expect("allowed").state);
    last.outcome().expect("it ended").clone()
}

#[test]
fn a_mark_names_attempt_fence_and_nonce() {
    assert_eq!(attempt().mark(), "agent-7.3.00000000000000ab");
}

#[test]
fn a_report_goes_before_what_was_seen_and_before_a_later_stop() {
    let done = AttemptEvent::Reported(Report::Done(Some("it works".into())));
    assert_eq!(run(vec![done.clone(), ended(badly())]), Outcome::Done { summary: Some("it works".into()) });
    assert_eq!(
        run(vec![done.clone(), stop(), ended(badly())]),
        Outcome::Done { summary: Some("it works".into()) }
    );
    assert_eq!(run(vec![stop(), ended(badly())]), Outcome::Cancelled { reason: "enough (user:ann)".into() });
    assert_eq!(run(vec![ended(badly())]), badly());
    let stopped = step(attempt(), stop()).expect("allowed").state;
    assert!(step(stopped, done).is_err(), "a report after a stop comes too late");
}

fn heard(parsed: u64, said: Vec<Said>) -> AttemptEvent {
    heard_within(Budget::default(), parsed, said)
}

fn heard_within(budget: Budget, parsed: u64, said: Vec<Said>) -> AttemptEvent {
    let by = (Actor::Dispatcher("box".into()), Timestamp::from_nanos(4));
    AttemptEvent::Heard { said, parsed, cap: Cap { tokens: Some(1_000), cost_micros: None }, budget, by }
}

fn used(input: u64) -> Usage {
    Usage { input, ..Usage::default() }
}

fn failed(error: TurnError) -> Said {
    Said::Failed { error, text: "it said no".into(), usage: used(5) }
}

fn answer(text: &str) -> Said {
    Said::Answer { message: None, text: text.into(), usage: used(7) }
}

#[test]
fn what_kept_an_agent_from_working_goes_before_how_it_left_and_after_everything_else() {
    let limited = Outcome::RateLimited { until: None };
    let away = Outcome::Outage { reason: "it said no".into() };
    let unfit = Said::Unfit { reason: GiveUp::Auth, text: String::new() };
    let no_work = || Outcome::NoWork;
    for (said, seen, expected) in [
        (failed(TurnError::RateLimited { until: None }), badly(), limited.clone()),
        (failed(TurnError::RateLimited { until: None }), no_work(), limited),
        (failed(TurnError::Outage), badly(), away),
        (unfit, badly(), Outcome::Configuration { reason: GiveUp::Auth.to_string() }),
        (failed(TurnError::RateLimited { until: None }), Outcome::TimedOut, Outcome::TimedOut),
        (failed(TurnError::Other), badly(), badly()),
        (failed(TurnError::Interrupted), no_work(), no_work()),
        (answer("all right"), no_work(), no_work()),
    ] {
        assert_eq!(run(vec![heard(9, vec![said.clone()]), ended(seen)]), expected, "{said:?}");
    }
    let trouble = heard(9, vec![failed(TurnError::Outage)]);
    let done = AttemptEvent::Reported(Report::Done(None));
    let summary = Some("it said no".to_owned());
    assert_eq!(run(vec![trouble.clone(), done, ended(badly())]), Outcome::Done { summary });
    let cancelled = Outcome::Cancelled { reason: "enough (user:ann)".into() };
    assert_eq!(run(vec![trouble.clone(), stop(), ended(badly())]), cancelled);
    // A provider that came back is no trouble any more.
    assert_eq!(run(vec![trouble, heard(12, vec![answer("done")]), ended(badly())]), badly());
}

#[test]
fn what_an_agent_said_is_taken_in_once() {
    let told = heard(9, vec![Said::Ready, Said::Session { id: "s".into() }, answer("hello")]);
    let once = step(attempt(), told.clone()).expect("a fact").state;
    assert!(once.progress.ready && once.progress.over);
    assert_eq!((once.progress.usage(), once.progress.words.as_deref()), (used(7), Some("hello")));
    let twice = step(once.clone(), told).expect("a fact").state;
    assert_eq!(once, twice);
    // One who did not hear the beginning of a turn takes nothing back of what was told, and counts nothing twice.
    let told = [5, 9, 2, 3].map(|count| Said::Used { usage: used(count) });
    let more = step(once.clone(), heard(10, told.to_vec())).expect("a fact").state;
    assert_eq!(more.progress.usage(), used(16));
    let end = Said::Answer { message: None, text: String::new(), usage: used(8) };
    assert_eq!(step(more, heard(11, vec![end])).expect("a fact").state.progress.usage(), used(16));
    // A failure that does not say what its turn used is counted by what was told before.
    let flight = step(once, heard(10, vec![Said::Used { usage: used(3) }])).expect("a fact").state;
    assert_eq!(flight.progress.usage(), used(10));
    let silent = Said::Failed { error: TurnError::Other, text: String::new(), usage: Usage::default() };
    let after = step(flight, heard(11, vec![silent])).expect("a fact").state;
    assert_eq!((after.progress.usage(), after.progress.words.as_deref()), (used(10), Some("hello")));
    // One that tells nothing but its cost has used what it told before all the same.
    let flight = step(after, heard(12, vec![Said::Used { usage: used(4) }])).expect("a fact").state;
    let dear = Usage { cost_micros: Some(9), ..Usage::default() };
    let stopped = Said::Failed { error: TurnError::Other, text: String::new(), usage: dear };
    let after = step(flight, heard(13, vec![stopped])).expect("a fact").state;
    assert_eq!(after.progress.usage(), Usage { cost_micros: Some(9), ..used(14) });
}

#[test]
fn an_attempt_that_reaches_its_cap_is_ended_once_and_its_task_waits_for_a_person() {
    let below = step(attempt(), heard(5, vec![Said::Used { usage: used(999) }])).expect("a fact");
    assert!(below.effects.is_empty() && below.state.stop.is_none());
    let over = step(below.state, heard(6, vec![Said::Used { usage: used(1_000) }])).expect("a fact");
    assert_eq!(over.effects, [EffectKind::Kill]);
    let more = step(over.state, heard(7, vec![Said::Used { usage: used(2_000) }])).expect("a fact");
    assert!(more.effects.is_empty(), "it is asked for once");
    let end = step(more.state, ended(badly())).expect("a fact").state;
    assert_eq!(
        end.outcome(),
        Some(&Outcome::Budget { reason: "1000 of 1000 tokens used".into(), until: None })
    );
    // What it used in its last words is beyond stopping.
    let last = step(
        attempt(),
        heard(5, vec![Said::Answer { message: None, text: "done".into(), usage: used(5_000) }]),
    );
    assert!(last.expect("a fact").effects.is_empty());
    // One that stopped there by itself.
    let own = Said::Failed { error: TurnError::Other, text: "too much".into(), usage: used(1_000) };
    let stopped = Outcome::Budget { reason: "1000 of 1000 tokens used".into(), until: None };
    assert_eq!(run(vec![heard(5, vec![own]), ended(badly())]), stopped);
}

#[test]
fn a_tasks_budget_is_what_is_left_of_it_and_leaves_the_task_open() {
    let budget = |tokens, before| Budget {
        most: Cap { tokens: Some(tokens), cost_micros: None },
        before: used(before),
    };
    let said = |input| vec![Said::Used { usage: used(input) }];
    let outcome = |budget, input| run(vec![heard_within(budget, 5, said(input)), ended(badly())]);
    assert_eq!(outcome(budget(500, 400), 99), badly());
    let of_task = Outcome::TaskBudget { reason: "the task's budget: 500 of 500 tokens used".into() };
    assert_eq!(outcome(budget(500, 400), 100), of_task);
    // Of two bounds that are met at once the one that a person raises says what follows.
    let both = Outcome::TaskBudget { reason: "the task's budget: 1400 of 1200 tokens used".into() };
    assert_eq!(outcome(budget(1_200, 400), 1_000), both);
    let own = Outcome::Budget { reason: "1000 of 1000 tokens used".into(), until: None };
    assert_eq!(outcome(budget(9_000, 400), 1_000), own);
    // A program that stopped by itself once it was met, and one that was done with it.
    let failure = vec![Said::Failed { error: TurnError::Other, text: "too much".into(), usage: used(100) }];
    assert_eq!(run(vec![heard_within(budget(500, 400), 5, failure), ended(badly())]), of_task);
    let answer = Said::Answer { message: None, text: "done".into(), usage: used(5_000) };
    assert_eq!(run(vec![heard_within(budget(500, 400), 5, vec![answer]), ended(badly())]), badly());
}

#[test]
fn a_budget_that_is_lowered_below_what_is_used_ends_whoever_is_still_at_it() {
    let by = (Actor::User("ann".into()), Timestamp::from_nanos(6));
    let lowered = || AttemptEvent::BudgetMet { met: Met::Tokens { used: 9, most: 5 }, by: by.clone() };
    let stopped = step(attempt(), lowered()).expect("a fact");
    assert_eq!(stopped.effects, [EffectKind::Kill]);
    let again = step(stopped.state.clone(), lowered()).expect("a fact");
    assert_eq!((again.effects, &again.state), (vec![], &stopped.state), "it is asked for once");
    let of_task = Outcome::TaskBudget { reason: "the task's budget: 9 of 5 tokens used".into() };
    assert_eq!(run(vec![lowered(), ended(badly())]), of_task);
    for before in
        [AttemptEvent::Reported(Report::Done(None)), stop(), heard(3, vec![answer("done")]), ended(badly())]
    {
        let before = step(attempt(), before).expect("allowed").state;
        let after = step(before.clone(), lowered()).expect("a fact");
        assert_eq!((after.effects, after.state), (vec![], before));
    }
}

fn events() -> impl Strategy<Value = AttemptEvent> {
    let shim = ProcessIdentity { boot: "b".into(), pid_namespace: 1, pid: 2, start_time: 3 };
    prop_oneof![
        Just(AttemptEvent::Started { shim, at: Timestamp::from_nanos(5) }),
        Just(AttemptEvent::Reported(Report::Done(None))),
        Just(AttemptEvent::Reported(Report::Failed("no".into()))),
        Just(stop()),
        (0u64..20, 0u64..2_000)
            .prop_map(|(parsed, input)| heard(parsed, vec![Said::Used { usage: used(input) }])),
        (0u64..9).prop_map(|through| AttemptEvent::Told { through }),
        Just(AttemptEvent::BudgetMet {
            met: Met::Tokens { used: 9, most: 5 },
            by: (Actor::User("ann".into()), Timestamp::from_nanos(6)),
        }),
        Just(heard(8, vec![Said::Ready, failed(TurnError::Outage)])),
        Just(ended(badly())),
        Just(ended(Outcome::Lost { reason: "gone".into() })),
    ]
}

proptest! {
    /// A finished attempt never changes, and facts are never refused.
    #[test]
    fn finished_is_finished(events in prop::collection::vec(events(), 1..20)) {
        let mut now = attempt();
        for event in events {
            let fact = matches!(event, AttemptEvent::Started { .. } | AttemptEvent::Told { .. } | AttemptEvent::Heard { .. } | AttemptEvent::BudgetMet { .. } | AttemptEvent::Ended { .. });
            let before = now.clone();
            match step(now.clone(), event) {
                Ok(step) => now = step.state,
                Err(_) => prop_assert!(!fact),
            }
            if !before.is_live() {
                prop_assert_eq!(&now, &before);
            }
        }
    }
}
