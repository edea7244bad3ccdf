//! The end of a turn: an answer, or how it failed. One line of the program, `result`, ends each turn; its
//! `subtype` is `success` also where the provider refused, so what counts is `is_error`.

use serde_json::Value;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::heard::{Listener, Turn, seconds};
use crate::conversation::Heard;
use crate::json::{count, whole};

/// Longest text of a failure that is kept, in bytes.
const WHY_MAX: usize = 4 * 1024;

impl Listener {
    pub(super) fn result(&mut self, line: &Value) -> Vec<Heard> {
        let turn = std::mem::replace(&mut self.turn, Turn::Unknown);
        let error = self.error.take();
        self.used.clear();
        let usage = self.usage(line);
        let said = if line["is_error"].as_bool() == Some(true) {
            self.failed(line, error.as_deref().unwrap_or_default())
        } else {
            let message = match turn {
                Turn::Of(message) => Some(message),
                Turn::Unknown | Turn::Own => None,
            };
            let text = line["result"].as_str().unwrap_or_default().to_owned();
            Said::Answer { message, text, usage: Usage::default() }
        };
        let said = match said {
            // Nobody asked: it must not be taken for the answer to a message that came meanwhile.
            Said::Answer { .. } | Said::Failed { error: TurnError::Interrupted | TurnError::Other, .. }
                if turn == Turn::Own =>
            {
                self.owed = usage;
                return Vec::new();
            }
            Said::Answer { message, text, .. } => Said::Answer { message, text, usage },
            Said::Failed { error, text, .. } => Said::Failed { error, text, usage },
            said => said,
        };
        vec![Heard::Kept(said)]
    }

    fn failed(&mut self, line: &Value, error: &str) -> Said {
        if line["terminal_reason"].as_str().is_some_and(|reason| reason.starts_with("aborted")) {
            return failure(TurnError::Interrupted, String::new());
        }
        let text = why(line);
        let status = line["api_error_status"].as_u64();
        match (status, error) {
            (Some(401 | 403), _) | (_, "authentication_failed") => Said::Unfit { reason: GiveUp::Auth, text },
            (Some(404), _) | (_, "model_not_found") => Said::Unfit { reason: GiveUp::Model, text },
            (Some(429), _) | (_, "rate_limit") => {
                let until = self.reset.take().or_else(|| limit_in(&text));
                failure(TurnError::RateLimited { until }, text)
            }
            (_, "billing_error") => Said::Unfit { reason: GiveUp::Configuration, text },
            (Some(500..), _) | (_, "server_error" | "overloaded") => failure(TurnError::Outage, text),
            // It leaves after this, before it is ready.
            _ if self.session.is_some() && is_not_there(line) => {
                self.session = None;
                Said::NoSession
            }
            _ => failure(TurnError::Other, text),
        }
    }

    /// Its counts are of the turn; its cost is of all turns of the process so far.
    fn usage(&mut self, line: &Value) -> Usage {
        let counts = &line["usage"];
        let total = line["total_cost_usd"].as_f64().filter(|total| total.is_finite() && *total >= 0.0);
        let cost = match (self.cost, total) {
            (Some(before), Some(total)) => whole((total - before) * 1e6),
            _ => None,
        };
        self.cost = total.or(self.cost);
        let mut usage = std::mem::take(&mut self.owed);
        usage.add(&Usage {
            input: count(&counts["input_tokens"]),
            cache_read: count(&counts["cache_read_input_tokens"]),
            cache_write: count(&counts["cache_creation_input_tokens"]),
            output: count(&counts["output_tokens"]),
            reasoning: 0,
            cost_micros: cost,
            model: self.model.clone(),
        });
        usage
    }
}

fn failure(error: TurnError, text: String) -> Said {
    Said::Failed { error, text, usage: Usage::default() }
}

/// Whether it refuses because the conversation that it was to go on with is not there: it then has not begun.
fn is_not_there(line: &Value) -> bool {
    let begun = line["num_turns"].as_u64() != Some(0);
    let told = errors(line).any(|error| {
        error.starts_with("No conversation found") || error.contains("--resume requires a valid session")
    });
    !begun && told
}

fn errors(line: &Value) -> impl Iterator<Item = &str> {
    line["errors"].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str)
}

/// In its own words.
fn why(line: &Value) -> String {
    let result = line["result"].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let mut text = result.unwrap_or_else(|| errors(line).collect::<Vec<_>>().join("; "));
    if text.is_empty() {
        line["subtype"].as_str().unwrap_or_default().clone_into(&mut text);
    }
    text.truncate(text.floor_char_boundary(WHY_MAX));
    text
}

/// The end of a limit, as it stands in some of its messages: `… limit reached|1795627000`.
fn limit_in(text: &str) -> Option<Timestamp> {
    let (_, after) = text.rsplit_once('|')?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).map_or(after, |end| &after[..end]);
    seconds(digits.parse().ok()?)
}
