//! What an error means. The protocol knows few: which the provider's was is told by its words, by a number
//! among them, and by a code that is one of HTTP, in this order, because agents wrap what they do not know.

use serde_json::Value;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::usage::Usage;

use crate::json;

/// Longest text of a failure that is kept, in bytes.
pub(crate) const WHY_MAX: usize = 4 * 1024;
/// The protocol's own code for an agent that has to be logged in.
const AUTH_REQUIRED: i64 = -32_000;

/// What a failure is, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Auth,
    Model,
    Limited,
    Away,
    Other,
}

/// Words and what they mean; what is more exact stands first.
const WORDS: [(Kind, &[&str]); 4] = [
    (
        Kind::Limited,
        &[
            "rate limit",
            "rate_limit",
            "ratelimit",
            "too many requests",
            "resource_exhausted",
            "resource exhausted",
            "usage limit",
            "quota",
        ],
    ),
    (
        Kind::Auth,
        &[
            "unauthenticated",
            "unauthorized",
            "authentication",
            "api key",
            "api_key",
            "permission_denied",
            "forbidden",
            "not logged in",
            "login required",
        ],
    ),
    (
        Kind::Model,
        &[
            "model not found",
            "model_not_found",
            "modelnotfound",
            "no such model",
            "unknown model",
            "is not found for api version",
            "requested entity was not found",
        ],
    ),
    (
        Kind::Away,
        &[
            "overloaded",
            "unavailable",
            "internal server error",
            "bad gateway",
            "gateway timeout",
            "econnrefused",
            "econnreset",
            "enotfound",
            "unable to connect",
            "connection refused",
            "fetch failed",
            "socket hang up",
        ],
    ),
];

/// A status of HTTP.
pub(crate) fn of_status(status: u64) -> Option<Kind> {
    match status {
        401 | 403 => Some(Kind::Auth),
        404 => Some(Kind::Model),
        429 => Some(Kind::Limited),
        500..=599 => Some(Kind::Away),
        _ => None,
    }
}

/// What somebody's words tell.
pub(crate) fn of_words(text: &str) -> Option<Kind> {
    let lower = text.to_lowercase();
    let word = WORDS.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word)));
    word.map(|(kind, _)| *kind).or_else(|| {
        let numbers = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 3);
        // Of the fives only those that providers use: a number of that size may count something.
        let statuses = numbers.filter(|word| {
            matches!(*word, "401" | "403" | "404" | "429" | "500" | "502" | "503" | "504" | "529")
        });
        statuses.filter_map(|word| of_status(word.parse().ok()?)).next()
    })
}

/// What it is to the turn.
pub(crate) fn ends_in(kind: Kind, text: &str, usage: Usage) -> Said {
    let text = json::cut(text, WHY_MAX);
    let error = match kind {
        Kind::Auth => return Said::Unfit { reason: GiveUp::Auth, text },
        Kind::Model => return Said::Unfit { reason: GiveUp::Model, text },
        Kind::Limited => TurnError::RateLimited { until: None },
        Kind::Away => TurnError::Outage,
        Kind::Other => TurnError::Other,
    };
    Said::Failed { error, text, usage }
}

/// An error of JSON-RPC.
pub(super) fn said(error: &Value, usage: Usage) -> Said {
    let text = text(error);
    let kind = if wants_login(error) {
        Kind::Auth
    } else {
        let code = error["code"].as_u64().and_then(of_status);
        of_words(&text).or(code).unwrap_or(Kind::Other)
    };
    ends_in(kind, &text, usage)
}

/// Whether the agent has to be logged in by a person first.
pub(super) fn wants_login(error: &Value) -> bool {
    error["code"].as_i64() == Some(AUTH_REQUIRED)
}

/// In its own words.
pub(super) fn text(error: &Value) -> String {
    let mut text = error["message"].as_str().unwrap_or("it gave no reason").to_owned();
    let data = &error["data"];
    let more = data.as_str().or_else(|| data["details"].as_str()).or_else(|| data["message"].as_str());
    if let Some(more) = more.filter(|more| !text.contains(more)) {
        text.push_str(": ");
        text.push_str(more);
    }
    json::cut(&text, WHY_MAX)
}
