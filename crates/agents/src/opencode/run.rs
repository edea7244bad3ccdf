//! What a line of a run means. It reads nothing but its prompt, so nothing is said to it.

use serde_json::Value;
use wg_core::attempt::Progress;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use crate::acp::failure::{self, Kind};
use crate::conversation::{Conversation, Delivery, Heard, garbage};
use crate::json::{self, count, whole};

/// Longest name of a conversation; it is some thirty characters.
const SESSION_MAX: usize = 128;
/// Longest answer that is put together, in bytes; more is cut off.
const TEXT_MAX: usize = 16 * 1024 * 1024;
/// Milliseconds since 1970 that are of this century.
const AT: std::ops::Range<u64> = 946_684_800_000..4_102_444_800_000;
/// Where a tool's input says what it is used for, the best first.
const DETAILS: [&str; 8] =
    ["command", "filePath", "path", "pattern", "url", "query", "description", "prompt"];

/// Understands one run. What it keeps of earlier lines makes an answer more exact, never decides whether there
/// is one: with an adoption its text is lost up to there, and what its steps used is known from the attempt.
#[derive(Debug)]
pub(super) struct Run {
    session: Option<String>,
    text: String,
    /// What its steps used, all together.
    used: Usage,
}

impl Run {
    /// One that has come so far.
    pub(super) fn of(progress: &Progress) -> Self {
        Self { session: progress.session.clone(), text: String::new(), used: progress.in_flight.clone() }
    }

    fn session(&mut self, line: &Value) -> Option<Heard> {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let id = line["sessionID"].as_str()?;
        let fits = (1..=SESSION_MAX).contains(&id.len()) && id.chars().all(known);
        if !fits || self.session.as_deref() == Some(id) {
            return None;
        }
        self.session = Some(id.to_owned());
        Some(Heard::Kept(Said::Session { id: id.to_owned() }))
    }

    fn said(&mut self, part: &Value) -> Vec<Heard> {
        let Some(text) = part["text"].as_str().filter(|text| !text.is_empty()) else { return Vec::new() };
        let mut piece = String::new();
        if !self.text.is_empty() {
            piece.push_str("\n\n");
        }
        piece.push_str(text);
        let room = TEXT_MAX.saturating_sub(self.text.len());
        self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
        vec![Heard::Delta(piece)]
    }

    /// A step is a call of the model. It goes on after tools; any other reason is the last step's.
    fn finished(&mut self, part: &Value) -> Heard {
        let (tokens, cost) = (&part["tokens"], part["cost"].as_f64().filter(|cost| cost.is_finite()));
        let reasoning = count(&tokens["reasoning"]);
        self.used.add(&Usage {
            input: count(&tokens["input"]),
            cache_read: count(&tokens["cache"]["read"]),
            cache_write: count(&tokens["cache"]["write"]),
            output: count(&tokens["output"]).saturating_add(reasoning),
            reasoning,
            cost_micros: cost.and_then(|cost| whole(cost * 1e6)),
            model: None,
        });
        let usage = self.used.clone();
        match part["reason"].as_str().unwrap_or_default() {
            "tool-calls" | "unknown" | "" => Heard::Kept(Said::Used { usage }),
            "stop" => {
                let text = std::mem::take(&mut self.text);
                self.used = Usage::default();
                Heard::Kept(Said::Answer { message: None, text, usage })
            }
            reason => {
                let text = json::cut(&format!("it stopped: {reason}: {}", self.text), failure::WHY_MAX);
                Heard::Kept(Said::Failed { error: TurnError::Other, text, usage })
            }
        }
    }

    fn failed(&mut self, line: &Value) -> Heard {
        let error = &line["error"];
        let (name, data) = (error["name"].as_str().unwrap_or_default(), &error["data"]);
        let text = data["message"].as_str().filter(|text| !text.is_empty()).unwrap_or(name).to_owned();
        let usage = std::mem::take(&mut self.used);
        let said = match (name, data["statusCode"].as_u64()) {
            ("ProviderAuthError", _) => Said::Unfit { reason: GiveUp::Auth, text },
            ("ProviderModelNotFoundError", _) => Said::Unfit { reason: GiveUp::Model, text },
            ("MessageAbortedError", _) => Said::Failed { error: TurnError::Interrupted, text, usage },
            (_, Some(429)) => {
                let error = TurnError::RateLimited { until: limit(line) };
                Said::Failed { error, text: json::cut(&text, failure::WHY_MAX), usage }
            }
            (_, Some(status)) => {
                failure::ends_in(failure::of_status(status).unwrap_or(Kind::Other), &text, usage)
            }
            (_, None) => failure::ends_in(failure::of_words(&text).unwrap_or(Kind::Other), &text, usage),
        };
        Heard::Kept(said)
    }
}

impl Conversation for Run {
    fn greet(&mut self, _again: bool) -> Vec<u8> {
        Vec::new()
    }

    fn line(&mut self, bytes: &[u8]) -> Vec<Heard> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Vec::new();
        }
        let Some(line) = json::object(bytes) else { return vec![garbage("no object of JSON", bytes)] };
        let Some(kind) = line["type"].as_str() else { return vec![garbage("no type", bytes)] };
        let mut heard: Vec<Heard> = self.session(&line).into_iter().collect();
        let part = &line["part"];
        match kind {
            "text" => heard.extend(self.said(part)),
            "tool_use" => heard.extend(tool(part).map(Heard::Kept)),
            "step_finish" => heard.push(self.finished(part)),
            "error" => heard.push(self.failed(&line)),
            _ => {}
        }
        heard
    }

    fn deliver(&mut self, _message: &Delivery<'_>) -> Vec<u8> {
        Vec::new()
    }

    fn interrupt(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// When a limit ends: so many seconds after the line was written.
fn limit(line: &Value) -> Option<Timestamp> {
    let after = &line["error"]["data"]["responseHeaders"]["retry-after"];
    let after =
        after.as_str().and_then(|after| after.parse::<f64>().ok()).and_then(|after| whole(after * 1e3))?;
    let at = count(&line["timestamp"]).checked_add(after).filter(|at| AT.contains(at))?;
    Some(Timestamp::from_nanos(i64::try_from(at).ok()? * 1_000_000))
}

fn tool(part: &Value) -> Option<Said> {
    let name = part["tool"].as_str()?;
    let input = &part["state"]["input"];
    let detail = DETAILS.iter().find_map(|key| input[key].as_str());
    let detail = detail.or_else(|| part["state"]["title"].as_str()).unwrap_or_default();
    Some(Said::Tool { name: json::detail(name), detail: json::detail(detail) })
}
