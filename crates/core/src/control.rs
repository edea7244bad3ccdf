//! The one record of what is stopped for the whole graph: dispatching, and adapters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Actor;
use crate::time::Timestamp;

/// What is stopped for the whole graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// No new attempt starts while this is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// No new attempt of these adapters starts, or of these programs of the adapter that runs any
    /// ([`crate::chat::ChatRun::provider`]).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adapters: BTreeMap<String, AdapterPause>,
}

/// That a person stopped something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// That an adapter, or a program, can't work just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterPause {
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when; absent: until `wg adapter resume` or a changed configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Hash of the adapter's configuration when it paused; another one clears the pause.
    pub configuration: u64,
    /// How often in a row its provider was away: each time the pause is twice as long, and after each one
    /// chat or attempt tries it alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub breaks: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Control {
    /// The pause that stops an adapter or a program now, where one does.
    #[must_use]
    pub fn adapter_pause(&self, provider: &str, now: Timestamp) -> Option<&AdapterPause> {
        self.adapters.get(provider).filter(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// Whether its provider was away and nobody has found it there again: only one at a time tries.
    #[must_use]
    pub fn is_tried_alone(&self, provider: &str) -> bool {
        self.adapters.get(provider).is_some_and(|pause| pause.breaks > 0)
    }
}

/// What a program of an adapter that runs any is called where it pauses.
#[must_use]
pub fn program_name(adapter: &str, command: &str) -> String {
    format!("{adapter}{OF}{command}")
}

/// The adapter and the command line of what is called so; none: it is an adapter.
#[must_use]
pub fn program_of(name: &str) -> Option<(&str, &str)> {
    name.split_once(OF)
}

const OF: &str = ": ";
