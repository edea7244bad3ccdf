//! What a line of a handler means. Total: a line that lacks what its type needs changes nothing, and what is
//! wrong only beside that (a count, a time) is left out, because an answer is worth more than its usage.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use crate::conversation::{Heard, garbage};

/// Longest name that a handler may give its conversation, in bytes. A longer one can't be cut: it would be
/// another conversation's.
const SESSION_MAX: usize = 1024;
/// Longest name of a model that is kept, in bytes; more is cut off.
const MODEL_MAX: usize = 256;
/// The largest count that is taken for one (2⁵³, up to where JSON's numbers are exact everywhere).
const COUNT_MAX: u64 = 1 << 53;

/// A line as far as every type of it goes; each field is read only where it is asked for.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    session: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    class: Option<&'a RawValue>,
    #[serde(borrow)]
    until: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Counts<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_usd: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

/// What it means.
pub(super) fn line(bytes: &[u8]) -> Vec<Heard> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Vec::new();
    }
    match read(bytes) {
        Ok(heard) => heard,
        Err(why) => vec![garbage(why, bytes)],
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Heard>, &'static str> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_ascii();
    // A list would be read as the fields in their order.
    if !text.starts_with('{') {
        return Err("no object of JSON");
    }
    let line: Line<'_> = serde_json::from_str(text).map_err(|_| "no object of JSON")?;
    let kind = line.kind.and_then(string).ok_or("no type")?;
    let said = match kind.as_str() {
        "ready" => return ready(&line),
        "delta" => return Ok(vec![Heard::Delta(needed(line.text, "a delta without text")?)]),
        "session" => Said::Session { id: session(line.id.ok_or("a session without id")?)? },
        "tool" => Said::Tool {
            name: needed(line.name, "a tool without name")?,
            detail: line.detail.and_then(string).unwrap_or_default(),
        },
        "answer" => Said::Answer {
            message: line.id.map(message).transpose()?,
            text: needed(line.text, "an answer without text")?,
            usage: usage(line.usage),
        },
        "error" => error(&line),
        "unfit" => Said::Unfit { reason: reason(&line), text: optional(line.text) },
        _ => return Err("no such type"),
    };
    Ok(vec![Heard::Kept(said)])
}

/// The session first, so that whoever hears that it is ready knows which conversation it is in.
fn ready(line: &Line<'_>) -> Result<Vec<Heard>, &'static str> {
    let mut heard = Vec::new();
    if let Some(raw) = line.session {
        match session(raw) {
            Ok(id) => heard.push(Heard::Kept(Said::Session { id })),
            Err(why) => heard.push(garbage(why, raw.get().as_bytes())),
        }
    }
    heard.push(Heard::Kept(Said::Ready));
    Ok(heard)
}

fn error(line: &Line<'_>) -> Said {
    let class = line.class.and_then(string).unwrap_or_default();
    let text = optional(line.text);
    let error = match class.as_str() {
        "auth" => return Said::Unfit { reason: GiveUp::Auth, text },
        "model" => return Said::Unfit { reason: GiveUp::Model, text },
        "rate-limited" => {
            let until = line.until.and_then(string).and_then(|until| until.parse::<Timestamp>().ok());
            TurnError::RateLimited { until }
        }
        "outage" => TurnError::Outage,
        "interrupted" => TurnError::Interrupted,
        _ => TurnError::Other,
    };
    Said::Failed { error, text, usage: usage(line.usage) }
}

fn reason(line: &Line<'_>) -> GiveUp {
    match line.reason.and_then(string).unwrap_or_default().as_str() {
        "auth" => GiveUp::Auth,
        "model" => GiveUp::Model,
        "program" => GiveUp::Program,
        _ => GiveUp::Configuration,
    }
}

fn usage(raw: Option<&RawValue>) -> Usage {
    let object = raw.map(RawValue::get).filter(|text| text.starts_with('{'));
    let counts: Counts<'_> = object.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let model = counts.model.and_then(string).filter(|model| !model.is_empty());
    Usage {
        input: count(counts.input),
        cache_read: count(counts.cache_read),
        cache_write: count(counts.cache_write),
        output: count(counts.output),
        reasoning: count(counts.reasoning),
        cost_micros: counts.cost_usd.and_then(|raw| whole(number(raw)? * 1e6)),
        model: model.map(|model| cut(model, MODEL_MAX)),
    }
}

/// Zero where it is no count.
fn count(raw: Option<&RawValue>) -> u64 {
    raw.and_then(number).and_then(whole).unwrap_or(0)
}

fn number(raw: &RawValue) -> Option<f64> {
    serde_json::from_str(raw.get()).ok()
}

/// The nearest whole number, where it is one that can be counted to.
fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ is exact")]
    let fits = (0.0..=COUNT_MAX as f64).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    fits.then_some(number.round() as u64)
}

fn message(raw: &RawValue) -> Result<u64, &'static str> {
    serde_json::from_str(raw.get()).map_err(|_| "an id that is no message's number")
}

fn session(raw: &RawValue) -> Result<String, &'static str> {
    let id = string(raw).ok_or("a session that is no text")?;
    match id.len() {
        0 => Err("an empty session"),
        1..=SESSION_MAX if !id.contains(char::is_control) => Ok(id),
        1..=SESSION_MAX => Err("a session with a control character"),
        _ => Err("a session that is too long"),
    }
}

fn needed(raw: Option<&RawValue>, why: &'static str) -> Result<String, &'static str> {
    raw.and_then(string).ok_or(why)
}

fn optional(raw: Option<&RawValue>) -> String {
    raw.and_then(string).unwrap_or_default()
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok().map(|Text(text)| text)
}

fn cut(mut text: String, max: usize) -> String {
    text.truncate(text.floor_char_boundary(max));
    text
}

/// A text of JSON in which half a surrogate pair is no reason to throw it away: some programs write what they
/// could not decode that way. Each becomes the replacement character.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lossy;
        impl Visitor<'_> for Lossy {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Lossy)
    }
}
