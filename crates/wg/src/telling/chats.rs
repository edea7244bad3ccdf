//! Chats as they are told: their state in a word and in a sentence, what to type, and the record that programs
//! read. What a state *means*, the domain says (`wg_core::chat`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use wg_core::chat::{Chat, ChatState, Consumer, FAILURES, InboxCounts, Question, Queued};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::port::Read;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;
use wg_dispatch::control::client;

use crate::error::Result;
use crate::output::style::Tone;
use crate::telling::reason::Times;

/// The state in the column of a list of tasks; absent: there is no record of it.
#[must_use]
pub fn word(state: Option<&ChatState>) -> (&'static str, Tone) {
    let Some(state) = state else { return ("chat: lost", Tone::Red) };
    let word = match state {
        ChatState::Dormant => "chat: dormant",
        ChatState::Queued { .. } => "chat: queued",
        ChatState::Starting { .. } => "chat: starting",
        ChatState::Live { .. } => "chat: live",
        ChatState::Lingering { .. } => "chat: lingering",
        ChatState::Draining { .. } => "chat: draining",
        ChatState::Backoff { .. } => "chat: backoff",
        ChatState::GaveUp { .. } => "chat: gave-up",
        ChatState::Held { .. } => "chat: held",
        ChatState::Archived { .. } => "chat: archived",
    };
    (word, tone(state))
}

/// The colour of a state.
#[must_use]
pub fn tone(state: &ChatState) -> Tone {
    match state {
        ChatState::Dormant => Tone::Plain,
        ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. } => Tone::Blue,
        ChatState::Queued { .. } | ChatState::Backoff { .. } | ChatState::Held { .. } => Tone::Yellow,
        ChatState::GaveUp { .. } => Tone::Red,
        ChatState::Archived { .. } => Tone::Dim,
    }
}

/// The state with its reason, in one line; times as they are shown elsewhere.
#[must_use]
pub fn sentence(state: &ChatState, times: Times) -> String {
    let beside = beside(state, times);
    let name = state.name();
    match state {
        _ if beside.is_empty() => name.to_owned(),
        ChatState::GaveUp { .. } => format!("{name} {beside}"),
        ChatState::Queued { .. } => format!("{name}: {beside}"),
        ChatState::Backoff { .. } | ChatState::Draining { .. } => format!("{name}, {beside}"),
        _ => format!("{name} {beside}"),
    }
}

/// What stands beside the state's name.
#[must_use]
pub fn beside(state: &ChatState, times: Times) -> String {
    match state {
        ChatState::Dormant => String::new(),
        ChatState::Queued { why } => match why {
            Queued::Adapter(Some(until)) => {
                format!("what serves it is paused, tried again {}", times.say(*until))
            }
            Queued::Bucket(until) => {
                format!("it was started too often, the next start is free {}", times.say(*until))
            }
            Queued::Slot | Queued::Adapter(None) | Queued::Paused | Queued::Leaving(_) => why.to_string(),
        },
        ChatState::Starting { handler, .. } => format!("as {handler}"),
        ChatState::Live { serving } => match &serving.turn {
            Some(turn) => {
                let asked = if turn.interrupted.is_some() { " (interrupted)" } else { "" };
                let since = times.say(turn.since);
                let asks = serving.questions.iter().find(|question| question.answer.is_none());
                let asks = asks.map(|question| format!(", asks: {}", question.what)).unwrap_or_default();
                format!("as {}, answers message {} since {since}{asked}{asks}", serving.handler, turn.message)
            }
            None => format!("as {}", serving.handler),
        },
        ChatState::Lingering { serving, until } => {
            format!("as {}, leaves {}", serving.handler, times.say(*until))
        }
        ChatState::Draining { serving, why } => format!("{} leaves: {why}", serving.handler),
        ChatState::Backoff { until } => format!("tried again {}", times.say(*until)),
        ChatState::GaveUp { reason, detail, at, .. } => format!("{} ({reason}): {detail}", times.say(*at)),
        ChatState::Held { by, at } => format!("by {by} {}", times.say(*at)),
        ChatState::Archived { by, at, purged_at: Some(_), .. } => {
            format!("by a purge of {by} {}", times.say(*at))
        }
        ChatState::Archived { by, at, .. } => format!("by {by} {}", times.say(*at)),
    }
}

/// The command that lets it run again, where a person has to.
#[must_use]
pub fn next(chat: ChatNumber, state: &ChatState) -> Option<String> {
    match state {
        ChatState::GaveUp { .. } | ChatState::Held { .. } => Some(format!("wg chat resume {chat}")),
        ChatState::Archived { .. } => Some(format!("wg chat restore {chat}")),
        ChatState::Live { serving } if serving.questions.iter().any(|asked| asked.answer.is_none()) => {
            Some(format!("wg chat answer {chat} NUMBER"))
        }
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. } => None,
    }
}

/// Where the transcript of a chat lies, below the graph's folder.
#[must_use]
pub fn history(folder: &Path, chat: ChatNumber) -> std::path::PathBuf {
    folder.join("chat").join(chat.to_string()).join("history.jsonl")
}

/// Who is attached to which chat, as a dispatcher knows it; absent: none answers.
#[must_use]
pub fn attached(folder: &Path) -> Option<BTreeMap<ChatNumber, usize>> {
    client::status(folder).ok().map(|status| status.attached)
}

/// Who is attached, and the histories that could not be written down, and why.
#[must_use]
pub fn attached_and_unwritten(
    folder: &Path,
) -> (Option<BTreeMap<ChatNumber, usize>>, BTreeMap<ChatNumber, String>) {
    match client::status(folder) {
        Ok(status) => (Some(status.attached), status.unwritten),
        Err(_) => (None, BTreeMap::new()),
    }
}

/// A chat with what is kept beside its record.
#[derive(Debug, Clone)]
pub struct Known {
    /// The chat.
    pub chat: Chat,
    /// Its messages.
    pub inbox: InboxCounts,
    /// Who consumed it last.
    pub consumer: Consumer,
}

impl Known {
    /// Of this chat.
    pub fn of(read: &mut dyn Read, chat: Chat) -> Result<Self> {
        let number = chat.number;
        Ok(Self { inbox: read.inbox_counts(number)?, consumer: read.consumer(number)?, chat })
    }
}

/// A chat as programs read it.
#[derive(Debug, Serialize)]
pub struct ChatRecord<'a> {
    #[serde(flatten)]
    who: Who<'a>,
    #[serde(flatten)]
    stands: Stands<'a>,
}

/// Which chat it is, and what serves it.
#[derive(Debug, Serialize)]
struct Who<'a> {
    chat: ChatNumber,
    task: TaskId,
    name: &'a str,
    adapter: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purged_at: Option<Timestamp>,
}

/// How it stands.
#[derive(Debug, Serialize)]
struct Stands<'a> {
    state: &'static str,
    why: String,
    needs_you: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<AttemptRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answering: Option<u64>,
    /// What it asks, the first first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    questions: Vec<&'a Question>,
    /// Null: no dispatcher runs that would know.
    attached: Option<usize>,
    waiting: u64,
    set_aside: u64,
    failures: u32,
    failures_limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_consumer_at: Option<Timestamp>,
    handlers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_handler: Option<AttemptRef>,
    usage: &'a Usage,
}

impl<'a> ChatRecord<'a> {
    /// Of this chat; `attached` as in [`attached`].
    #[must_use]
    pub fn of(known: &'a Known, attached: Option<&BTreeMap<ChatNumber, usize>>, now: Timestamp) -> Self {
        Self { who: Who::of(known), stands: Stands::of(known, attached, now) }
    }
}

impl<'a> Who<'a> {
    fn of(known: &'a Known) -> Self {
        let chat = &known.chat;
        let (archived_at, purged_at) = match &chat.state {
            ChatState::Archived { at, purged_at, .. } => (Some(*at), *purged_at),
            _ => (None, None),
        };
        Self {
            chat: chat.number,
            task: chat.number.task_id(),
            name: &chat.name,
            adapter: &chat.run.adapter,
            command: chat.run.exec.as_deref(),
            model: chat.run.model.as_deref(),
            session: chat.session.as_deref(),
            created_at: chat.created_at,
            archived_at,
            purged_at,
        }
    }
}

impl<'a> Stands<'a> {
    fn of(known: &'a Known, attached: Option<&BTreeMap<ChatNumber, usize>>, now: Timestamp) -> Self {
        let Known { chat, inbox, consumer } = known;
        Self {
            state: chat.state.name(),
            why: sentence(&chat.state, Times { now, exact: true }),
            needs_you: matches!(chat.state, ChatState::GaveUp { .. })
                || chat.open_questions().next().is_some(),
            hint: next(chat.number, &chat.state),
            handler: chat.handler(),
            answering: chat.turn().map(|turn| turn.message),
            questions: chat.open_questions().collect(),
            attached: attached.map(|attached| attached.get(&chat.number).copied().unwrap_or(0)),
            waiting: inbox.waiting,
            set_aside: inbox.set_aside,
            failures: chat.failures,
            failures_limit: FAILURES,
            not_before: chat.not_before,
            last_consumer_at: consumer.last_at,
            handlers: chat.handlers,
            last_handler: chat.last,
            usage: &chat.usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use wg_core::chat::{GiveUp, Serving, Turn};
    use wg_core::id::Actor;

    use super::*;

    #[test]
    fn a_state_is_said_with_its_reason_and_what_helps() {
        let now: Timestamp = "2026-04-27T12:00:00Z".parse().unwrap();
        let ago: Timestamp = "2026-04-27T11:59:00Z".parse().unwrap();
        let soon: Timestamp = "2026-04-27T12:00:30Z".parse().unwrap();
        let times = Times { now, exact: false };
        let turn =
            Some(Turn { number: 1, message: 4, since: ago, interrupted: None, used: Usage::default() });
        let serving = Serving { turn, ..Serving::new(AttemptRef(7), 1) };
        let by = Actor::User("ann".into());
        let gave_up = ChatState::GaveUp {
            reason: GiveUp::Program,
            detail: "it is missing".into(),
            at: ago,
            configuration: 1,
        };
        for (state, said, helps) in [
            (ChatState::Dormant, "dormant", None),
            (ChatState::Live { serving }, "live as agent-7, answers message 4 since 1m ago", None),
            (
                ChatState::Queued { why: Queued::Adapter(Some(soon)) },
                "queued: what serves it is paused, tried again in 30s",
                None,
            ),
            (ChatState::Backoff { until: soon }, "backoff, tried again in 30s", None),
            (gave_up, "gave-up 1m ago (program): it is missing", Some("wg chat resume chat-3")),
            (
                ChatState::Archived { by, at: ago, purged_at: Some(ago), held: false },
                "archived by a purge of user:ann 1m ago",
                Some("wg chat restore chat-3"),
            ),
        ] {
            assert_eq!(sentence(&state, times), said);
            assert_eq!(next(ChatNumber(3), &state).as_deref(), helps);
            assert_eq!(word(Some(&state)).0, format!("chat: {}", state.name()));
        }
    }
}
