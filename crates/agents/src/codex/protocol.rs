//! What `codex app-server` is told, a line at a time: JSON-RPC without the header that says so.

use serde_json::{Value, json};
use wg_core::id::AttemptRef;

use super::heard::Listener;
use crate::conversation::{Conversation, Delivery, Heard};
use crate::permissions::Permissions;

/// The requests that it answers, by name. Each is made once for a process, but for the last.
pub(super) const INITIALIZE: &str = "wg-initialize";
pub(super) const OPEN: &str = "wg-open";
/// The conversation that it was to go on with is not there: a new one.
pub(super) const ANEW: &str = "wg-anew";
const INTERRUPT: &str = "wg-interrupt";

/// How the name of a message begins; its process and its number come behind it.
const MESSAGE: &str = "wg";
/// What is put before a message that was given before.
const AGAIN: &str = "(This message was given to you before, and no answer came back. What it asks for may be \
                     done already, in whole or in part: look before you do it again.)\n\n";
/// What it would tell and nobody listens to.
const UNHEARD: [&str; 6] = [
    "item/commandExecution/outputDelta",
    "item/fileChange/outputDelta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "thread/started",
    "turn/diff/updated",
];

/// How a conversation is opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) model: Option<String>,
    pub(super) permissions: Permissions,
    /// What the agent is told of itself.
    pub(super) instructions: Option<&'static str>,
}

impl Opening {
    /// The request that opens one: the one that goes by `session`, or a new one.
    pub(super) fn request(&self, id: &str, session: Option<&str>) -> Vec<u8> {
        let sandbox = match self.permissions {
            Permissions::Edit => "workspace-write",
            Permissions::Full => "danger-full-access",
        };
        // Nobody is there to be asked.
        let mut params = json!({"approvalPolicy": "never", "sandbox": sandbox});
        if let Some(model) = &self.model {
            params["model"] = model.as_str().into();
        }
        if let Some(instructions) = self.instructions {
            params["developerInstructions"] = instructions.into();
        }
        match session {
            None => request(id, "thread/start", &params),
            Some(session) => {
                params["threadId"] = session.into();
                // What was said in it is known here.
                params["excludeTurns"] = true.into();
                request(id, "thread/resume", &params)
            }
        }
    }
}

/// Speaks with one process: a chat's handler, or an agent at work.
pub(super) struct Server {
    listener: Listener,
}

impl Server {
    /// With the process that this listens to.
    pub(super) fn new(listener: Listener) -> Self {
        Self { listener }
    }

    fn thread(&self) -> &str {
        self.listener.session.as_deref().unwrap_or_default()
    }
}

impl Conversation for Server {
    /// It prints nothing of its own that it waits for, so everything is said at once, and that the conversation
    /// is open shows that it is ready.
    fn greet(&mut self, again: bool) -> Vec<u8> {
        if again {
            return Vec::new();
        }
        self.listener.idle = true;
        let params = json!({
            "clientInfo": {"name": "workgraph", "title": "workgraph", "version": env!("CARGO_PKG_VERSION")},
            "capabilities": {
                "experimentalApi": false,
                "requestAttestation": false,
                "optOutNotificationMethods": UNHEARD,
            },
        });
        let mut greeting = request(INITIALIZE, "initialize", &params);
        greeting.extend(line(&json!({"method": "initialized"})));
        greeting.extend(self.listener.opening.request(OPEN, self.listener.session.as_deref()));
        greeting
    }

    fn line(&mut self, line: &[u8]) -> Vec<Heard> {
        self.listener.line(line)
    }

    fn deliver(&mut self, message: &Delivery<'_>) -> Vec<u8> {
        let text = if message.again { format!("{AGAIN}{}", message.text) } else { message.text.to_owned() };
        let name = name_of(self.listener.process, message.message);
        let params = json!({
            "threadId": self.thread(),
            "clientUserMessageId": name,
            "input": [{"type": "text", "text": text, "text_elements": []}],
        });
        request(&name, "turn/start", &params)
    }

    /// Without the name of a turn it is the one in flight, whichever: after an adoption its name is not known.
    fn interrupt(&mut self) -> Vec<u8> {
        if self.listener.session.is_none() {
            return Vec::new();
        }
        request(INTERRUPT, "turn/interrupt", &json!({"threadId": self.thread(), "turnId": ""}))
    }
}

fn request(id: &str, method: &str, params: &Value) -> Vec<u8> {
    line(&json!({"id": id, "method": method, "params": params}))
}

pub(super) fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// The name that a message goes by in the program, and the request that gives it. It stays in the conversation,
/// so the same message given to another process has another name.
fn name_of(process: AttemptRef, message: u64) -> String {
    format!("{MESSAGE}-{}-{message}", process.0)
}

/// The message that goes by a name that this process was given.
pub(super) fn message_of(process: AttemptRef, name: &str) -> Option<u64> {
    let (_, number) = name.rsplit_once('-')?;
    let number = number.parse().ok()?;
    (name_of(process, number) == name).then_some(number)
}
