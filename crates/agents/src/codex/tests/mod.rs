//! What the real program printed (`samples/`, version 0.169 against a scripted model), and what the adapter says
//! of itself. Of chats that were refused, only what came after the message is kept.

mod chat;
mod launch;

use wg_core::chat::Said;
use wg_core::id::{AttemptRef, ChatNumber};
use wg_core::usage::Usage;

use super::*;
use crate::conversation::Heard;

pub(super) const TURNS: &str = include_str!("../samples/chat-turns.jsonl");
const ASKED: &str = include_str!("../samples/chat-asked.jsonl");
const GONE: &str = include_str!("../samples/chat-gone.jsonl");
const KILLED: &str = include_str!("../samples/chat-killed.jsonl");
const LONG: &str = include_str!("../samples/chat-long.jsonl");
const REFUSED: &str = include_str!("../samples/chat-refused.jsonl");
const RESUMED: &str = include_str!("../samples/chat-resumed.jsonl");
const RETRIED: &str = include_str!("../samples/chat-retried.jsonl");
const STEERED: &str = include_str!("../samples/chat-steered.jsonl");
const UNOPENED: &str = include_str!("../samples/chat-unopened.jsonl");
/// Every transcript of a chat, and how many turns end in it. One that is gone is a failure where nobody knew of it.
pub(super) const ALL: [(&str, usize); 10] = [
    (TURNS, 5),
    (ASKED, 1),
    (GONE, 2),
    (KILLED, 1),
    (LONG, 1),
    (REFUSED, 15),
    (RESUMED, 1),
    (RETRIED, 1),
    (STEERED, 1),
    (UNOPENED, 1),
];
fn chat_facts() -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann".into(),
        session: None,
        handler: AttemptRef(7),
        exec: None,
        model: Some("gpt-5.1-codex".into()),
    }
}

/// A chat that goes on with a conversation.
fn known(session: &str) -> ChatFacts {
    ChatFacts { session: Some(session.into()), ..chat_facts() }
}

fn of(facts: &ChatFacts) -> Box<dyn Conversation> {
    Codex::default().conversation(facts).expect("it serves chats")
}

/// With a handler that was taken over.
pub(super) fn adopted() -> Box<dyn Conversation> {
    let mut talk = of(&chat_facts());
    talk.greet(true);
    talk
}

/// With a handler that was just started.
pub(super) fn fresh() -> Box<dyn Conversation> {
    let mut talk = of(&chat_facts());
    talk.greet(false);
    talk
}

/// With an agent at work that was taken over.
pub(super) fn at_work() -> Box<dyn Conversation> {
    let attempt = Attempt { model: Some("gpt-5.1-codex".into()), ..crate::shell::tests::attempt() };
    Codex::default().work(&attempt).expect("it works")
}

fn all(talk: &mut dyn Conversation, text: &str) -> Vec<Heard> {
    text.lines().flat_map(|line| talk.line(line.as_bytes())).collect()
}

fn said(heard: Vec<Heard>) -> Vec<Said> {
    let kept =
        heard.into_iter().filter_map(|heard| if let Heard::Kept(said) = heard { Some(said) } else { None });
    kept.collect()
}

/// What is kept of a transcript, but for the counts while a turn goes on.
fn kept(talk: &mut dyn Conversation, text: &str) -> Vec<Said> {
    let mut said = said(all(talk, text));
    said.retain(|said| !matches!(said, Said::Used { .. }));
    said
}

/// So many calls of the scripted model.
fn used(calls: u64) -> Usage {
    Usage {
        input: 1_093 * calls,
        cache_read: 100 * calls,
        cache_write: 7 * calls,
        output: 34 * calls,
        reasoning: 5 * calls,
        cost_micros: None,
        model: Some("gpt-5.1-codex".into()),
    }
}

fn shell(detail: &str) -> Said {
    Said::Tool { name: "shell".into(), detail: detail.into() }
}

pub(super) fn ends_a_turn(said: &Said) -> bool {
    matches!(said, Said::Answer { .. } | Said::Failed { .. } | Said::Unfit { .. })
}
