//! Things to be done in the world, as rows: written with the state that wants them, safe to run twice.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptRef, Fence};

/// What is to be done, and the fence under which it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What.
    pub kind: EffectKind,
    /// To which attempt; an attempt has at most one effect of a kind.
    pub attempt: AttemptRef,
    /// Under which fence.
    pub fence: Fence,
}

/// The kinds of effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    /// Start the attempt's shim.
    Launch,
    /// End the attempt's whole process tree.
    Kill,
}

/// Where an effect stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectState {
    /// Nobody has it.
    Pending,
    /// This host has it; free again when that host's dispatcher lock is taken anew.
    Claimed(String),
    /// Done with, for good.
    Settled,
}

/// An effect and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// What.
    pub effect: Effect,
    /// How far.
    pub state: EffectState,
}
