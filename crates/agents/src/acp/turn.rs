//! The turn in flight: what was said in it, which tools were used, and what it used.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wg_core::chat::{Said, TurnError};
use wg_core::usage::Usage;

use super::failure;
use crate::conversation::Heard;
use crate::json::{self, count, whole};

/// Longest answer that is put together, in bytes; more is cut off.
const TEXT_MAX: usize = 16 * 1024 * 1024;
/// Tool calls that are followed at once; what is beyond is not told.
const CALLS_MAX: usize = 4_096;
/// What of a call is kept until it is told, in bytes.
const CALL_MAX: usize = 64 * 1024;
/// Where a call's input says what it is used for, the best first.
const DETAILS: [&str; 10] = [
    "command",
    "filePath",
    "file_path",
    "filepath",
    "path",
    "pattern",
    "url",
    "query",
    "description",
    "prompt",
];

/// What is known of it. Another process's turn begins anew.
#[derive(Debug, Default)]
pub(super) struct Turn {
    text: String,
    /// What comes next is another message of the agent's.
    breaks: bool,
    calls: BTreeMap<String, Call>,
    /// It began before this was listening: a call that is seen to end was told when it began.
    taken_over: bool,
    /// What the conversation had cost when the turn began, in dollars, and what it has cost as was told since.
    before: Option<f64>,
    spent: Option<f64>,
}

/// What is known of a call of a tool.
#[derive(Debug, Default)]
struct Call {
    known: Map<String, Value>,
    told: bool,
}

impl Turn {
    pub(super) fn is_taken_over(&mut self) {
        self.taken_over = true;
    }

    /// The conversation is a new one.
    pub(super) fn has_cost_nothing(&mut self) {
        (self.before, self.spent) = (Some(0.0), None);
    }

    pub(super) fn begins(&mut self) {
        self.text.clear();
        self.breaks = false;
        self.calls.clear();
        self.taken_over = false;
        self.before = self.spent.take().or(self.before);
    }

    /// News of it; of `the past`, where it is told what was said before: then only the cost counts.
    pub(super) fn update(&mut self, update: &Value, the_past: bool) -> Vec<Heard> {
        let kind = update["sessionUpdate"].as_str().unwrap_or_default();
        match kind {
            "usage_update" => {
                let cost = &update["cost"];
                let amount = cost["amount"].as_f64().filter(|_| cost["currency"] == "USD");
                self.spent = amount.filter(|amount| amount.is_finite() && *amount >= 0.0).or(self.spent);
                Vec::new()
            }
            _ if the_past => Vec::new(),
            "agent_message_chunk" => self.said(&update["content"]),
            // What was said before, told late.
            "user_message_chunk" => {
                self.text.clear();
                Vec::new()
            }
            "tool_call" | "tool_call_update" => {
                self.tool(update, false).into_iter().map(Heard::Kept).collect()
            }
            _ => Vec::new(),
        }
    }

    fn said(&mut self, content: &Value) -> Vec<Heard> {
        let Some(text) =
            content["text"].as_str().filter(|text| content["type"] == "text" && !text.is_empty())
        else {
            return Vec::new();
        };
        let mut piece = String::new();
        if std::mem::take(&mut self.breaks) && !self.text.is_empty() {
            piece.push_str("\n\n");
        }
        piece.push_str(text);
        let room = TEXT_MAX.saturating_sub(self.text.len());
        self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
        vec![Heard::Delta(piece)]
    }

    /// A call of a tool: told once, when it is known what for, which is when it begins or needs a permission.
    pub(super) fn tool(&mut self, update: &Value, begins: bool) -> Option<Said> {
        let id = update["toolCallId"].as_str().filter(|id| id.len() <= CALL_MAX)?;
        self.breaks = true;
        if self.calls.len() >= CALLS_MAX && !self.calls.contains_key(id) {
            return None;
        }
        let first = !self.calls.contains_key(id);
        let call = self.calls.entry(id.to_owned()).or_default();
        for key in ["name", "title", "kind", "rawInput", "locations"] {
            if let Some(value) = update.get(key).filter(|value| !value.is_null() && is_small(value)) {
                call.known.insert(key.to_owned(), value.clone());
            }
        }
        let over = matches!(update["status"].as_str(), Some("completed" | "failed"));
        let begins = begins || over || update["status"] == "in_progress";
        if call.told || !begins {
            return None;
        }
        call.told = true;
        (!(self.taken_over && first && over)).then(|| tell(&call.known))
    }

    /// All that is known of the call that this speaks of.
    pub(super) fn known(&self, call: &Value) -> Value {
        let known = call["toolCallId"].as_str().and_then(|id| self.calls.get(id));
        let mut all = known.map(|call| call.known.clone()).unwrap_or_default();
        let fields = call.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        all.extend(fields.map(|(key, value)| (key.clone(), value.clone())));
        Value::Object(all)
    }

    /// How it ended, and what of it is to be told before.
    pub(super) fn end(&mut self, message: u64, result: &Value, error: Option<&Value>) -> Vec<Heard> {
        let untold = self.calls.values().filter(|call| !call.told).map(|call| Heard::Kept(tell(&call.known)));
        let mut heard: Vec<Heard> = untold.collect();
        let text = std::mem::take(&mut self.text);
        let usage = self.usage(result);
        let said = match (error, result["stopReason"].as_str()) {
            (Some(error), _) => failure::said(error, usage),
            (None, Some("end_turn")) => Said::Answer { message: Some(message), text, usage },
            (None, Some("cancelled")) => {
                Said::Failed { error: TurnError::Interrupted, text: String::new(), usage }
            }
            (None, reason) => {
                let mut why = format!("it stopped: {}", reason.unwrap_or("for no reason that it gave"));
                if !text.is_empty() {
                    why.push_str(": ");
                    why.push_str(&text);
                }
                Said::Failed { error: TurnError::Other, text: json::cut(&why, failure::WHY_MAX), usage }
            }
        };
        self.begins();
        heard.push(Heard::Kept(said));
        heard
    }

    /// What the end of a turn says of it. Whether thoughts are among the output is not said: the total tells.
    fn usage(&self, result: &Value) -> Usage {
        let cost_micros = match (self.before, self.spent) {
            (Some(before), Some(spent)) => whole((spent - before) * 1e6),
            _ => None,
        };
        let counts = &result["usage"];
        if counts.is_object() {
            let of = |key: &str| count(&counts[key]);
            let (input, output, reasoning) = (of("inputTokens"), of("outputTokens"), of("thoughtTokens"));
            let (cache_read, cache_write) = (of("cachedReadTokens"), of("cachedWriteTokens"));
            let parts = [input, output, reasoning, cache_read, cache_write];
            let apart = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(*part)) == of("totalTokens");
            let output = if apart { output.saturating_add(reasoning) } else { output };
            return Usage { input, cache_read, cache_write, output, reasoning, cost_micros, model: None };
        }
        // As Gemini CLI has it.
        let quota = &result["_meta"]["quota"];
        Usage {
            input: count(&quota["token_count"]["input_tokens"]),
            output: count(&quota["token_count"]["output_tokens"]),
            cost_micros,
            model: quota["model_usage"].as_array().and_then(|models| json::model(&models.last()?["model"])),
            ..Usage::default()
        }
    }
}

fn is_small(value: &Value) -> bool {
    value.as_str().map_or_else(|| value.to_string().len(), str::len) <= CALL_MAX
}

fn tell(call: &Map<String, Value>) -> Said {
    let field = |key: &str| call.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = field("name").or_else(|| field("kind")).unwrap_or("tool");
    let input = call.get("rawInput").unwrap_or(&Value::Null);
    let detail = DETAILS.iter().find_map(|key| input[key].as_str());
    let detail = detail.or_else(|| field("title")).unwrap_or_default();
    Said::Tool { name: json::detail(name), detail: json::detail(detail) }
}
