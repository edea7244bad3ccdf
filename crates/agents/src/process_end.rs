//! What was seen of an agent's end.

use serde::{Deserialize, Serialize};
use wg_core::attempt::{ExitStatus, Outcome};

/// Exit statuses of a program that stands before an agent's (a wrapper of somebody's own): it can't be executed,
/// or is not there.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

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

impl ProcessEnd {
    /// What the end of an agent means that says while it lives what there is to be said of its provider: its
    /// exit status adds nothing to that. `setting` says where the program is, `name` what it is called.
    pub(crate) fn of_agent(&self, program: &str, setting: &str, name: &str) -> Outcome {
        match self {
            Self::Left(ExitStatus::Code(0)) => Outcome::NoWork,
            Self::Left(ExitStatus::Code(NOT_EXECUTABLE)) => {
                Outcome::Configuration { reason: format!("{program} can't be executed (exit 126)") }
            }
            Self::Left(ExitStatus::Code(NOT_FOUND)) => {
                Outcome::Configuration { reason: format!("{program} was not found (exit 127)") }
            }
            Self::Left(status) => Outcome::ExitedBadly { status: *status },
            Self::Deadline => Outcome::TimedOut,
            Self::NotExecuted { program, reason } => Outcome::Configuration {
                reason: format!(
                    "{program} can't be run: {reason}; the setting {setting} says where {name} is"
                ),
            },
        }
    }
}
