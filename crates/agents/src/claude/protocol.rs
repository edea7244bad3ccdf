//! What the program is told, a line at a time.

use serde_json::json;
use wg_core::id::AttemptRef;
use wg_core::usage::Usage;

use super::heard::Listener;
use super::in_flight::InFlight;
use crate::conversation::{Conversation, Delivery, Heard};
use crate::json;

/// The requests that it answers, by name. It is asked for nothing else, so the names are the same each time.
pub(super) const INITIALIZE: &str = "wg-initialize";
const INTERRUPT: &str = "wg-interrupt";

/// The middle of the names of messages: whose they are.
const OURS: &str = "-8777-8777-";

/// Speaks with one process: a chat's handler, or an agent at work.
pub(super) struct Stream {
    process: AttemptRef,
    listener: Listener,
}

impl Stream {
    /// With this process, which goes on with a conversation or begins one.
    pub(super) fn new(process: AttemptRef, session: Option<String>) -> Self {
        Self { process, listener: Listener::new(process, session) }
    }
}

impl Stream {
    /// In the middle of a turn that has used so much, as far as was told.
    pub(super) fn in_flight(mut self, used: Usage) -> Self {
        self.listener.used = InFlight::of(used);
        self
    }
}

impl Conversation for Stream {
    /// It prints nothing until it is spoken to; that it answers this shows that it is ready.
    fn greet(&mut self, again: bool) -> Vec<u8> {
        if again {
            return Vec::new();
        }
        self.listener.begins();
        request(INITIALIZE, "initialize")
    }

    fn line(&mut self, line: &[u8]) -> Vec<Heard> {
        self.listener.line(line)
    }

    fn deliver(&mut self, message: &Delivery<'_>) -> Vec<u8> {
        json::line(&json!({
            "type": "user",
            "message": {"role": "user", "content": [{"type": "text", "text": message.told()}]},
            "parent_tool_use_id": null,
            "session_id": "",
            "uuid": name_of(self.process, message.message),
        }))
    }

    fn interrupt(&mut self) -> Vec<u8> {
        request(INTERRUPT, "interrupt")
    }
}

fn request(id: &str, subtype: &str) -> Vec<u8> {
    json::line(&json!({"type": "control_request", "request_id": id, "request": {"subtype": subtype}}))
}

/// The answer to a request of its own, of which nothing is known here.
pub(super) fn refuse(id: &str) -> Vec<u8> {
    let error = "workgraph answers no requests";
    json::line(
        &json!({"type": "control_response", "response": {"subtype": "error", "request_id": id, "error": error}}),
    )
}

/// The name that a message goes by in the program (a UUID). The program drops a message whose name it has seen
/// in the conversation, without an answer: so the same message given by another handler has another name.
fn name_of(handler: AttemptRef, message: u64) -> String {
    let handler = handler.0 & 0xffff_ffff_ffff;
    let (high, low) = (handler >> 16, handler & 0xffff);
    format!("{high:08x}-{low:04x}{OURS}{:012x}", message & 0xffff_ffff_ffff)
}

/// The message that goes by a name that this handler gave.
pub(super) fn message_of(handler: AttemptRef, name: &str) -> Option<u64> {
    let (_, number) = name.split_once(OURS)?;
    let number = u64::from_str_radix(number, 16).ok()?;
    (name_of(handler, number) == name).then_some(number)
}
