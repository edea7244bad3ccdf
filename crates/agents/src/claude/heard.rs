//! What a line of the program means. Total: what lacks what its type needs, and types of later versions, mean
//! nothing; only what is no object of JSON is told as nonsense.

use serde_json::Value;
use wg_core::chat::Said;
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::in_flight::InFlight;
use super::protocol::{INITIALIZE, message_of, refuse};
use crate::conversation::{Heard, garbage};
use crate::json;

/// Longest name of a conversation; it is a UUID.
const SESSION_MAX: usize = 128;
/// Where a tool's input says what it is used for, the best first.
const DETAILS: [&str; 8] =
    ["command", "file_path", "notebook_path", "pattern", "url", "query", "description", "prompt"];

/// Whose turn it is that the program is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing was heard of it.
    Unknown,
    /// A message's.
    Of(u64),
    /// Its own: something that it had started came to an end, and nobody had asked.
    Own,
}

/// Understands one process. What it keeps of earlier lines makes an answer more exact, never decides whether
/// there is one: it is lost with an adoption.
pub(super) struct Listener {
    process: AttemptRef,
    /// The conversation's name, as it is known already.
    pub(super) session: Option<String>,
    pub(super) turn: Turn,
    /// What its process had cost when its last turn ended, in dollars; unknown after an adoption.
    pub(super) cost: Option<f64>,
    /// What its own turns used, which goes to the next answer.
    pub(super) owed: Usage,
    /// How its last line of an answer said that it failed.
    pub(super) error: Option<String>,
    pub(super) model: Option<String>,
    /// When its provider's limit ends.
    pub(super) reset: Option<Timestamp>,
    pub(super) used: InFlight,
}

impl Listener {
    pub(super) fn new(process: AttemptRef, session: Option<String>) -> Self {
        Self {
            process,
            session,
            turn: Turn::Unknown,
            cost: None,
            owed: Usage::default(),
            error: None,
            model: None,
            reset: None,
            used: InFlight::default(),
        }
    }

    /// Its process has said nothing yet.
    pub(super) fn begins(&mut self) {
        self.cost = Some(0.0);
    }

    pub(super) fn line(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Vec::new();
        }
        let Some(line) = json::object(bytes) else { return vec![garbage("no object of JSON", bytes)] };
        let inner = line["parent_tool_use_id"].is_string();
        match line["type"].as_str().unwrap_or_default() {
            "" => vec![garbage("no type", bytes)],
            "control_response" => ready(&line["response"], bytes),
            "control_request" => match line["request_id"].as_str() {
                Some(id) => vec![Heard::Reply(refuse(id))],
                None => Vec::new(),
            },
            "system" => self.system(&line),
            "user" => self.user(&line),
            // What a helper of the agent's says and does is the agent's own business.
            "assistant" if !inner => self.assistant(&line),
            "stream_event" => self.event(&line["event"], inner),
            "rate_limit_event" => self.limit(&line["rate_limit_info"]),
            "result" => self.result(&line),
            _ => Vec::new(),
        }
    }

    fn system(&mut self, line: &Value) -> Vec<Heard> {
        match line["subtype"].as_str() {
            Some("init") => {
                self.error = None;
                let session = line["session_id"].as_str().filter(|session| is_session(session));
                match session {
                    Some(id) if self.session.as_deref() != Some(id) => {
                        self.session = Some(id.to_owned());
                        vec![Heard::Kept(Said::Session { id: id.to_owned() })]
                    }
                    _ => Vec::new(),
                }
            }
            Some("task_notification") if self.turn == Turn::Unknown => {
                self.turn = Turn::Own;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A message that comes back is the one that is answered from here on, also in the middle of another turn.
    fn user(&mut self, line: &Value) -> Vec<Heard> {
        let message = line["uuid"].as_str().and_then(|name| message_of(self.process, name));
        if let Some(message) = message {
            self.turn = Turn::Of(message);
        }
        Vec::new()
    }

    fn assistant(&mut self, line: &Value) -> Vec<Heard> {
        self.error = line["error"].as_str().map(str::to_owned);
        let message = &line["message"];
        // Of what it says itself in the place of an answer, the model is `<synthetic>`.
        if let Some(model) = json::model(&message["model"]).filter(|model| !model.starts_with('<')) {
            self.model = Some(model);
        }
        let blocks = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        blocks.iter().filter_map(tool).map(Heard::Kept).collect()
    }

    /// A piece of a model's answer. What a helper of the agent's uses is used all the same.
    fn event(&mut self, event: &Value, inner: bool) -> Vec<Heard> {
        let kind = event["type"].as_str().unwrap_or_default();
        if let Some(usage) = self.used.event(kind, event) {
            // Its answer names the model before it says what it used; the end of the turn will name the same.
            let model = self.model.clone();
            return vec![Heard::Kept(Said::Used { usage: Usage { model, ..usage } })];
        }
        if inner { Vec::new() } else { delta(event) }
    }

    fn limit(&mut self, info: &Value) -> Vec<Heard> {
        let rejected = info["status"].as_str() == Some("rejected");
        self.reset = info["resetsAt"].as_i64().filter(|_| rejected).and_then(seconds);
        Vec::new()
    }
}

/// Whether this can be the name of a conversation of the program: it becomes an argument.
pub(super) fn is_session(id: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=SESSION_MAX).contains(&id.len()) && id.chars().all(known)
}

/// A moment, where these are seconds since 1970 of this century.
pub(super) fn seconds(seconds: i64) -> Option<Timestamp> {
    let sensible = (946_684_800..4_102_444_800).contains(&seconds);
    sensible.then(|| Timestamp::from_nanos(seconds * 1_000_000_000))
}

fn ready(response: &Value, bytes: &[u8]) -> Vec<Heard> {
    if response["request_id"].as_str() != Some(INITIALIZE) {
        return Vec::new();
    }
    match response["subtype"].as_str() {
        Some("success") => vec![Heard::Kept(Said::Ready)],
        _ => vec![garbage("it does not begin", bytes)],
    }
}

fn delta(event: &Value) -> Vec<Heard> {
    let delta = &event["delta"];
    match (event["type"].as_str(), delta["type"].as_str(), delta["text"].as_str()) {
        (Some("content_block_delta"), Some("text_delta"), Some(text)) if !text.is_empty() => {
            vec![Heard::Delta(text.to_owned())]
        }
        _ => Vec::new(),
    }
}

fn tool(block: &Value) -> Option<Said> {
    let name = block["name"].as_str().filter(|_| block["type"].as_str() == Some("tool_use"))?;
    let input = &block["input"];
    let detail = DETAILS.iter().find_map(|key| input[key].as_str()).map(str::to_owned);
    let detail = detail.unwrap_or_else(|| match input {
        Value::Object(fields) if !fields.is_empty() => input.to_string(),
        _ => String::new(),
    });
    Some(Said::Tool { name: name.to_owned(), detail: json::detail(&detail) })
}
