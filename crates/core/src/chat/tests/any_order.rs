//! What holds of the chat's machine over any sequence of events.

use proptest::prelude::*;

use super::*;

fn outcomes() -> impl Strategy<Value = Outcome> {
    let text = || "?".to_owned();
    prop_oneof![
        Just(badly()),
        Just(Outcome::NoWork),
        Just(Outcome::Configuration { reason: text() }),
        Just(Outcome::Outage { reason: text() }),
        Just(Outcome::RateLimited { until: None }),
        Just(Outcome::Cancelled { reason: text() }),
        Just(Outcome::Lost { reason: text() }),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let failed = |error| Said::Failed { error, text: String::new(), usage: Usage::default() };
    prop_oneof![
        3 => Just(Said::Ready),
        3 => Just(answer(None)),
        2 => Just(Said::Asks { question: questions::question("one") }),
        1 => Just(failed(TurnError::Outage)),
        1 => Just(failed(TurnError::Interrupted)),
        1 => Just(failed(TurnError::Other)),
        1 => Just(Said::Unfit { reason: GiveUp::Model, text: "?".into() }),
    ]
}

/// Of the chat's last handler, or of the one before.
fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => said().prop_map(Fact::Said),
        1 => Just(Fact::NotReady),
        1 => Just(Fact::TurnTimedOut),
        1 => Just(Fact::InterruptIgnored),
        2 => outcomes().prop_map(Fact::Ended),
    ]
}

#[derive(Debug, Clone)]
enum Fact {
    Said(Said),
    NotReady,
    TurnTimedOut,
    InterruptIgnored,
    Ended(Outcome),
}

#[derive(Debug, Clone)]
enum Move {
    Fact { own: bool, fact: Fact },
    Start,
    Other(ChatEvent),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => (prop::bool::weighted(0.8), facts()).prop_map(|(own, fact)| Move::Fact { own, fact }),
        4 => Just(Move::Start),
        3 => Just(Move::Other(ChatEvent::Delivered)),
        1 => Just(Move::Other(ChatEvent::Wanted)),
        1 => Just(Move::Other(unwanted())),
        1 => Just(Move::Other(ChatEvent::Drained(Drain::Service))),
        1 => Just(Move::Other(ChatEvent::Queued(Queued::Slot))),
        1 => Just(Move::Other(ChatEvent::Interrupted(ann()))),
        1 => Just(Move::Other(questions::told("one", Some("y")))),
        1 => Just(Move::Other(ChatEvent::Configured(HASH))),
        1 => Just(Move::Other(ChatEvent::Configured(HASH + 1))),
        1 => Just(Move::Other(ChatEvent::Held(ann()))),
        1 => Just(Move::Other(ChatEvent::Resumed)),
        1 => Just(Move::Other(archive(true))),
        1 => Just(Move::Other(ChatEvent::Restored(ann()))),
    ]
}

fn event(of: Move, before: &Chat) -> ChatEvent {
    let last = before.last.unwrap_or(AttemptRef(0));
    match of {
        Move::Other(event) => event,
        Move::Start => ChatEvent::Started {
            handler: AttemptRef(last.0 + 1),
            by: later(30),
            configuration: HASH,
            starts: Bucket::default(),
        },
        Move::Fact { own, fact } => {
            let handler = if own { last } else { AttemptRef(last.0.saturating_sub(1)) };
            let (message, jitter, paused_until) = (1, 0, None);
            match fact {
                Fact::Said(said) => ChatEvent::Said { handler, said, paused_until, jitter },
                Fact::NotReady => ChatEvent::NotReady { handler, jitter },
                Fact::TurnTimedOut => ChatEvent::TurnTimedOut { handler, message, jitter },
                Fact::InterruptIgnored => ChatEvent::InterruptIgnored { handler, message },
                Fact::Ended(outcome) => ChatEvent::Ended { handler, outcome, paused_until, jitter },
            }
        }
    }
}

fn is_fact(of: &Move) -> bool {
    matches!(of, Move::Fact { .. } | Move::Other(ChatEvent::Configured(_)))
}

/// What holds of any one step.
fn holds(before: &Situation, event: &ChatEvent, after: &Step<Situation>) -> Result<(), TestCaseError> {
    let (was, is) = (&before.chat, &after.state.chat);
    prop_assert!(was.fence <= is.fence && was.handlers <= is.handlers);
    if was.handler() != is.handler() && is.handler().is_some() {
        prop_assert!(was.handler().is_none() && was.may_run() && was.fence < is.fence);
        let started = matches!(event, ChatEvent::Started { .. });
        prop_assert!(started, "{event:?} brings a handler");
    }
    let gone = matches!(event, ChatEvent::Ended { .. });
    if was.handler().is_some() && is.handler().is_none() && !gone {
        prop_assert!(after.effects.contains(&EffectKind::Kill), "{event:?} forgets a handler that lives");
    }
    if was.is_archived() && !is.is_archived() {
        prop_assert!(matches!(event, ChatEvent::Restored(_)));
    }
    if matches!(was.state, ChatState::GaveUp { .. }) && is.may_run() {
        prop_assert!(matches!(event, ChatEvent::Resumed | ChatEvent::Configured(_)));
    }
    if is.failures < was.failures {
        let cleared = matches!(
            event,
            ChatEvent::Said { said: Said::Answer { .. }, .. }
                | ChatEvent::Resumed
                | ChatEvent::Configured(_)
                | ChatEvent::Restored(_)
        );
        prop_assert!(cleared, "{event:?} clears the count");
    }
    prop_assert!(is.failures <= FAILURES && (is.failures < FAILURES || !is.is_stirring()));
    let is_idle = is.turn().is_none() && was.turn().is_some();
    prop_assert!(!is_idle || is.open_questions().next().is_none(), "{event:?} leaves a question open");
    let marks = before.message.as_ref().zip(after.state.message.as_ref());
    if let Some((was, is)) = marks.filter(|(was, _)| was.state == InboxState::Answered) {
        prop_assert_eq!(was, is);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever comes in whatever order: facts are never refused, and the invariants of the machine hold.
    #[test]
    fn what_holds_over_any_sequence(moves in prop::collection::vec(moves(), 1..40)) {
        let mut now = in_state(ChatState::Dormant);
        now.message = Some(InboxRow { number: 1, kills: 0, deliveries: 0, state: InboxState::Waiting });
        for made in moves {
            let (fact, event) = (is_fact(&made), event(made, &now.chat));
            let time = now.chat.not_before.unwrap_or(NOW);
            match step(now.clone(), event.clone(), time) {
                Ok(step) => {
                    holds(&now, &event, &step)?;
                    now = step.state;
                }
                Err(refused) => prop_assert!(!fact, "{event:?}: {refused}"),
            }
        }
    }
}
