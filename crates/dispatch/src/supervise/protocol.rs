//! What a supervisor and a shim say to each other over the attempt's socket: JSON lines, versioned.
//!
//! A newer dispatcher adopts an older shim, so what stands here stays: fields are added, never changed.
//! A connection begins with a `hello` that names the run; a shim of another run answers `refused` and closes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wg_core::attempt::ProcessIdentity;

use crate::files::{EndedBy, ExitRecord, OutputCount, Run};

/// The version that is spoken.
pub const PROTOCOL_VERSION: u32 = 1;
/// Longest line of an answer, in bytes.
pub(crate) const ANSWER_MAX: usize = 2 * 1024 * 1024;
/// Longest end of the output that is given at once, in bytes.
pub(crate) const TAIL_MAX: u64 = 256 * 1024;

/// What is asked of a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum ShimRequest {
    /// First of all: this is whom I mean.
    Hello {
        /// [`PROTOCOL_VERSION`].
        version: u32,
        /// Which run.
        #[serde(flatten)]
        run: Run,
    },
    /// How things stand.
    Status,
    /// End it: SIGTERM, after `grace` SIGKILL. Answered when accepted, and again when everything is gone.
    Stop {
        /// From SIGTERM to SIGKILL.
        #[serde(rename = "grace_ms", with = "crate::files::millis")]
        grace: Duration,
    },
    /// The end of the output.
    Tail {
        /// So many bytes of it at most.
        bytes: u64,
    },
}

/// What a shim answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum ShimAnswer {
    /// To a hello: it is me.
    Hello {
        /// [`PROTOCOL_VERSION`].
        version: u32,
        /// The run.
        #[serde(flatten)]
        run: Run,
    },
    /// To a status.
    Status(Box<ShimStatus>),
    /// To a stop: accepted.
    Stopping,
    /// To a stop: everything is gone, and the exit record is written.
    Gone(Box<ExitRecord>),
    /// To a tail.
    Tail {
        /// The bytes, as far as they are text.
        text: String,
        /// Bytes of output so far.
        seen: u64,
    },
    /// It was not understood, or meant another run.
    Refused {
        /// Why.
        why: String,
    },
}

/// How things stand with a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimStatus {
    /// The shim.
    pub shim: ProcessIdentity,
    /// The agent's first process, once it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<ProcessIdentity>,
    /// How far it is.
    pub phase: ShimPhase,
    /// Its output so far.
    pub output: OutputCount,
    /// Its worker has reported.
    pub reported: bool,
}

/// How far a shim is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum ShimPhase {
    /// The agent is not started yet.
    Starting,
    /// The agent runs.
    Running,
    /// Its end is under way.
    Ending {
        /// What brought it.
        because: EndedBy,
    },
}
