//! The chat's machine: pure and total. Requests may be refused; facts never are, and what another handler than
//! the chat's own says changes nothing.

use std::time::Duration;

use super::{
    BACK_OFF, BACK_OFF_MAX, Chat, ChatState, Drain, FAILURES, GiveUp, InboxRow, InboxState, KILLS, QUESTIONS,
    Question, Queued, Said, Serving, Turn, TurnError, Verdict,
};
use crate::attempt::Outcome;
use crate::budget::Bucket;
use crate::effect::EffectKind;
use crate::id::{Actor, AttemptRef};
use crate::rejection::Rejection;
use crate::step::Step;
use crate::time::Timestamp;
use crate::usage::Usage;

/// A chat, and the message that is being answered in it, where one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// The chat.
    pub chat: Chat,
    /// The message of its turn in flight.
    pub message: Option<InboxRow>,
}

/// What can happen to a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEvent {
    /// It is wanted, but has to wait for something.
    Queued(Queued),
    /// A handler is decided for it.
    Started {
        /// Which.
        handler: AttemptRef,
        /// To be ready by then.
        by: Timestamp,
        /// Hash of the configuration it is started with.
        configuration: u64,
        /// The bucket, with this start taken.
        starts: Bucket,
    },
    /// Its handler is given a message: the one that came in as the situation's.
    Delivered,
    /// It is wanted (again).
    Wanted,
    /// Nobody wants it any more.
    Unwanted {
        /// How long a handler stays all the same.
        until: Timestamp,
    },
    /// Its handler is to leave.
    Drained(Drain),
    /// Fact: a handler said something.
    Said {
        /// Which.
        handler: AttemptRef,
        /// What.
        said: Said,
        /// Until when what serves it is paused for that, where it is.
        paused_until: Option<Timestamp>,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: a handler was not ready in time.
    NotReady {
        /// Which.
        handler: AttemptRef,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: a turn ran past its time.
    TurnTimedOut {
        /// Of which handler.
        handler: AttemptRef,
        /// Which message it answers.
        message: u64,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: an interrupt was asked for, and the turn goes on.
    InterruptIgnored {
        /// Of which handler.
        handler: AttemptRef,
        /// Which message it answers.
        message: u64,
    },
    /// Fact: a handler is over, and its whole tree is gone.
    Ended {
        /// Which.
        handler: AttemptRef,
        /// How.
        outcome: Outcome,
        /// Until when what serves it is paused for that, where it is.
        paused_until: Option<Timestamp>,
        /// Chance in a back-off, per mille.
        jitter: i16,
    },
    /// Fact: the configuration that it would be started with now.
    Configured(u64),
    /// A question of its handler is answered.
    Answered {
        /// Which.
        question: String,
        /// What.
        verdict: Verdict,
    },
    /// Somebody wants its turn to end.
    Interrupted(Actor),
    /// A person stops it.
    Held(Actor),
    /// A person lets it run again.
    Resumed,
    /// A person ends it, with all others or alone.
    Archived {
        /// Who.
        by: Actor,
        /// With all others.
        purge: bool,
    },
    /// A person brings it back.
    Restored(Actor),
}

/// The situation after an event.
pub fn step(before: Situation, event: ChatEvent, now: Timestamp) -> Result<Step<Situation>, Rejection> {
    match event {
        ChatEvent::Queued(why) => Ok(queue(before, why)),
        ChatEvent::Started { handler, by, configuration, starts } => {
            start(before, handler, by, configuration, starts, now)
        }
        ChatEvent::Delivered => deliver(before, now),
        ChatEvent::Wanted => Ok(wanted(before)),
        ChatEvent::Unwanted { until } => Ok(unwanted(before, until)),
        ChatEvent::Drained(why) => Ok(drain(before, why)),
        ChatEvent::Said { handler, said, paused_until, jitter } => {
            Ok(heard(before, handler, said, paused_until, jitter, now))
        }
        ChatEvent::NotReady { handler, jitter } => Ok(match &before.chat.state {
            ChatState::Starting { handler: own, .. } if *own == handler => {
                fail(before, "it was not ready in time", jitter, now).wanting(EffectKind::Kill)
            }
            _ => Step::to(before),
        }),
        ChatEvent::TurnTimedOut { handler, message, jitter } => {
            Ok(turn_timed_out(before, handler, message, jitter, now))
        }
        ChatEvent::InterruptIgnored { handler, message } => Ok(interrupt_ignored(before, handler, message)),
        ChatEvent::Ended { handler, outcome, paused_until, jitter } => {
            Ok(ended(before, handler, &outcome, paused_until, jitter, now))
        }
        ChatEvent::Configured(hash) => Ok(configured(before, hash)),
        ChatEvent::Answered { question, verdict } => answer(before, &question, verdict),
        ChatEvent::Interrupted(by) => interrupt(before, &by, now),
        ChatEvent::Held(by) => hold(before, by, now),
        ChatEvent::Resumed => resume(before),
        ChatEvent::Archived { by, purge } => archive(before, by, purge, now),
        ChatEvent::Restored(by) => restore(before, by, now),
    }
}

/// Whether a pause is over. One that reaches further than any that is made here was reckoned before the clock
/// was set back.
#[must_use]
pub fn is_over(until: Timestamp, now: Timestamp) -> bool {
    until <= now || until > now.plus(BACK_OFF_MAX * 6 / 5)
}

fn is_at(chat: &Chat, message: u64) -> bool {
    chat.turn().is_some_and(|turn| turn.message == message)
}

fn to(mut situation: Situation, state: ChatState) -> Step<Situation> {
    situation.chat.state = state;
    Step::to(situation)
}

fn queue(before: Situation, why: Queued) -> Step<Situation> {
    match &before.chat.state {
        ChatState::Dormant | ChatState::Queued { .. } | ChatState::Backoff { .. } => {
            to(before, ChatState::Queued { why })
        }
        ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::GaveUp { .. }
        | ChatState::Held { .. }
        | ChatState::Archived { .. } => Step::to(before),
    }
}

fn start(
    mut before: Situation,
    handler: AttemptRef,
    by: Timestamp,
    configuration: u64,
    starts: Bucket,
    now: Timestamp,
) -> Result<Step<Situation>, Rejection> {
    let chat = &mut before.chat;
    let why = match &chat.state {
        ChatState::Dormant | ChatState::Queued { .. } | ChatState::Backoff { .. } => match chat.not_before {
            Some(until) if !is_over(until, now) => Some(format!("it waits until {until} after a failure")),
            _ => None,
        },
        state => Some(format!("it is {}", state.name())),
    };
    if let Some(why) = why {
        return Err(Rejection::NotReady { task: chat.number.task_id(), why });
    }
    chat.fence = chat.fence.next();
    chat.handlers = chat.handlers.saturating_add(1);
    chat.last = Some(handler);
    chat.parsed = 0;
    chat.starts = starts;
    Ok(to(before, ChatState::Starting { handler, by, configuration }))
}

fn deliver(mut before: Situation, now: Timestamp) -> Result<Step<Situation>, Rejection> {
    let task = before.chat.number.task_id();
    let (ChatState::Live { serving }, Some(message)) = (&mut before.chat.state, &mut before.message) else {
        let why = format!("it is {}", before.chat.state.name());
        return Err(Rejection::NotReady { task, why });
    };
    if serving.turn.is_some() || message.state != InboxState::Waiting {
        return Err(Rejection::NotReady { task, why: "a message is being answered".into() });
    }
    message.deliveries = message.deliveries.saturating_add(1);
    before.chat.turns = before.chat.turns.saturating_add(1);
    let number = before.chat.turns;
    serving.turn =
        Some(Turn { number, message: message.number, since: now, interrupted: None, used: Usage::default() });
    Ok(Step::to(before))
}

fn wanted(before: Situation) -> Step<Situation> {
    match &before.chat.state {
        ChatState::Lingering { serving, .. } => {
            let serving = serving.clone();
            to(before, ChatState::Live { serving })
        }
        _ => Step::to(before),
    }
}

fn unwanted(before: Situation, until: Timestamp) -> Step<Situation> {
    match &before.chat.state {
        ChatState::Queued { .. } | ChatState::Backoff { .. } => to(before, ChatState::Dormant),
        ChatState::Live { serving } => {
            let serving = serving.clone();
            to(before, ChatState::Lingering { serving, until })
        }
        ChatState::Dormant
        | ChatState::Starting { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::GaveUp { .. }
        | ChatState::Held { .. }
        | ChatState::Archived { .. } => Step::to(before),
    }
}

fn drain(before: Situation, why: Drain) -> Step<Situation> {
    let serving = match &before.chat.state {
        ChatState::Starting { handler, configuration, .. } => Serving::new(*handler, *configuration),
        ChatState::Live { serving } | ChatState::Lingering { serving, .. } => serving.clone(),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. }
        | ChatState::GaveUp { .. }
        | ChatState::Held { .. }
        | ChatState::Archived { .. } => return Step::to(before),
    };
    to(before, ChatState::Draining { serving, why }).wanting(EffectKind::Kill)
}

/// The handler that is ready or leaving, to be changed.
fn serving_mut(state: &mut ChatState) -> Option<&mut Serving> {
    match state {
        ChatState::Live { serving }
        | ChatState::Lingering { serving, .. }
        | ChatState::Draining { serving, .. } => Some(serving),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Backoff { .. }
        | ChatState::GaveUp { .. }
        | ChatState::Held { .. }
        | ChatState::Archived { .. } => None,
    }
}

fn heard(
    mut before: Situation,
    handler: AttemptRef,
    said: Said,
    paused_until: Option<Timestamp>,
    jitter: i16,
    now: Timestamp,
) -> Step<Situation> {
    if before.chat.handler() != Some(handler) {
        return Step::to(before);
    }
    match said {
        Said::Ready => ready(before),
        Said::Session { id } => {
            before.chat.session = Some(id);
            Step::to(before)
        }
        Said::NoSession => match before.chat.session.take() {
            Some(lost) => Step::to(before)
                .logging(format!("its conversation {lost} is not there any more: a new one begins")),
            None => Step::to(before),
        },
        Said::Tool { .. } => Step::to(before),
        Said::Asks { question } => {
            asked(&mut before, question);
            Step::to(before)
        }
        Said::Used { usage } => {
            let more = before.chat.not_counted(&usage);
            if let Some(turn) = serving_mut(&mut before.chat.state).and_then(|serving| serving.turn.as_mut())
            {
                turn.used.raise(&usage);
                before.chat.usage.add(&more);
            }
            Step::to(before)
        }
        Said::Answer { message, usage, .. } => {
            let at = before.chat.turn().map(|turn| turn.message);
            // An answer to nothing, or a second one: what it is about is not open.
            if at.is_none() || message.is_some_and(|message| Some(message) != at) {
                return Step::to(before);
            }
            let more = before.chat.not_counted(&usage);
            before.chat.usage.add(&more);
            before.chat.failures = 0;
            before.chat.not_before = None;
            if let Some(serving) = serving_mut(&mut before.chat.state) {
                serving.answered = true;
            }
            end_turn(&mut before, Some(InboxState::Answered));
            Step::to(before)
        }
        Said::Failed { error, text, usage } => {
            let more = before.chat.not_counted(&usage);
            before.chat.usage.add(&more);
            turn_failed(before, error, &text, paused_until, jitter, now)
        }
        Said::Unfit { reason, text } => {
            end_turn(&mut before, None);
            give_up(before, reason, text, now).wanting(EffectKind::Kill)
        }
    }
}

fn ready(before: Situation) -> Step<Situation> {
    match &before.chat.state {
        ChatState::Starting { handler, configuration, .. } => {
            let serving = Serving::new(*handler, *configuration);
            to(before, ChatState::Live { serving })
        }
        _ => Step::to(before),
    }
}

fn turn_failed(
    mut before: Situation,
    error: TurnError,
    text: &str,
    paused_until: Option<Timestamp>,
    jitter: i16,
    now: Timestamp,
) -> Step<Situation> {
    let asked = before.chat.turn().is_some_and(|turn| turn.interrupted.is_some());
    let leaving = matches!(before.chat.state, ChatState::Draining { .. });
    match error {
        TurnError::Interrupted | TurnError::Other if asked => {
            end_turn(&mut before, None);
            Step::to(before)
        }
        _ if leaving => {
            end_turn(&mut before, None);
            Step::to(before)
        }
        TurnError::RateLimited { .. } | TurnError::Outage => {
            end_turn(&mut before, None);
            to(before, ChatState::Queued { why: Queued::Adapter(paused_until) }).wanting(EffectKind::Kill)
        }
        TurnError::Interrupted | TurnError::Other => {
            end_turn(&mut before, None);
            let why = if text.is_empty() { error.to_string() } else { text.to_owned() };
            fail(before, &why, jitter, now).wanting(EffectKind::Kill)
        }
    }
}

/// The turn in flight is over; its message becomes what is said, or waits on. A person who wanted it to end
/// does not get it again, whatever ended it.
fn end_turn(situation: &mut Situation, becomes: Option<InboxState>) {
    let turn = serving_mut(&mut situation.chat.state).and_then(|serving| {
        // Whatever it asked is of no matter any more.
        serving.questions.clear();
        serving.turn.take()
    });
    let asked = turn.is_some_and(|turn| turn.interrupted.is_some());
    let becomes = if asked { Some(InboxState::Answered) } else { becomes };
    if let (Some(state), Some(message)) = (becomes, &mut situation.message)
        && message.state == InboxState::Waiting
    {
        message.state = state;
    }
}

/// A handler that is leaving is given its time by its shim: that is no failure any more.
fn turn_timed_out(
    mut before: Situation,
    handler: AttemptRef,
    message: u64,
    jitter: i16,
    now: Timestamp,
) -> Step<Situation> {
    let leaving = matches!(before.chat.state, ChatState::Draining { .. });
    if leaving || before.chat.handler() != Some(handler) || !is_at(&before.chat, message) {
        return Step::to(before);
    }
    end_turn(&mut before, None);
    let why = format!("its answer to message {message} took too long");
    fail(before, &why, jitter, now).wanting(EffectKind::Kill)
}

fn interrupt_ignored(mut before: Situation, handler: AttemptRef, message: u64) -> Step<Situation> {
    let asked = before.chat.turn().is_some_and(|turn| turn.interrupted.is_some());
    if before.chat.handler() != Some(handler) || !is_at(&before.chat, message) || !asked {
        return Step::to(before);
    }
    end_turn(&mut before, Some(InboxState::Answered));
    drain(before, Drain::Interrupt)
}

/// One failure more; a pause, or the end of trying.
fn fail(mut situation: Situation, why: &str, jitter: i16, now: Timestamp) -> Step<Situation> {
    let chat = &mut situation.chat;
    chat.failures = chat.failures.saturating_add(1);
    let failures = chat.failures;
    if failures >= FAILURES {
        return give_up(situation, GiveUp::Failures, why.to_owned(), now);
    }
    let until = now.plus(back_off(failures, jitter));
    chat.not_before = Some(until);
    to(situation, ChatState::Backoff { until }).logging(format!("failure {failures} of {FAILURES}: {why}"))
}

/// `min(1 s · 2^(n-1), 60 s)` after the `failures`-th failure, moved by at most ± 200 per mille.
fn back_off(failures: u32, jitter: i16) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let base = BACK_OFF.saturating_mul(1 << doublings).min(BACK_OFF_MAX);
    let mille = u32::try_from(1_000 + i32::from(jitter.clamp(-200, 200))).expect("800 to 1200");
    base * mille / 1_000
}

fn give_up(situation: Situation, reason: GiveUp, detail: String, now: Timestamp) -> Step<Situation> {
    let configuration = match &situation.chat.state {
        ChatState::Starting { configuration, .. } => *configuration,
        state => match state {
            ChatState::Live { serving }
            | ChatState::Lingering { serving, .. }
            | ChatState::Draining { serving, .. } => serving.configuration,
            _ => 0,
        },
    };
    let line = format!("gave up ({reason}): {detail}");
    to(situation, ChatState::GaveUp { reason, detail, at: now, configuration }).logging(line)
}

fn ended(
    mut before: Situation,
    handler: AttemptRef,
    outcome: &Outcome,
    paused_until: Option<Timestamp>,
    jitter: i16,
    now: Timestamp,
) -> Step<Situation> {
    if before.chat.handler() != Some(handler) {
        return Step::to(before);
    }
    let leaving = matches!(before.chat.state, ChatState::Draining { .. });
    let turn = before.chat.turn().cloned();
    let answered = before.chat.serving().is_some_and(|serving| serving.answered);
    let mut notes = Vec::new();
    end_turn(&mut before, None);
    match outcome {
        _ if leaving => return to(before, ChatState::Dormant),
        // It was asked to leave, or left because nobody followed it: that is no failure.
        Outcome::Cancelled { .. } => return to(before, ChatState::Dormant),
        Outcome::Configuration { reason } => {
            return give_up(before, GiveUp::Program, reason.clone(), now);
        }
        Outcome::Done { .. } | Outcome::NoWork if answered && turn.is_none() => {
            return to(before, ChatState::Dormant);
        }
        // Its provider was the reason: no failure, and no death that the message is to blame for.
        Outcome::RateLimited { .. } | Outcome::Outage { .. } => {
            return to(before, ChatState::Queued { why: Queued::Adapter(paused_until) });
        }
        Outcome::Done { .. }
        | Outcome::NoWork
        | Outcome::Failed { .. }
        | Outcome::ExitedBadly { .. }
        | Outcome::Waiting { .. }
        | Outcome::TimedOut
        | Outcome::Budget { .. }
        | Outcome::TaskBudget { .. }
        | Outcome::Lost { .. } => {}
    }
    if let (Some(_), Some(message)) = (&turn, &mut before.message)
        && message.state == InboxState::Waiting
    {
        message.kills = message.kills.saturating_add(1);
        if message.kills >= KILLS {
            message.state = InboxState::SetAside;
            notes.push(format!(
                "message {} is set aside: {KILLS} handlers died while they answered it",
                message.number
            ));
        }
    }
    let why = match outcome {
        Outcome::Done { .. } | Outcome::NoWork if turn.is_some() => {
            "its handler left in the middle of a turn".to_owned()
        }
        Outcome::Done { .. } | Outcome::NoWork => {
            "its handler left without having answered anything".to_owned()
        }
        other => format!("its handler {other}"),
    };
    let mut step = fail(before, &why, jitter, now);
    step.log.extend(notes);
    step
}

/// Its count is cleared, and it may start at once.
fn clear(chat: &mut Chat) {
    chat.failures = 0;
    chat.not_before = None;
    chat.starts = Bucket::default();
}

fn configured(mut before: Situation, hash: u64) -> Step<Situation> {
    match &before.chat.state {
        ChatState::GaveUp { configuration, .. } if *configuration != hash => {
            clear(&mut before.chat);
            to(before, ChatState::Dormant).logging("its configuration has changed: it may try again")
        }
        _ => Step::to(before),
    }
}

/// Its handler asks for something, and waits.
fn asked(situation: &mut Situation, question: Question) {
    let Some(serving) = serving_mut(&mut situation.chat.state) else { return };
    if serving.questions.iter().any(|known| known.id == question.id) {
        return;
    }
    // Those that were answered long ago were heard: a turn that asks without end stays of a size.
    if serving.questions.len() >= 2 * QUESTIONS
        && let Some(heard) = serving.questions.iter().position(|known| known.answer.is_some())
    {
        serving.questions.remove(heard);
    }
    serving.questions.push(question);
}

fn answer(mut before: Situation, id: &str, verdict: Verdict) -> Result<Step<Situation>, Rejection> {
    let number = before.chat.number;
    let serving = serving_mut(&mut before.chat.state);
    let question = serving.and_then(|serving| serving.questions.iter_mut().find(|known| known.id == id));
    let Some(question) = question else {
        return Err(Rejection::Nothing(format!("{number} does not ask that (any more)")));
    };
    if let Some(given) = &question.answer {
        return Err(Rejection::Nothing(format!("{} has answered that already", given.by)));
    }
    let is_one = |choice: &String| question.choices.iter().any(|known| known.id == *choice);
    if verdict.choice.as_ref().is_some_and(|choice| !is_one(choice)) {
        return Err(Rejection::Invalid(format!("{number} gives no such choice")));
    }
    question.answer = Some(verdict);
    Ok(Step::to(before))
}

fn interrupt(mut before: Situation, by: &Actor, now: Timestamp) -> Result<Step<Situation>, Rejection> {
    let number = before.chat.number;
    let serving = serving_mut(&mut before.chat.state).filter(|serving| serving.turn.is_some());
    match serving {
        Some(Serving { turn: Some(turn), questions, .. }) => {
            turn.interrupted.get_or_insert(now);
            for question in questions {
                question.answer.get_or_insert_with(|| Verdict { choice: None, by: by.clone() });
            }
            Ok(Step::to(before))
        }
        _ => Err(Rejection::Nothing(format!("{number} answers nothing just now"))),
    }
}

fn hold(mut before: Situation, by: Actor, now: Timestamp) -> Result<Step<Situation>, Rejection> {
    let number = before.chat.number;
    match &before.chat.state {
        ChatState::Held { .. } => Err(Rejection::Nothing(format!("{number} is held already"))),
        ChatState::Archived { .. } => Err(archived(&before.chat)),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. }
        | ChatState::GaveUp { .. } => {
            end_turn(&mut before, None);
            before.chat.fence = before.chat.fence.next();
            let line = format!("held by {by}");
            Ok(to(before, ChatState::Held { by, at: now }).wanting(EffectKind::Kill).logging(line))
        }
    }
}

fn resume(mut before: Situation) -> Result<Step<Situation>, Rejection> {
    let number = before.chat.number;
    match &before.chat.state {
        ChatState::Held { .. } | ChatState::GaveUp { .. } | ChatState::Backoff { .. } => {
            clear(&mut before.chat);
            Ok(to(before, ChatState::Dormant).logging("may run again"))
        }
        ChatState::Dormant if before.chat.failures > 0 => {
            clear(&mut before.chat);
            Ok(Step::to(before).logging("its failures are forgotten"))
        }
        ChatState::Archived { .. } => Err(archived(&before.chat)),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. } => {
            Err(Rejection::Nothing(format!("{number} is not stopped: it is {}", before.chat.state.name())))
        }
    }
}

fn archived(chat: &Chat) -> Rejection {
    Rejection::ChatArchived { chat: chat.number }
}

fn archive(
    mut before: Situation,
    by: Actor,
    purge: bool,
    now: Timestamp,
) -> Result<Step<Situation>, Rejection> {
    if before.chat.is_archived() {
        return Err(Rejection::Nothing(format!("{} is archived already", before.chat.number)));
    }
    let held = matches!(before.chat.state, ChatState::Held { .. });
    end_turn(&mut before, None);
    before.chat.fence = before.chat.fence.next();
    let line = format!("archived by {by}{}", if purge { ", with all chats" } else { "" });
    let purged_at = purge.then_some(now);
    let state = ChatState::Archived { by, at: now, purged_at, held };
    Ok(to(before, state).wanting(EffectKind::Kill).logging(line))
}

fn restore(mut before: Situation, by: Actor, now: Timestamp) -> Result<Step<Situation>, Rejection> {
    let ChatState::Archived { held, .. } = before.chat.state else {
        return Err(Rejection::Nothing(format!("{} is not archived", before.chat.number)));
    };
    clear(&mut before.chat);
    let line = format!("restored by {by}");
    let state = if held { ChatState::Held { by, at: now } } else { ChatState::Dormant };
    Ok(to(before, state).logging(line))
}
