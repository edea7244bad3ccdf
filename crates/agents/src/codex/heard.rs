//! What a line of `codex app-server` means. Total: what lacks what its kind needs, and methods of later versions,
//! mean nothing; only what is no object of JSON is told as nonsense.

use serde_json::{Value, json};
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::failure;
use super::item::{Kind, kind, tool};
use super::protocol::{ANEW, INITIALIZE, OPEN, Opening, message_of};
use super::tally::Tally;
use crate::conversation::{Heard, garbage};
use crate::permissions::Permissions;

/// Longest name of a conversation; it is a UUID.
const SESSION_MAX: usize = 128;
/// Longest name of a model that is kept, in bytes; more is cut off.
const MODEL_MAX: usize = 256;
/// How it says that a conversation is not there, or that what it was given names none.
const NOT_THERE: [&str; 2] = ["no rollout found", "invalid session id"];
/// How it says that its own configuration is wrong.
const MISCONFIGURED: &str = "failed to load configuration";
/// How much of a limit is used when it is reached, in percent.
const ALL_OF_IT: f64 = 100.0;
/// What a request of its own that is not known gets: JSON-RPC's word for it.
const NO_SUCH_METHOD: i32 = -32_601;

/// Understands one process. What it keeps of earlier lines makes an answer more exact, never decides whether
/// there is one: it is lost with an adoption.
pub(super) struct Listener {
    pub(super) process: AttemptRef,
    pub(super) opening: Opening,
    /// The conversation's name, as it is known.
    pub(super) session: Option<String>,
    /// No turn is in flight, as far as was heard.
    pub(super) idle: bool,
    /// The message that it is at.
    message: Option<u64>,
    /// What the agent said last in its turn.
    answer: Option<String>,
    model: Option<String>,
    /// When the limit that was reached ends.
    reset: Option<Timestamp>,
    tally: Tally,
}

impl Listener {
    pub(super) fn new(process: AttemptRef, session: Option<String>, opening: Opening) -> Self {
        Self {
            process,
            session,
            idle: false,
            message: None,
            answer: None,
            model: opening.model.clone(),
            opening,
            reset: None,
            tally: Tally::default(),
        }
    }

    /// What all of its conversation used is what it used: it has no turns before.
    pub(super) fn counting_all(mut self) -> Self {
        self.tally = Tally::from_the_start();
        self
    }

    pub(super) fn line(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Vec::new();
        }
        let Some(line) = object(bytes) else { return vec![garbage("no object of JSON", bytes)] };
        match (line["method"].as_str(), line.get("id")) {
            (Some(method), Some(id)) => vec![Heard::Reply(self.decided(method, id))],
            (Some(method), None) => self.told(method, &line["params"]),
            (None, Some(id)) => self.answered(id.as_str().unwrap_or_default(), &line, bytes),
            (None, None) => vec![garbage("neither method nor id", bytes)],
        }
    }

    /// A request of its own, which waits for its answer. What the sandbox allows it does not ask for, and
    /// nobody is there to allow more.
    fn decided(&self, method: &str, id: &Value) -> Vec<u8> {
        let full = self.opening.permissions == Permissions::Full;
        let answer = match method {
            "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
                json!({"decision": if full { "accept" } else { "decline" }})
            }
            "item/permissions/requestApproval" => json!({"permissions": {}, "scope": "turn"}),
            "item/tool/requestUserInput" => json!({"answers": {}}),
            "mcpServer/elicitation/request" => json!({"action": "decline", "content": null, "_meta": null}),
            _ => {
                let error =
                    json!({"code": NO_SUCH_METHOD, "message": "workgraph does not know this request"});
                return super::protocol::line(&json!({"id": id, "error": error}));
            }
        };
        super::protocol::line(&json!({"id": id, "result": answer}))
    }

    /// The answer to a request of ours.
    fn answered(&mut self, id: &str, line: &Value, bytes: &[u8]) -> Vec<Heard> {
        let error = line["error"]["message"].as_str().filter(|_| line["error"].is_object());
        match (id, error) {
            (OPEN | ANEW, None) => self.opened(&line["result"], bytes),
            (OPEN, Some(error)) if self.session.is_some() && is_not_there(error) => {
                self.session = None;
                let anew = self.opening.request(ANEW, None);
                vec![Heard::Kept(Said::NoSession), Heard::Reply(anew)]
            }
            (OPEN | ANEW, Some(error)) => vec![Heard::Kept(unopened(error))],
            (INITIALIZE, Some(_)) => vec![garbage("it does not begin", bytes)],
            (id, Some(_)) if message_of(self.process, id).is_some() => {
                vec![Heard::Kept(failure::said(&line["error"], None, Usage::default()))]
            }
            _ => Vec::new(),
        }
    }

    /// The conversation is open: from here on it takes messages.
    fn opened(&mut self, result: &Value, bytes: &[u8]) -> Vec<Heard> {
        let Some(id) = result["thread"]["id"].as_str().filter(|id| is_session(id)) else {
            return vec![garbage("a conversation without a name", bytes)];
        };
        if let Some(model) = result["model"].as_str() {
            self.model = Some(model[..model.floor_char_boundary(MODEL_MAX)].to_owned());
        }
        let known = self.session.as_deref() == Some(id);
        self.session = Some(id.to_owned());
        let session = (!known).then(|| Said::Session { id: id.to_owned() });
        session.into_iter().chain([Said::Ready]).map(Heard::Kept).collect()
    }

    fn told(&mut self, method: &str, params: &Value) -> Vec<Heard> {
        let thread = params["threadId"].as_str().unwrap_or_default();
        // What a helper of the agent's says and does is the agent's own business; what it uses is used.
        let ours = self.session.as_deref().is_none_or(|session| session == thread);
        match method {
            "thread/tokenUsage/updated" => self.used(thread, &params["tokenUsage"]),
            "account/rateLimits/updated" => {
                self.limit(&params["rateLimits"]);
                Vec::new()
            }
            "turn/started" if ours => {
                self.idle = false;
                self.answer = None;
                self.tally.begins();
                Vec::new()
            }
            "turn/completed" if ours => self.completed(&params["turn"]),
            "item/started" if ours => self.item(&params["item"], false),
            "item/completed" if ours => self.item(&params["item"], true),
            "item/agentMessage/delta" if ours => match params["delta"].as_str() {
                Some(text) if !text.is_empty() => vec![Heard::Delta(text.to_owned())],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn item(&mut self, item: &Value, over: bool) -> Vec<Heard> {
        match kind(item) {
            Kind::Says if over => self.answer = item["text"].as_str().map(str::to_owned),
            // From here on it is this message that is answered, also in the middle of another turn.
            Kind::Told => {
                let name = item["clientId"].as_str().unwrap_or_default();
                self.message = message_of(self.process, name).or(self.message);
            }
            Kind::Tool if !over => return vec![Heard::Kept(tool(item))],
            Kind::LateTool if over => return vec![Heard::Kept(tool(item))],
            Kind::Says | Kind::Tool | Kind::LateTool | Kind::Other => {}
        }
        Vec::new()
    }

    fn used(&mut self, thread: &str, counts: &Value) -> Vec<Heard> {
        let model = self.model.clone();
        match self.tally.told(thread, counts) {
            // What it tells when a conversation is opened is of earlier turns.
            Some(used) if !self.idle => {
                vec![Heard::Kept(Said::Used { usage: Usage { model, ..used.clone() } })]
            }
            _ => Vec::new(),
        }
    }

    /// The windows of a limit: the one that is used up and ends last is what is to be waited for.
    fn limit(&mut self, limits: &Value) {
        let windows = [&limits["primary"], &limits["secondary"]].into_iter();
        let full =
            windows.filter(|window| window["usedPercent"].as_f64().is_some_and(|used| used >= ALL_OF_IT));
        self.reset = full.filter_map(|window| seconds(window["resetsAt"].as_i64()?)).max().or(self.reset);
    }

    fn completed(&mut self, turn: &Value) -> Vec<Heard> {
        let usage = Usage { model: self.model.clone(), ..self.tally.ends() };
        let (message, answer) = (self.message.take(), self.answer.take());
        self.idle = true;
        let said = match turn["status"].as_str() {
            Some("completed") => {
                let text = last_words(turn).map(str::to_owned).or(answer).unwrap_or_default();
                Said::Answer { message, text, usage }
            }
            Some("interrupted") => Said::Failed { error: TurnError::Interrupted, text: String::new(), usage },
            Some("failed") => failure::said(&turn["error"], self.reset.take(), usage),
            _ => return Vec::new(),
        };
        self.reset = None;
        vec![Heard::Kept(said)]
    }
}

/// Why the conversation was not opened.
fn unopened(error: &str) -> Said {
    let text = error.to_owned();
    if error.starts_with(MISCONFIGURED) {
        return Said::Unfit { reason: GiveUp::Configuration, text };
    }
    Said::Failed { error: TurnError::Other, text, usage: Usage::default() }
}

fn is_not_there(error: &str) -> bool {
    NOT_THERE.iter().any(|start| error.starts_with(start))
}

/// What the agent said last, as the end of its turn has it.
fn last_words(turn: &Value) -> Option<&str> {
    let items = turn["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().rev().find(|item| kind(item) == Kind::Says)?["text"].as_str()
}

/// Whether this can be the name of a conversation of the program.
pub(super) fn is_session(id: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=SESSION_MAX).contains(&id.len()) && id.chars().all(known)
}

pub(super) fn object(bytes: &[u8]) -> Option<Value> {
    let value = serde_json::from_str::<Value>(&String::from_utf8_lossy(bytes));
    value.ok().filter(Value::is_object)
}

/// A moment, where these are seconds since 1970 of this century.
fn seconds(seconds: i64) -> Option<Timestamp> {
    let sensible = (946_684_800..4_102_444_800).contains(&seconds);
    sensible.then(|| Timestamp::from_nanos(seconds * 1_000_000_000))
}
