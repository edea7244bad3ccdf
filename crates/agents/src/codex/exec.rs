//! What `codex exec --json` prints while it works. It is given its prompt as standard input and leaves at the
//! end of its turn: nothing is said to it.
//!
//! Total: what lacks what its type needs, and types of later versions, mean nothing; only what is no object of
//! JSON is told as nonsense. It prints what was used at the end of its turn and not before.

use serde_json::Value;
use wg_core::chat::Said;
use wg_core::usage::Usage;

use super::failure;
use super::heard::{is_session, object};
use super::item::{Kind, kind, tool};
use super::tally::{SNAKE, usage};
use crate::conversation::{Conversation, Delivery, Heard, garbage};

/// Understands one attempt's agent.
pub(super) struct Exec {
    model: Option<String>,
    /// What it said last: the answer, when its turn ends. Lost with an adoption; then it is empty.
    answer: String,
}

impl Exec {
    /// Of an agent that was asked to use this model.
    pub(super) fn new(model: Option<String>) -> Self {
        Self { model, answer: String::new() }
    }

    fn item(&mut self, item: &Value, over: bool) -> Option<Said> {
        match kind(item) {
            Kind::Says if over => {
                item["text"].as_str().unwrap_or_default().clone_into(&mut self.answer);
                None
            }
            Kind::Tool if !over => Some(tool(item)),
            Kind::LateTool if over => Some(tool(item)),
            Kind::Says | Kind::Tool | Kind::LateTool | Kind::Told | Kind::Other => None,
        }
    }

    /// The counts are of the whole conversation, which is this turn.
    fn used(&self, line: &Value) -> Usage {
        Usage { model: self.model.clone(), ..usage(&line["usage"], &SNAKE) }
    }
}

impl Conversation for Exec {
    fn greet(&mut self, _again: bool) -> Vec<u8> {
        Vec::new()
    }

    fn line(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Vec::new();
        }
        let Some(line) = object(bytes) else { return vec![garbage("no object of JSON", bytes)] };
        let said = match line["type"].as_str() {
            None => return vec![garbage("no type", bytes)],
            Some("thread.started") => {
                let id = line["thread_id"].as_str().filter(|id| is_session(id));
                id.map(|id| Said::Session { id: id.to_owned() })
            }
            Some("item.started") => self.item(&line["item"], false),
            Some("item.completed") => self.item(&line["item"], true),
            Some("turn.completed") => {
                let text = std::mem::take(&mut self.answer);
                Some(Said::Answer { message: None, text, usage: self.used(&line) })
            }
            Some("turn.failed") => Some(failure::said(&line["error"], None, self.used(&line))),
            // `error` stands before `turn.failed` and says the same, or that it tries again.
            Some(_) => None,
        };
        said.map(Heard::Kept).into_iter().collect()
    }

    fn deliver(&mut self, _message: &Delivery<'_>) -> Vec<u8> {
        Vec::new()
    }

    fn interrupt(&mut self) -> Vec<u8> {
        Vec::new()
    }
}
