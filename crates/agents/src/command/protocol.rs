//! What a handler is told, version 1 of the protocol: one object of JSON a line.

use serde::Serialize;
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::time::Timestamp;

use super::heard;
use crate::conversation::{ChatFacts, Conversation, Delivery, Heard};

/// The version that a handler is greeted with. Fields and types may be added within it.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Told<'a> {
    Hello {
        version: u32,
        chat: ChatNumber,
        name: &'a str,
        handler: AttemptRef,
        session: Option<&'a str>,
        model: Option<&'a str>,
    },
    Message {
        id: u64,
        from: &'a Actor,
        at: Timestamp,
        text: &'a str,
        again: bool,
    },
    Interrupt,
    Shutdown,
}

impl Told<'_> {
    /// JSON has no newline of its own: what is in a text is escaped.
    fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers are JSON");
        line.push('\n');
        line
    }
}

/// What tells a handler to leave.
pub(super) fn farewell() -> String {
    Told::Shutdown.line()
}

/// Speaks with one handler. It remembers nothing of what was said.
pub(super) struct Lines {
    chat: ChatFacts,
}

impl Lines {
    pub(super) fn new(chat: ChatFacts) -> Self {
        Self { chat }
    }
}

impl Conversation for Lines {
    fn greet(&mut self, again: bool) -> Vec<u8> {
        if again {
            return Vec::new();
        }
        let ChatFacts { number, name, session, handler, exec: _, model } = &self.chat;
        Told::Hello {
            version: VERSION,
            chat: *number,
            name,
            handler: *handler,
            session: session.as_deref(),
            model: model.as_deref(),
        }
        .line()
        .into_bytes()
    }

    fn line(&mut self, line: &[u8]) -> Vec<Heard> {
        heard::line(line)
    }

    fn deliver(&mut self, message: &Delivery<'_>) -> Vec<u8> {
        let Delivery { message: id, from, at, text, again } = *message;
        Told::Message { id, from, at, text, again }.line().into_bytes()
    }

    fn interrupt(&mut self) -> Vec<u8> {
        Told::Interrupt.line().into_bytes()
    }
}
