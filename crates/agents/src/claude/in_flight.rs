//! What a turn has used before its end says it: the sum over the model's answers so far.

use serde_json::Value;
use wg_core::usage::Usage;

use crate::json::count;

/// Of the turn in flight. An answer says at its beginning what it was given, and at its end what it gave.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    used: Usage,
}

impl InFlight {
    /// So much of it is known.
    pub(super) fn of(used: Usage) -> Self {
        Self { used }
    }

    /// The turn is over: what it used is said by what ended it.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What has been used, where this piece of an answer tells more of it.
    pub(super) fn event(&mut self, kind: &str, event: &Value) -> Option<Usage> {
        let (counts, gave) = match kind {
            "message_start" => (&event["message"]["usage"], false),
            "message_delta" => (&event["usage"], true),
            _ => return None,
        };
        let more = if gave {
            Usage { output: count(&counts["output_tokens"]), ..Usage::default() }
        } else {
            Usage {
                input: count(&counts["input_tokens"]),
                cache_read: count(&counts["cache_read_input_tokens"]),
                cache_write: count(&counts["cache_creation_input_tokens"]),
                ..Usage::default()
            }
        };
        self.used.add(&more);
        gave.then(|| self.used.clone())
    }
}
