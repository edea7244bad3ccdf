//! Handlers of chats: how they start, what they say, how they end.

use crate::attempt::{Attempt, AttemptKind, AttemptState, Outcome};
use crate::budget::PER_TASK;
use crate::chat::{
    Chat, ChatEvent, ChatState, QUESTIONS, Question, Queued, READY_WITHIN, Said, Verdict, What, cut,
};
use crate::command::{Heard, StartHandler};
use crate::decide::providers::{self, Trouble};
use crate::decide::{Draft, Refusal, day};
use crate::effect::{EffectKind, EffectState};
use crate::id::{AttemptRef, ChatNumber};
use crate::rejection::Rejection;
use crate::time::Timestamp;
use crate::usage::Usage;

/// An event without anything beside it.
pub(super) fn plain(draft: &mut Draft<'_>, number: ChatNumber, event: ChatEvent) -> Result<(), Refusal> {
    match draft.find_chat(number)? {
        Some(chat) => draft.step_chat(chat, event).map(drop),
        None => Ok(()),
    }
}

/// A wanted chat has to wait. Its bucket is brought up to the clock, so that after that was set back the waiting
/// has an end.
pub(super) fn queue(draft: &mut Draft<'_>, number: ChatNumber, why: Queued) -> Result<(), Refusal> {
    let Some(mut chat) = draft.find_chat(number)? else { return Ok(()) };
    let mut starts = chat.starts;
    if matches!(why, Queued::Bucket(_)) && starts.take(PER_TASK, draft.now).is_err() {
        chat.starts = starts;
    }
    draft.step_chat(chat, ChatEvent::Queued(why)).map(drop)
}

pub(super) fn start(draft: &mut Draft<'_>, start: StartHandler) -> Result<(), Refusal> {
    let mut chat = draft.chat(start.chat)?;
    let control = draft.control()?;
    let now = draft.now;
    let provider = chat.run.provider().into_owned();
    let wait = if control.paused.is_some() {
        Some(Queued::Paused)
    } else if let Some(pause) = control.adapter_pause(&provider, now) {
        Some(Queued::Adapter(pause.until))
    } else {
        leaving(draft, chat.last)?.map(Queued::Leaving)
    };
    let mut starts = chat.starts;
    let wait = match wait {
        None => starts.take(PER_TASK, now).err().map(Queued::Bucket),
        wait => wait,
    };
    if let Some(why) = wait {
        // Kept, so that after a clock was set back the waiting has an end.
        chat.starts = starts;
        return draft.step_chat(chat, ChatEvent::Queued(why)).map(drop);
    }
    let reference = AttemptRef(draft.read.last_attempt()?.0 + 1);
    let by = now.plus(READY_WITHIN);
    let StartHandler { host, nonce, configuration, .. } = start;
    let event = ChatEvent::Started { handler: reference, by, configuration, starts };
    let (_, chat) = draft.step_chat(chat, event)?;
    providers::tried(draft, &provider)?;
    let attempt = Attempt {
        reference,
        task: chat.number.task_id(),
        kind: AttemptKind::Handler,
        number: chat.handlers,
        fence: chat.fence,
        nonce,
        adapter: chat.run.adapter,
        model: chat.run.model,
        host: host.clone(),
        state: AttemptState::Starting,
        created_at: now,
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: crate::attempt::Progress::default(),
    };
    draft.effect(EffectKind::Launch, &attempt, EffectState::Claimed(host));
    draft.put_attempt(attempt);
    Ok(())
}

/// The last handler, where it may still have a process.
fn leaving(draft: &mut Draft<'_>, last: Option<AttemptRef>) -> Result<Option<AttemptRef>, Refusal> {
    let Some(last) = last else { return Ok(None) };
    Ok(draft.attempt(last)?.filter(Attempt::is_live).map(|_| last))
}

pub(super) fn deliver(
    draft: &mut Draft<'_>,
    number: ChatNumber,
    handler: AttemptRef,
    message: u64,
) -> Result<(), Refusal> {
    let chat = draft.chat(number)?;
    if chat.handler() != Some(handler) {
        let why = format!("{handler} does not serve it any more");
        return Err(Rejection::NotReady { task: number.task_id(), why }.into());
    }
    let row = draft.inbox_row(number, message)?;
    draft.step_chat_at(chat, row, ChatEvent::Delivered).map(drop)
}

/// What a handler said, in order. A handler that is not the chat's own any more changes nothing.
pub(super) fn heard(draft: &mut Draft<'_>, heard: Heard) -> Result<(), Refusal> {
    let Heard { chat: number, handler, fence, said, parsed, jitter } = heard;
    let Some(mut chat) = draft.find_chat(number)? else { return Ok(()) };
    if chat.fence != fence || chat.handler() != Some(handler) {
        if !said.is_empty() {
            let state = chat.state.name();
            draft.notes.push(format!(
                "{handler} does not serve {number} any more ({state}): what it says changes nothing"
            ));
        }
        return Ok(());
    }
    // It was told before: what came of it is committed.
    if parsed <= chat.parsed {
        return Ok(());
    }
    chat.parsed = parsed;
    draft.put_chat(chat)?;
    for said in said {
        one(draft, number, handler, said, jitter)?;
    }
    Ok(())
}

fn one(
    draft: &mut Draft<'_>,
    number: ChatNumber,
    handler: AttemptRef,
    said: Said,
    jitter: i16,
) -> Result<(), Refusal> {
    let Some(chat) = draft.find_chat(number)? else { return Ok(()) };
    if chat.handler() != Some(handler) {
        return Ok(());
    }
    let turn = chat.turn().map(|turn| turn.message);
    let provider = chat.run.provider().into_owned();
    let said = shortened(said);
    let in_flight = chat.turn().map(|turn| turn.used.clone()).unwrap_or_default();
    let paused_until = match &said {
        Said::Tool { name, detail } => {
            if let Some(message) = turn {
                let (name, detail) = (name.clone(), detail.clone());
                draft.entry(number, What::Tool { message, name, detail })?;
            }
            return Ok(());
        }
        Said::Answer { message, text, usage } => {
            let Some(at) = turn.filter(|at| message.is_none_or(|message| message == *at)) else {
                let which = message.map_or_else(String::new, |message| format!(" to message {message}"));
                draft.notes.push(format!("{handler}: an answer{which} that nothing waits for was not taken"));
                return used_for_nothing(draft, chat, usage);
            };
            let (text, usage) = (text.clone(), usage.clone());
            draft.entry(number, What::Answer { message: Some(at), text, handler: Some(handler), usage })?;
            providers::mended(draft, &provider)?;
            None
        }
        Said::Failed { error, text, usage } => {
            if let Some(message) = turn {
                let why = if text.is_empty() { error.to_string() } else { format!("{error}: {text}") };
                // A turn that failed may not say what it had used before it did.
                let usage = if usage.is_empty() { in_flight } else { usage.clone() };
                draft.entry(number, What::TurnEnded { message, why, usage })?;
            }
            refused(draft, &provider, handler, Trouble::of_turn(*error, text))?
        }
        Said::Unfit { text, .. } => {
            if let Some(message) = turn {
                let (why, usage) = (text.clone(), in_flight);
                draft.entry(number, What::TurnEnded { message, why, usage })?;
            }
            None
        }
        Said::Asks { question } => return asked(draft, chat, handler, question.clone(), jitter),
        Said::Ready | Said::Session { .. } | Said::NoSession | Said::Used { .. } => None,
    };
    let event = ChatEvent::Said { handler, said, paused_until, jitter };
    let (before, after) = draft.step_chat(chat, event)?;
    Ok(day::used(draft, &after.run.adapter, &before.usage, &after.usage)?)
}

/// An answer that was not taken was paid for all the same.
fn used_for_nothing(draft: &mut Draft<'_>, mut chat: Chat, usage: &Usage) -> Result<(), Refusal> {
    if usage.is_empty() {
        return Ok(());
    }
    let before = chat.usage.clone();
    chat.usage.add(usage);
    day::used(draft, &chat.run.adapter, &before, &chat.usage)?;
    Ok(draft.put_chat(chat)?)
}

/// It asks for something. With as many questions open as may be, the next is refused at once: an agent that asks
/// without end gets no room without end.
fn asked(
    draft: &mut Draft<'_>,
    chat: Chat,
    handler: AttemptRef,
    question: Question,
    jitter: i16,
) -> Result<(), Refusal> {
    let full = chat.open_questions().count() >= QUESTIONS;
    let (number, id) = (chat.number, question.id.clone());
    let refusal = question.refusal().map(|choice| choice.id.clone());
    let question = Question { at: draft.now, answer: None, ..question };
    let event = ChatEvent::Said { handler, said: Said::Asks { question }, paused_until: None, jitter };
    let (before, after) = draft.step_chat(chat, event)?;
    // One that is asked again is known.
    if full && before != after { answer(draft, number, id, refusal) } else { Ok(()) }
}

/// A question is answered, and the history tells how. Agents can't: what they may ask for is decided before
/// (`worker`).
pub(super) fn answer(
    draft: &mut Draft<'_>,
    number: ChatNumber,
    question: String,
    choice: Option<String>,
) -> Result<(), Refusal> {
    let by = draft.actor.clone();
    let chat = draft.chat(number)?;
    let asked = chat.open_questions().find(|open| open.id == question).cloned();
    let verdict = Verdict { choice, by: by.clone() };
    let choice = verdict.choice.clone();
    let (_, after) = draft.step_chat(chat, ChatEvent::Answered { question, verdict })?;
    let (Some(asked), Some(turn)) = (asked, after.turn()) else { return Ok(()) };
    let told = asked.choices.into_iter().find(|known| Some(&known.id) == choice.as_ref());
    let allowed = told.as_ref().is_some_and(|choice| choice.kind.allows());
    let answer = told.map_or_else(|| "neither yes nor no".to_owned(), |choice| choice.name);
    let message = turn.message;
    draft.entry(number, What::Permission { message, what: asked.what, answer, allowed, by })?;
    Ok(())
}

/// What it said, with what is shown in one line cut to a length: only an answer may be as long as it is.
fn shortened(said: Said) -> Said {
    match said {
        Said::Tool { name, detail } => Said::Tool { name: cut(&name), detail: cut(&detail) },
        Said::Failed { error, text, usage } => Said::Failed { error, text: cut(&text), usage },
        Said::Unfit { reason, text } => Said::Unfit { reason, text: cut(&text) },
        Said::Asks { question } => Said::Asks { question: question.shortened() },
        Said::Answer { .. } | Said::Ready | Said::Session { .. } | Said::NoSession | Said::Used { .. } => {
            said
        }
    }
}

/// Pauses what serves a chat, where its handler had trouble with the provider; gives until when.
fn refused(
    draft: &mut Draft<'_>,
    provider: &str,
    handler: AttemptRef,
    trouble: Option<Trouble>,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(trouble) = trouble else { return Ok(None) };
    let began = draft.attempt(handler)?.map_or(draft.now, |attempt| attempt.created_at);
    providers::pause(draft, provider, began, trouble)
}

/// A turn that its handler did not end: its history says so.
pub(super) fn turn_over(
    draft: &mut Draft<'_>,
    number: ChatNumber,
    message: u64,
    event: ChatEvent,
) -> Result<(), Refusal> {
    let Some(chat) = draft.find_chat(number)? else { return Ok(()) };
    let why = match &event {
        ChatEvent::TurnTimedOut { .. } => "it took too long",
        _ => "interrupted",
    };
    let usage = chat.turn().map(|turn| turn.used.clone()).unwrap_or_default();
    let (before, after) = draft.step_chat(chat, event)?;
    if before != after {
        draft.entry(number, What::TurnEnded { message, why: why.to_owned(), usage })?;
    }
    Ok(())
}

/// A handler is over, and its whole tree is gone.
pub(super) fn ended(
    draft: &mut Draft<'_>,
    number: ChatNumber,
    handler: AttemptRef,
    outcome: Outcome,
    jitter: i16,
) -> Result<(), Refusal> {
    let Some(chat) = draft.find_chat(number)? else { return Ok(()) };
    let turn = chat.turn().map(|turn| (turn.message, turn.used.clone()));
    let why = outcome.to_string();
    // A program that is missing is the chat's own affair: it gives up.
    let trouble = Trouble::of_end(&outcome, 0)
        .filter(|_| chat.handler() == Some(handler) && !matches!(outcome, Outcome::Configuration { .. }));
    let provider = chat.run.provider().into_owned();
    let paused_until = refused(draft, &provider, handler, trouble)?;
    let event = ChatEvent::Ended { handler, outcome, paused_until, jitter };
    let (before, after) = draft.step_chat(chat, event)?;
    if before != after
        && let Some((message, usage)) = turn
    {
        let why = format!("its handler {why}");
        draft.entry(number, What::TurnEnded { message, why, usage })?;
    }
    Ok(())
}

/// A person ended a handler: its chat is held, or the next one would start at once.
pub(super) fn killed(draft: &mut Draft<'_>, attempt: &Attempt) -> Result<(), Refusal> {
    let Some(number) = ChatNumber::of_task(&attempt.task) else { return Ok(()) };
    if attempt.kind != AttemptKind::Handler {
        return Ok(());
    }
    let Some(chat) = draft.find_chat(number)? else { return Ok(()) };
    let by = draft.actor.clone();
    match &chat.state {
        ChatState::Archived { .. } | ChatState::Held { .. } => Ok(()),
        _ if chat.handler() == Some(attempt.reference) => {
            draft.step_chat(chat, ChatEvent::Held(by)).map(drop)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{GiveUp, TEXT_MAX, TurnError};

    #[test]
    fn only_an_answer_may_be_long() {
        let long = || "é".repeat(TEXT_MAX);
        let kept = "é".repeat(TEXT_MAX / 2) + "…";
        let usage = Usage::default;
        let (error, reason) = (TurnError::Other, GiveUp::Auth);
        for (said, expected) in [
            (
                Said::Tool { name: long(), detail: long() },
                Said::Tool { name: kept.clone(), detail: kept.clone() },
            ),
            (
                Said::Failed { error, text: long(), usage: usage() },
                Said::Failed { error, text: kept.clone(), usage: usage() },
            ),
            (Said::Unfit { reason, text: long() }, Said::Unfit { reason, text: kept }),
        ] {
            assert_eq!(shortened(said), expected);
        }
        let answer = Said::Answer { message: None, text: long(), usage: usage() };
        assert_eq!(shortened(answer.clone()), answer);
    }
}
