//! How a turn failed. `codex app-server` says it in a word and a status where there is one; `codex exec` prints
//! nothing but the sentence that a person would read, so sentences are understood too, as far as they were seen.

use serde_json::Value;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

/// Longest text of a failure that is kept, in bytes.
const WHY_MAX: usize = 4 * 1024;

/// What is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It has to be set right by a person before anything works.
    Unfit(GiveUp),
    /// The provider wants us to wait.
    Limit,
    /// The provider is away, or the way to it.
    Outage,
    /// This turn.
    Turn,
}

/// Beginnings of sentences, and what they say.
const SENTENCES: [(&str, Fault); 8] = [
    ("Missing environment variable", Fault::Unfit(GiveUp::Auth)),
    // It waits for nothing but money.
    ("Quota exceeded", Fault::Unfit(GiveUp::Configuration)),
    ("rate limit exceeded", Fault::Limit),
    ("We\u{2019}re currently experiencing high demand", Fault::Outage),
    ("Selected model is at capacity", Fault::Outage),
    ("Connection failed", Fault::Outage),
    ("stream disconnected", Fault::Outage),
    ("failed to load configuration", Fault::Unfit(GiveUp::Configuration)),
];
/// What a sentence about a limit of the user's plan has in it, whichever plan it is.
const PLAN: &str = "usage limit";
/// What sentences about a model that can't be had have in them, as providers write them.
const NO_MODEL: [&str; 3] =
    ["does not exist or you do not have access", "model_not_found", "model is not supported"];
/// What stands before the status of an answer in a sentence.
const STATUS: [&str; 2] = ["unexpected status ", "last status: "];

/// The end of a turn that failed with this error. `until`: when a limit ends, where that is known.
pub(super) fn said(error: &Value, until: Option<Timestamp>, usage: Usage) -> Said {
    let mut text = error["message"].as_str().unwrap_or_default().to_owned();
    text.truncate(text.floor_char_boundary(WHY_MAX));
    let failed = |error, text| Said::Failed { error, text, usage };
    match fault(&error["codexErrorInfo"], &text) {
        Fault::Unfit(reason) => Said::Unfit { reason, text },
        Fault::Limit => failed(TurnError::RateLimited { until }, text),
        Fault::Outage => failed(TurnError::Outage, text),
        Fault::Turn => failed(TurnError::Other, text),
    }
}

fn fault(info: &Value, text: &str) -> Fault {
    let begins = SENTENCES.iter().find(|(sentence, _)| text.starts_with(sentence));
    if let Some((_, fault)) = begins {
        return *fault;
    }
    let (word, status) = worded(info);
    match word {
        "unauthorized" => return Fault::Unfit(GiveUp::Auth),
        "modelNotFound" => return Fault::Unfit(GiveUp::Model),
        "usageLimitExceeded" | "rateLimitExceeded" => return Fault::Limit,
        "serverOverloaded" | "internalServerError" => return Fault::Outage,
        _ => {}
    }
    match status.or_else(|| status_in(text)) {
        Some(401 | 403) => Fault::Unfit(GiveUp::Auth),
        // A model that is not there is told in words: this is an address that is wrong.
        Some(404) => Fault::Unfit(GiveUp::Configuration),
        Some(429) => Fault::Limit,
        Some(500..) => Fault::Outage,
        Some(_) => Fault::Turn,
        None if text.contains(PLAN) => Fault::Limit,
        None if NO_MODEL.iter().any(|sentence| text.contains(sentence)) => Fault::Unfit(GiveUp::Model),
        // A connection that failed before there was an answer.
        None if info.is_object() && (word.starts_with("http") || word.starts_with("response")) => {
            Fault::Outage
        }
        None => Fault::Turn,
    }
}

/// The word for the error, and the status of the provider's answer where there was one: a word alone, or one
/// field named by the word.
fn worded(info: &Value) -> (&str, Option<u64>) {
    match info {
        Value::String(word) => (word, None),
        Value::Object(fields) => match fields.iter().next() {
            Some((word, detail)) => (word, detail["httpStatusCode"].as_u64()),
            None => ("", None),
        },
        _ => ("", None),
    }
}

fn status_in(text: &str) -> Option<u64> {
    let after = STATUS.iter().find_map(|before| Some(text.split_once(before)?.1))?;
    after.split_whitespace().next()?.parse().ok()
}
