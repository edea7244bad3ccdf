//! What every state machine here gives back.

use crate::effect::EffectKind;

/// The next state, and what the world has to do for it.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<S> {
    /// The state after the event.
    pub state: S,
    /// Effects on the attempt that is or was at work.
    pub effects: Vec<EffectKind>,
    /// Lines for the task's log.
    pub log: Vec<String>,
}

impl<S> Step<S> {
    /// A step without effects or log.
    pub fn to(state: S) -> Self {
        Self { state, effects: Vec::new(), log: Vec::new() }
    }

    /// With a line for the log.
    pub fn logging(mut self, line: impl Into<String>) -> Self {
        self.log.push(line.into());
        self
    }

    /// With an effect.
    pub fn wanting(mut self, effect: EffectKind) -> Self {
        self.effects.push(effect);
        self
    }
}
