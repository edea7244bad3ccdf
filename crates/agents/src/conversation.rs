//! The conversation side of an adapter: what a chat's handler is told, and what its output means.

use std::borrow::Cow;

use wg_core::chat::{Chat, Said};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::time::Timestamp;

/// Longest text of a line that made no sense, in bytes.
pub const GARBAGE_MAX: usize = 200;
/// What a chat's handler is told of itself.
pub(crate) const CHAT: &str = "You serve a chat of workgraph, a graph of tasks that people and agents share. The \
                               command `wg` works on it; `wg quickstart` tells how. Between messages your process \
                               may end; the conversation goes on with the next message, but nothing that was left \
                               running does.";
/// What is put before a message that was given before.
const AGAIN: &str = "(This message was given to you before, and no answer came back. What it asks for may be \
                     done already, in whole or in part: look before you do it again.)\n\n";

/// Speaks one handler's protocol: lines in, what they mean out. It does no IO and reads no clock.
///
/// There is one for each handler's process, made by [`crate::Adapter::conversation`] when that process is
/// launched, and made anew when a running one is adopted; what the earlier one knew is lost with it. So:
/// - what a line means must not need what an earlier conversation was given: a message's number is written
///   into what is delivered, and read from what comes back;
/// - [`Conversation::line`] is total: any bytes of any length, in any order. A line may come again after an
///   adoption;
/// - bytes that are given out are whole lines, and empty where the protocol has nothing to say.
pub trait Conversation: Send {
    /// Where its process works: an absolute path. It is told before anything else, where it is known.
    fn works_in(&mut self, _folder: &str) {}

    /// What to say first, once the handler's process runs. Also after an adoption (`again`: the process has
    /// heard it before): then only what is safe to repeat, usually nothing.
    fn greet(&mut self, again: bool) -> Vec<u8>;

    /// What a whole line of its output means, without the newline. In order; empty where it means nothing.
    fn line(&mut self, line: &[u8]) -> Vec<Heard>;

    /// The bytes that give it a message. One message at a time: the next comes after the turn's end.
    fn deliver(&mut self, message: &Delivery<'_>) -> Vec<u8>;

    /// The bytes that ask it to end the turn and keep the conversation.
    fn interrupt(&mut self) -> Vec<u8>;

    /// The bytes that tell it how a question was answered ([`Said::Asks`]): the question and the choice by the names
    /// that it gave them, no choice where it is neither yes nor no. It may be told again after an adoption.
    fn answer(&mut self, _question: &str, _choice: Option<&str>) -> Vec<u8> {
        Vec::new()
    }
}

/// What a line of a handler's output means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is kept: it goes into the graph.
    Kept(Said),
    /// A piece of an answer that is being made: shown, not kept.
    Delta(String),
    /// For the handler: the protocol itself wants this answered.
    Reply(Vec<u8>),
    /// It made no sense: printable, at most [`GARBAGE_MAX`] bytes, for the log.
    Garbage(String),
}

/// A message on its way to a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// The number of its entry.
    pub message: u64,
    /// Who wrote it.
    pub from: &'a Actor,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: &'a str,
    /// It was given to a handler before, which did not answer it.
    pub again: bool,
}

impl Delivery<'_> {
    /// Its text, for an agent whose protocol does not say that it was given before.
    #[must_use]
    pub fn told(&self) -> Cow<'_, str> {
        if self.again { format!("{AGAIN}{}", self.text).into() } else { self.text.into() }
    }
}

/// What an adapter may know of a chat and of the handler that serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatFacts {
    /// Which.
    pub number: ChatNumber,
    /// What people call it.
    pub name: String,
    /// The agent's own name of the conversation, where an earlier handler said one.
    pub session: Option<String>,
    /// The handler's attempt.
    pub handler: AttemptRef,
    /// The command line of adapter `command`.
    pub exec: Option<String>,
    /// The model, where one was asked for.
    pub model: Option<String>,
}

impl ChatFacts {
    /// As the graph has it.
    #[must_use]
    pub fn of(chat: &Chat) -> Self {
        Self {
            number: chat.number,
            name: chat.name.clone(),
            session: chat.session.clone(),
            handler: chat.last.unwrap_or(AttemptRef(0)),
            exec: chat.run.exec.clone(),
            model: chat.run.model.clone(),
        }
    }
}

/// A line that made no sense, and why, as [`Heard::Garbage`] has it. What does not print is escaped, so that
/// nothing that a handler writes can steer the terminal of who reads the log.
#[must_use]
pub fn garbage(why: &str, line: &[u8]) -> Heard {
    let mut text = String::with_capacity(GARBAGE_MAX);
    // An escape is never shorter than what it stands for: more of the line than this is never shown.
    let start = &line[..line.len().min(GARBAGE_MAX)];
    let line = String::from_utf8_lossy(start);
    for c in why.chars().chain(": ".chars()).chain(line.chars()) {
        let quoted = matches!(c, '"' | '\'' | '\\');
        let piece: String = if quoted { c.into() } else { c.escape_debug().collect() };
        if text.len() + piece.len() > GARBAGE_MAX {
            break;
        }
        text.push_str(&piece);
    }
    Heard::Garbage(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_no_sense_is_short_and_prints() {
        let text = |line: &[u8]| match garbage("no JSON", line) {
            Heard::Garbage(text) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text(b"it's \"so\" \\ so"), "no JSON: it's \"so\" \\ so");
        assert_eq!(text(b"\x1b[2J\0\xff\r"), "no JSON: \\u{1b}[2J\\0\u{fffd}\\r");
        assert_eq!(text("\u{202e}\u{85}".as_bytes()), "no JSON: \\u{202e}\\u{85}");
        for line in ["x".repeat(1 << 20), "é".repeat(1_000), "\u{202e}".repeat(1_000)] {
            let text = text(line.as_bytes());
            assert!((GARBAGE_MAX - 8..=GARBAGE_MAX).contains(&text.len()), "{}", text.len());
        }
    }
}
