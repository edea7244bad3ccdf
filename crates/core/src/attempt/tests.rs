//! The attempt's machine: reports, stops and ends, in any order.

use proptest::prelude::*;

use super::*;

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

fn events() -> impl Strategy<Value = AttemptEvent> {
    let shim = ProcessIdentity { boot: "b".into(), pid_namespace: 1, pid: 2, start_time: 3 };
    prop_oneof![
        Just(AttemptEvent::Started { shim, at: Timestamp::from_nanos(5) }),
        Just(AttemptEvent::Reported(Report::Done(None))),
        Just(AttemptEvent::Reported(Report::Failed("no".into()))),
        Just(stop()),
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
            let fact = matches!(event, AttemptEvent::Started { .. } | AttemptEvent::Ended { .. });
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
