//! What was seen of an agent's end.

use serde::{Deserialize, Serialize};
use wg_core::attempt::ExitStatus;

/// How an agent's process ended, as its shim saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessEnd {
    /// It left by itself, or somebody ended it.
    Left(ExitStatus),
    /// Our deadline ended it.
    Deadline,
    /// The program itself could not be executed.
    NotExecuted {
        /// Which program.
        program: String,
        /// What the system said.
        reason: String,
    },
}
