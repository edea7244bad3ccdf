//! The client of one agent's process: how its conversation is opened, and what is said in it.
//!
//! initialize → session/new, or session/load of the conversation that is kept → what else is to be asked →
//! ready. Some agents answer session/load first and tell what was said before after that: a request that none
//! of them knows is put behind it, and what comes before its answer is of the past.
//!
//! After an adoption a conversation does not know how far the one before it came. The requests of the opening
//! have the same names each time, and what their answers mean needs nothing but themselves, so that lines which
//! come again open it again: at worst the agent is asked twice for the same. The name of a prompt has the
//! message's number in it. What is lost is the beginning of an answer that was being made, where something that
//! is kept came after it.

use serde_json::{Value, json};
use wg_core::chat::{GiveUp, Said};
use wg_core::usage::Usage;

use super::failure;
use super::permission;
use super::turn::Turn;
use crate::conversation::{CHAT, Conversation, Delivery, Heard, garbage};
use crate::json;
use crate::permissions::Permissions;

/// The version of the protocol that is spoken.
const VERSION: u64 = 1;
/// Longest name of a conversation, in bytes. A longer one can't be cut: it would be another conversation's.
const SESSION_MAX: usize = 1024;

const INITIALIZE: &str = "wg-initialize";
const NEW: &str = "wg-session-new";
const LOAD: &str = "wg-session-load";
const SETTLE: &str = "wg-settle";
const MODEL: &str = "wg-model";
/// The name of a prompt, before the message's number.
const PROMPT: &str = "wg-prompt-";
/// A method that no agent has.
const NOBODYS: &str = "_workgraph/settle";

/// What is to be known of an agent to speak with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Talk {
    /// The conversation to go on with.
    pub(crate) session: Option<String>,
    /// The model to be chosen once the conversation is open; absent where its command line says it.
    pub(crate) model: Option<String>,
    /// What it may do.
    pub(crate) permissions: Permissions,
    /// It serves a chat: the first message of a new conversation tells it so, and people are asked about what it may
    /// not do by itself.
    pub(crate) chat: bool,
}

/// How far the opening is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its process has heard nothing from here; another may have spoken with it.
    Unknown,
    /// It was greeted, and what it says is of the opening.
    Opening,
    /// Messages are taken.
    Open,
}

/// Speaks with one process.
pub(crate) struct Client {
    talk: Talk,
    folder: String,
    phase: Phase,
    /// The conversation, once it is known.
    session: Option<String>,
    /// It is a new one, which has heard nothing.
    new: bool,
    /// What the answer that opened it said can be chosen.
    choices: Value,
    held: Vec<(u64, String)>,
    turn: Turn,
}

impl Client {
    pub(crate) fn new(talk: Talk) -> Self {
        let session = talk.session.clone().filter(|session| is_session(session));
        Self {
            talk: Talk { session: session.clone(), ..talk },
            folder: ".".to_owned(),
            phase: Phase::Unknown,
            session,
            new: false,
            choices: Value::Null,
            held: Vec::new(),
            turn: Turn::default(),
        }
    }

    fn response(&mut self, id: &str, line: &Value) -> Vec<Heard> {
        let (result, error) = (&line["result"], line.get("error").filter(|error| !error.is_null()));
        // An opening that was asked for twice happens once.
        if self.is_open() && !id.starts_with(PROMPT) {
            return Vec::new();
        }
        match (id, error) {
            (INITIALIZE, None) => self.initialized(result),
            (LOAD, None) => {
                self.choices = result.clone();
                vec![Heard::Reply(request(SETTLE, NOBODYS, json!({})))]
            }
            // Why it can't be gone on with is not told by all: where a new one can't be had either, it is kept.
            (LOAD, Some(error)) if !failure::wants_login(error) => vec![self.begin()],
            (NEW, None) => self.begun(result),
            // It does not know the method, as nobody does.
            (SETTLE, _) => self.choose(),
            (MODEL, None) => self.ready(),
            (MODEL, Some(error)) => {
                let text = failure::text(error);
                self.unfit(GiveUp::Model, text)
            }
            (INITIALIZE | NEW | LOAD, Some(error)) => {
                vec![Heard::Kept(failure::said(error, Usage::default()))]
            }
            _ => self.prompted(id, result, error),
        }
    }

    fn initialized(&mut self, result: &Value) -> Vec<Heard> {
        let version = result["protocolVersion"].as_u64().unwrap_or(VERSION);
        if version != VERSION {
            let text =
                format!("it speaks version {version} of the Agent Client Protocol, and {VERSION} is wanted");
            return self.unfit(GiveUp::Configuration, text);
        }
        self.phase = Phase::Opening;
        let loads = result["agentCapabilities"]["loadSession"].as_bool() == Some(true);
        match self.talk.session.clone().filter(|_| loads) {
            Some(session) => {
                let params = json!({"sessionId": session, "cwd": self.folder, "mcpServers": []});
                self.session = Some(session);
                vec![Heard::Reply(request(LOAD, "session/load", params))]
            }
            None => vec![self.begin()],
        }
    }

    fn begin(&mut self) -> Heard {
        self.session = None;
        Heard::Reply(self.new_session())
    }

    fn new_session(&self) -> Vec<u8> {
        request(NEW, "session/new", json!({"cwd": self.folder, "mcpServers": []}))
    }

    fn begun(&mut self, result: &Value) -> Vec<Heard> {
        let Some(session) = result["sessionId"].as_str().filter(|session| is_session(session)) else {
            return self
                .unfit(GiveUp::Configuration, "it gave its conversation no name that can be kept".into());
        };
        self.session = Some(session.to_owned());
        self.new = true;
        self.turn.has_cost_nothing();
        self.choices = result.clone();
        self.choose()
    }

    /// The model, where one is asked for that is not the one it would take.
    fn choose(&mut self) -> Vec<Heard> {
        let choices = std::mem::take(&mut self.choices);
        let Some(model) = self.talk.model.clone() else { return self.ready() };
        let session = self.session.clone().unwrap_or_default();
        let options = choices["configOptions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let option = options.iter().find(|option| option["category"] == "model" && option["id"].is_string());
        let (current, asks) = match option {
            Some(option) => {
                let params = json!({"sessionId": session, "configId": option["id"], "value": model});
                (&option["currentValue"], request(MODEL, "session/set_config_option", params))
            }
            None if choices["models"].is_object() => {
                let params = json!({"sessionId": session, "modelId": model});
                (&choices["models"]["currentModelId"], request(MODEL, "session/set_model", params))
            }
            None => {
                let text = format!("it lets nobody choose the model, and {model} is asked for");
                return self.unfit(GiveUp::Model, text);
            }
        };
        if *current == model { self.ready() } else { vec![Heard::Reply(asks)] }
    }

    fn ready(&mut self) -> Vec<Heard> {
        self.phase = Phase::Open;
        self.turn.begins();
        let mut heard = Vec::new();
        if let Some(session) = self.session.clone().filter(|_| self.session != self.talk.session) {
            if self.talk.session.is_some() {
                heard.push(Heard::Kept(Said::NoSession));
            }
            heard.push(Heard::Kept(Said::Session { id: session }));
        }
        heard.push(Heard::Kept(Said::Ready));
        for (message, text) in std::mem::take(&mut self.held) {
            heard.push(Heard::Reply(self.prompt(message, &text)));
        }
        heard
    }

    fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    fn unfit(&mut self, reason: GiveUp, text: String) -> Vec<Heard> {
        self.phase = Phase::Unknown;
        vec![Heard::Kept(Said::Unfit { reason, text })]
    }

    fn prompt(&mut self, message: u64, text: &str) -> Vec<u8> {
        self.turn.begins();
        let block = |text: &str| json!({"type": "text", "text": text});
        let preamble = Some(CHAT).filter(|_| std::mem::take(&mut self.new) && self.talk.chat);
        let blocks: Vec<Value> = preamble.into_iter().chain([text]).map(block).collect();
        let params = json!({"sessionId": self.session, "prompt": blocks});
        request(&format!("{PROMPT}{message}"), "session/prompt", params)
    }

    /// The end of a turn.
    fn prompted(&mut self, id: &str, result: &Value, error: Option<&Value>) -> Vec<Heard> {
        let Some(message) = id.strip_prefix(PROMPT).and_then(|number| number.parse().ok()) else {
            return Vec::new();
        };
        self.turn.end(message, result, error)
    }

    fn asked(&mut self, id: &Value, method: &str, params: &Value) -> Vec<Heard> {
        if method != "session/request_permission" {
            let error = json!({"code": -32601, "message": "workgraph offers no such method"});
            return vec![Heard::Reply(json::line(&json!({"jsonrpc": "2.0", "id": id, "error": error})))];
        }
        let call = &params["toolCall"];
        let mut heard: Vec<Heard> = self.turn.tool(call, true).into_iter().map(Heard::Kept).collect();
        let known = self.turn.known(call);
        let allowed = permission::is_allowed(self.talk.permissions, &self.folder, &known);
        let question = permission::question(id, &known, &params["options"]);
        heard.push(if !allowed && self.talk.chat && permission::can_wait(&question) {
            Heard::Kept(Said::Asks { question })
        } else {
            Heard::Reply(permission::answer(&question.id, permission::ruling(&question, allowed)))
        });
        heard
    }

    fn update(&mut self, params: &Value) -> Vec<Heard> {
        let of = params["sessionId"].as_str();
        match (&self.session, of) {
            // A helper of the agent's, whose business is the agent's own.
            (Some(ours), Some(of)) if ours != of => return Vec::new(),
            (None, Some(of)) if self.phase == Phase::Unknown && is_session(of) => {
                self.session = Some(of.to_owned());
            }
            _ => {}
        }
        self.turn.update(&params["update"], self.phase == Phase::Opening)
    }
}

impl Conversation for Client {
    fn works_in(&mut self, folder: &str) {
        folder.clone_into(&mut self.folder);
    }

    fn greet(&mut self, again: bool) -> Vec<u8> {
        if again {
            if self.phase == Phase::Unknown {
                self.turn.is_taken_over();
            }
            return Vec::new();
        }
        self.phase = Phase::Opening;
        // Files and terminals are its own: nothing of them is offered.
        let offered = json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false});
        let params = json!({
            "protocolVersion": VERSION,
            "clientCapabilities": offered,
            "clientInfo": {"name": "workgraph", "title": "workgraph", "version": env!("CARGO_PKG_VERSION")},
        });
        request(INITIALIZE, "initialize", params)
    }

    fn line(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Vec::new();
        }
        let Some(line) = json::object(bytes) else { return vec![garbage("no object of JSON", bytes)] };
        let (id, params) = (line.get("id").filter(|id| !id.is_null()), &line["params"]);
        match (line["method"].as_str(), id) {
            (Some(method), Some(id)) => self.asked(id, method, params),
            (Some("session/update"), None) => self.update(params),
            (Some(_), None) => Vec::new(),
            (None, Some(Value::String(id))) => self.response(id, &line),
            (None, _) => vec![garbage("no request and no answer", bytes)],
        }
    }

    fn deliver(&mut self, message: &Delivery<'_>) -> Vec<u8> {
        let text = message.told().into_owned();
        // What is taken over and has a conversation was ready before.
        let ready = self.session.is_some() && self.phase != Phase::Opening;
        if ready {
            return self.prompt(message.message, &text);
        }
        self.held.push((message.message, text));
        // Whatever it was asked for is known to nobody any more.
        if self.phase == Phase::Unknown { self.new_session() } else { Vec::new() }
    }

    fn interrupt(&mut self) -> Vec<u8> {
        self.held.clear();
        match &self.session {
            Some(session) => json::line(
                &json!({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": session}}),
            ),
            None => Vec::new(),
        }
    }

    fn answer(&mut self, question: &str, choice: Option<&str>) -> Vec<u8> {
        permission::answer(question, choice)
    }
}

/// Whether this can be the name of a conversation.
fn is_session(id: &str) -> bool {
    (1..=SESSION_MAX).contains(&id.len()) && !id.contains(char::is_control)
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for this")]
fn request(id: &str, method: &str, params: Value) -> Vec<u8> {
    json::line(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}
