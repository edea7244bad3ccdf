//! How a turn failed: the program says it in a word, and the status of its provider's answer where there was one.
//! Where that tells too little, the sentence that a person would read is understood too, as far as it was seen.

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
const SENTENCES: [(&str, Fault); 3] = [
    ("Missing environment variable", Fault::Unfit(GiveUp::Auth)),
    // It waits for nothing but money.
    ("Quota exceeded", Fault::Unfit(GiveUp::Configuration)),
    ("stream disconnected", Fault::Outage),
];
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
    match status {
        Some(401 | 403) => Fault::Unfit(GiveUp::Auth),
        // A model that is not there has its own word: this is an address that is wrong.
        Some(404) => Fault::Unfit(GiveUp::Configuration),
        Some(429) => Fault::Limit,
        Some(500..) => Fault::Outage,
        Some(_) => Fault::Turn,
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
