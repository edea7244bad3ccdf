//! The chat's machine: every row of the states table of `chats.md`.

mod any_order;
mod questions;

use super::step::is_over;
use super::*;
use crate::attempt::{ExitStatus, Outcome};
use crate::effect::EffectKind;
use crate::step::Step;

const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000_000);
const HANDLER: AttemptRef = AttemptRef(7);
const STALE: AttemptRef = AttemptRef(6);
const HASH: u64 = 11;

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn ann() -> Actor {
    Actor::User("ann".into())
}

fn serving() -> Serving {
    Serving::new(HANDLER, HASH)
}

/// As [`serving`], in the middle of an answer to message 1.
fn answering(interrupted: Option<Timestamp>) -> Serving {
    Serving {
        turn: Some(Turn { number: 1, message: 1, since: NOW, interrupted, used: Usage::default() }),
        ..serving()
    }
}

fn in_state(state: ChatState) -> Situation {
    let run = ChatRun { adapter: "command".into(), ..ChatRun::default() };
    let mut chat = Chat::new(ChatNumber(3), "three", run, NOW);
    chat.fence = Fence(4);
    chat.handlers = 1;
    chat.last = Some(HANDLER);
    chat.state = state;
    let message = InboxRow { number: 1, kills: 0, deliveries: 1, state: InboxState::Waiting };
    Situation { message: chat.turn().is_some().then_some(message), chat }
}

fn live() -> ChatState {
    ChatState::Live { serving: serving() }
}

fn at_a_turn() -> ChatState {
    ChatState::Live { serving: answering(None) }
}

fn lingering() -> ChatState {
    ChatState::Lingering { serving: serving(), until: later(60) }
}

fn draining(serving: Serving) -> ChatState {
    ChatState::Draining { serving, why: Drain::Service }
}

fn starting() -> ChatState {
    ChatState::Starting { handler: HANDLER, by: later(30), configuration: HASH }
}

fn backoff() -> ChatState {
    ChatState::Backoff { until: later(1) }
}

fn queued() -> ChatState {
    ChatState::Queued { why: Queued::Slot }
}

fn gave_up() -> ChatState {
    ChatState::GaveUp { reason: GiveUp::Failures, detail: "it left".into(), at: NOW, configuration: HASH }
}

fn held() -> ChatState {
    ChatState::Held { by: ann(), at: NOW }
}

fn archived() -> ChatState {
    ChatState::Archived { by: ann(), at: NOW, purged_at: None, held: false }
}

fn every_state() -> Vec<ChatState> {
    vec![
        ChatState::Dormant,
        queued(),
        starting(),
        live(),
        at_a_turn(),
        lingering(),
        draining(serving()),
        draining(answering(None)),
        backoff(),
        gave_up(),
        held(),
        archived(),
    ]
}

fn started() -> ChatEvent {
    ChatEvent::Started {
        handler: AttemptRef(8),
        by: later(30),
        configuration: HASH,
        starts: Bucket::default(),
    }
}

fn says(said: Said) -> ChatEvent {
    ChatEvent::Said { handler: HANDLER, said, paused_until: Some(later(60)), jitter: 0 }
}

fn answer(message: Option<u64>) -> Said {
    Said::Answer { message, text: "yes".into(), usage: Usage::default() }
}

fn fails(error: TurnError) -> ChatEvent {
    says(Said::Failed { error, text: String::new(), usage: Usage::default() })
}

fn ends(outcome: Outcome) -> ChatEvent {
    ChatEvent::Ended { handler: HANDLER, outcome, paused_until: Some(later(60)), jitter: 0 }
}

fn badly() -> Outcome {
    Outcome::ExitedBadly { status: ExitStatus::Signal(9) }
}

fn timed_out() -> ChatEvent {
    ChatEvent::TurnTimedOut { handler: HANDLER, message: 1, jitter: 0 }
}

fn not_ready() -> ChatEvent {
    ChatEvent::NotReady { handler: HANDLER, jitter: 0 }
}

fn unwanted() -> ChatEvent {
    ChatEvent::Unwanted { until: later(60) }
}

fn archive(purge: bool) -> ChatEvent {
    ChatEvent::Archived { by: ann(), purge }
}

fn after(situation: Situation, event: ChatEvent) -> Step<Situation> {
    step(situation, event, NOW).expect("allowed")
}

fn from(state: ChatState, event: ChatEvent) -> Step<Situation> {
    after(in_state(state), event)
}

fn row(step: &Step<Situation>) -> &InboxRow {
    step.state.message.as_ref().expect("there was a turn")
}

/// From which states an event leads where; it changes no other state.
fn leads(event: &ChatEvent, arrows: &[(ChatState, &str)]) {
    for state in every_state() {
        let before = in_state(state.clone());
        let to = step(before.clone(), event.clone(), NOW).map(|step| step.state.chat.state.name());
        let expected = arrows.iter().find(|(from, _)| *from == state).map(|(_, to)| *to);
        match (to, expected) {
            (Ok(to), Some(expected)) => assert_eq!(to, expected, "{state:?} on {event:?}"),
            (Ok(to), None) => assert_eq!(to, state.name(), "{state:?} on {event:?}"),
            (Err(refused), expected) => assert_eq!(expected, None, "{state:?}: {refused}"),
        }
    }
}

#[test]
fn a_start_leads_from_what_has_no_process_and_waits_for_nothing() {
    leads(&started(), &[(ChatState::Dormant, "starting"), (queued(), "starting"), (backoff(), "starting")]);
    let begun = from(ChatState::Dormant, started()).state.chat;
    assert_eq!((begun.fence, begun.handlers, begun.last), (Fence(5), 2, Some(AttemptRef(8))));
    let mut early = in_state(backoff());
    early.chat.not_before = Some(later(1));
    assert!(step(early.clone(), started(), NOW).is_err(), "the pause is not over");
    assert!(step(early, started(), later(1)).is_ok());
}

#[test]
fn a_pause_from_before_the_clock_was_set_back_is_over() {
    assert!(!is_over(later(72), NOW));
    assert!(is_over(later(73), NOW) && is_over(NOW, NOW));
}

#[test]
fn demand_comes_and_goes() {
    leads(&ChatEvent::Wanted, &[(lingering(), "live")]);
    leads(
        &unwanted(),
        &[(queued(), "dormant"), (backoff(), "dormant"), (live(), "lingering"), (at_a_turn(), "lingering")],
    );
    let mut counting = in_state(backoff());
    counting.chat.failures = 3;
    counting.chat.not_before = Some(later(4));
    let chat = after(counting, unwanted()).state.chat;
    assert_eq!((chat.failures, chat.not_before), (3, Some(later(4))), "both are kept without demand");
}

#[test]
fn what_has_to_wait_is_queued() {
    leads(
        &ChatEvent::Queued(Queued::Paused),
        &[(ChatState::Dormant, "queued"), (queued(), "queued"), (backoff(), "queued")],
    );
}

#[test]
fn ready_leads_from_starting_alone() {
    leads(&says(Said::Ready), &[(starting(), "live")]);
    leads(&not_ready(), &[(starting(), "backoff")]);
    assert_eq!(from(starting(), not_ready()).effects, [EffectKind::Kill]);
}

#[test]
fn a_drain_ends_a_handler_and_is_no_failure() {
    let to = "draining";
    leads(
        &ChatEvent::Drained(Drain::Room),
        &[(starting(), to), (live(), to), (at_a_turn(), to), (lingering(), to)],
    );
    assert_eq!(from(live(), ChatEvent::Drained(Drain::Idle)).effects, [EffectKind::Kill]);
    for outcome in [badly(), Outcome::NoWork, Outcome::Lost { reason: "gone".into() }] {
        let gone = from(draining(answering(None)), ends(outcome));
        assert_eq!(gone.state.chat.state, ChatState::Dormant);
        assert_eq!((gone.state.chat.failures, row(&gone).kills), (0, 0));
        assert_eq!(row(&gone).state, InboxState::Waiting, "it is delivered again");
    }
    let mid_turn = in_state(draining(answering(None)));
    assert_eq!(after(mid_turn.clone(), timed_out()).state, mid_turn, "late while leaving is no failure");
}

#[test]
fn every_death_outside_a_drain_is_a_failure() {
    for outcome in [badly(), Outcome::NoWork, Outcome::Done { summary: None }, Outcome::TimedOut] {
        for state in [starting(), live(), at_a_turn(), lingering()] {
            let chat = from(state.clone(), ends(outcome.clone())).state.chat;
            assert_eq!((chat.state.name(), chat.failures), ("backoff", 1), "{state:?} {outcome:?}");
        }
    }
    let answered = ChatState::Live { serving: Serving { answered: true, ..serving() } };
    let chat = from(answered.clone(), ends(Outcome::NoWork)).state.chat;
    assert_eq!((chat.state.name(), chat.failures), ("dormant", 0), "it had answered and left in peace");
    assert_eq!(from(answered, ends(badly())).state.chat.failures, 1);
}

#[test]
fn a_provider_is_no_reason_to_give_up() {
    for error in [TurnError::Outage, TurnError::RateLimited { until: None }] {
        let failed = from(at_a_turn(), fails(error));
        let chat = &failed.state.chat;
        assert_eq!(chat.state, ChatState::Queued { why: Queued::Adapter(Some(later(60))) });
        assert_eq!((chat.failures, row(&failed).kills), (0, 0));
        assert_eq!((row(&failed).state, failed.effects), (InboxState::Waiting, vec![EffectKind::Kill]));
    }
    for outcome in [Outcome::RateLimited { until: None }, Outcome::Outage { reason: "503".into() }] {
        let ended = from(at_a_turn(), ends(outcome));
        assert_eq!(ended.state.chat.state.name(), "queued", "it left for that");
        assert_eq!((ended.state.chat.failures, row(&ended).kills), (0, 0));
    }
    assert_eq!(from(at_a_turn(), fails(TurnError::Other)).state.chat.failures, 1);
    let unfit = says(Said::Unfit { reason: GiveUp::Auth, text: "401".into() });
    let given_up = from(starting(), unfit);
    assert_eq!((given_up.state.chat.state.name(), given_up.effects), ("gave-up", vec![EffectKind::Kill]));
}

#[test]
fn the_fifth_failure_is_the_last_and_the_pause_doubles() {
    let mut chat = in_state(ChatState::Dormant).chat;
    let mut pauses = Vec::new();
    for failures in 1..=FAILURES {
        chat.state = starting();
        chat = after(Situation { chat, message: None }, not_ready()).state.chat;
        assert_eq!(chat.failures, failures);
        if let ChatState::Backoff { until } = chat.state {
            assert_eq!(chat.not_before, Some(until));
            pauses.push(until.since(NOW).as_secs());
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
    assert_eq!(chat.state.name(), "gave-up");
}

#[test]
fn giving_up_ends_by_a_person_or_another_configuration() {
    leads(&ChatEvent::Configured(HASH), &[]);
    leads(&ChatEvent::Configured(HASH + 1), &[(gave_up(), "dormant")]);
    leads(&ChatEvent::Resumed, &[(gave_up(), "dormant"), (held(), "dormant"), (backoff(), "dormant")]);
    for event in [ChatEvent::Resumed, ChatEvent::Configured(HASH + 1)] {
        let mut before = in_state(gave_up());
        before.chat.failures = 5;
        before.chat.not_before = Some(later(8));
        let chat = after(before, event).state.chat;
        assert_eq!((chat.failures, chat.not_before), (0, None));
    }
}

#[test]
fn an_answer_ends_the_turn_and_clears_the_count() {
    let mut before = in_state(at_a_turn());
    before.chat.failures = 4;
    let answered = after(before, says(answer(None)));
    assert_eq!((row(&answered).state, answered.state.chat.failures), (InboxState::Answered, 0));
    assert!(answered.state.chat.turn().is_none());
    for (state, message) in [(live(), None), (at_a_turn(), Some(2)), (starting(), None)] {
        let before = in_state(state);
        assert_eq!(after(before.clone(), says(answer(message))).state, before, "nothing waits for that");
    }
    let leaving = from(draining(answering(None)), says(answer(Some(1))));
    assert_eq!(row(&leaving).state, InboxState::Answered, "what it says until it is gone counts");
}

#[test]
fn a_message_that_kills_three_is_set_aside() {
    let mut before = in_state(at_a_turn());
    before.message.as_mut().expect("a turn").kills = KILLS - 1;
    let third = after(before, ends(badly()));
    assert_eq!(row(&third).state, InboxState::SetAside);
    assert!(third.log.iter().any(|line| line.contains("set aside")), "{:?}", third.log);
    assert_eq!(row(&from(at_a_turn(), ends(badly()))).kills, 1);
}

#[test]
fn a_turn_whose_end_was_asked_for_is_over_however_it_ends() {
    let asked = || in_state(ChatState::Live { serving: answering(Some(NOW)) });
    let ignored = ChatEvent::InterruptIgnored { handler: HANDLER, message: 1 };
    for event in [
        ignored.clone(),
        fails(TurnError::Interrupted),
        fails(TurnError::Other),
        fails(TurnError::Outage),
        ends(badly()),
        ends(Outcome::Cancelled { reason: "left".into() }),
        timed_out(),
        ChatEvent::Held(ann()),
        archive(true),
    ] {
        let ended = after(asked(), event.clone());
        assert_eq!((row(&ended).state, row(&ended).kills), (InboxState::Answered, 0), "{event:?}");
    }
    let lingered = ChatState::Draining { serving: answering(Some(NOW)), why: Drain::Room };
    assert_eq!(row(&from(lingered, ends(badly()))).state, InboxState::Answered);
    assert_eq!(after(asked(), fails(TurnError::Other)).state.chat.failures, 0);
    assert_eq!(after(asked(), ignored.clone()).state.chat.state.name(), "draining");
    let unasked = in_state(at_a_turn());
    assert_eq!(after(unasked.clone(), ignored).state, unasked);
    assert!(step(in_state(live()), ChatEvent::Interrupted(ann()), NOW).is_err(), "it answers nothing");
}

#[test]
fn holding_and_archiving_revoke_the_handler() {
    for event in [ChatEvent::Held(ann()), archive(false), archive(true)] {
        for state in every_state() {
            let Ok(ended) = step(in_state(state.clone()), event.clone(), NOW) else {
                assert!(matches!(state, ChatState::Held { .. } | ChatState::Archived { .. }), "{state:?}");
                continue;
            };
            assert_eq!(ended.state.chat.fence, Fence(5), "{state:?} on {event:?}");
            assert_eq!(ended.effects, [EffectKind::Kill], "{state:?} on {event:?}");
            assert_eq!(ended.state.chat.handler(), None);
        }
    }
    let ChatState::Archived { purged_at, .. } = from(live(), archive(true)).state.chat.state else {
        panic!("it is archived");
    };
    assert_eq!(purged_at, Some(NOW));
}

#[test]
fn a_restored_chat_is_as_free_as_it_was() {
    leads(&ChatEvent::Restored(ann()), &[(archived(), "dormant")]);
    let mut gone = in_state(held());
    gone.chat.failures = 3;
    let back = after(after(gone, archive(true)).state, ChatEvent::Restored(ann())).state.chat;
    assert_eq!((back.state.name(), back.failures), ("held", 0));
}

#[test]
fn a_conversation_that_is_gone_is_not_asked_for_again() {
    for state in [starting(), live(), at_a_turn()] {
        let mut before = in_state(state);
        let said = says(Said::NoSession);
        before.chat.session = None;
        assert_eq!(after(before.clone(), said.clone()), Step::to(before.clone()));
        before.chat.session = Some("s-1".into());
        let gone = after(before.clone(), said);
        assert_eq!(gone.state.chat, Chat { session: None, ..before.chat });
        assert_eq!(gone.log, ["its conversation s-1 is not there any more: a new one begins"]);
    }
}

#[test]
fn a_message_is_delivered_to_a_ready_handler_one_at_a_time() {
    let waiting = |state| {
        let message = InboxRow { number: 2, kills: 0, deliveries: 0, state: InboxState::Waiting };
        Situation { message: Some(message), ..in_state(state) }
    };
    let given = after(waiting(live()), ChatEvent::Delivered);
    assert_eq!((given.state.chat.turn().map(|turn| turn.message), row(&given).deliveries), (Some(2), 1));
    for state in every_state().into_iter().filter(|state| *state != live()) {
        assert!(step(waiting(state.clone()), ChatEvent::Delivered, NOW).is_err(), "{state:?}");
    }
}

#[test]
fn what_another_handler_says_changes_nothing() {
    let said = |said| ChatEvent::Said { handler: STALE, said, paused_until: None, jitter: 0 };
    for state in every_state() {
        for event in [
            said(Said::Ready),
            said(Said::Session { id: "old".into() }),
            said(Said::NoSession),
            said(answer(Some(1))),
            said(Said::Unfit { reason: GiveUp::Auth, text: "401".into() }),
            ChatEvent::NotReady { handler: STALE, jitter: 0 },
            ChatEvent::TurnTimedOut { handler: STALE, message: 1, jitter: 0 },
            ChatEvent::InterruptIgnored { handler: STALE, message: 1 },
            ChatEvent::Ended { handler: STALE, outcome: badly(), paused_until: None, jitter: 0 },
        ] {
            let before = in_state(state.clone());
            assert_eq!(after(before.clone(), event.clone()), Step::to(before), "{state:?} on {event:?}");
        }
    }
}

#[test]
fn only_a_person_or_a_message_or_a_ping_is_demand() {
    assert!(!is_wanted(false, None, false, NOW));
    assert!(is_wanted(true, None, false, NOW) && is_wanted(false, None, true, NOW));
    assert!(is_wanted(false, Some(later(60)), false, NOW));
    assert!(!is_wanted(false, Some(NOW), false, NOW), "it is over");
    assert!(!is_wanted(false, Some(later(61)), false, NOW), "reckoned before the clock was set back");
}

#[test]
fn its_task_follows_from_its_record() {
    for state in every_state() {
        let chat = in_state(state).chat;
        let task = chat.as_task(None);
        assert_eq!((task.kind, task.title.as_str()), (TaskKind::Chat, "three"));
        assert_eq!(task.state == TaskState::Done, chat.is_archived());
        assert_eq!(task.tags.contains(ARCHIVED_TAG), chat.is_archived());
        assert_eq!(task.times.completed_at.is_some(), chat.is_archived());
    }
}
