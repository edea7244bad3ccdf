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
/// Bytes of `events.jsonl` that may be there unparsed: while there are more, nothing more is read of the
/// agent, which waits at its full pipe.
pub const WINDOW: u64 = 32 * 1024 * 1024;
/// How much text of an input goes into one part, in bytes: written as JSON it takes up to six times as much,
/// and a line has at most [`LINE_MAX`](crate::socket::LINE_MAX).
pub const INPUT_PART: usize = 64 * 1024;
/// Bytes that are held of inputs whose parts are not all there, and as many of those that the agent has not
/// read.
pub const INPUT_MAX: usize = 64 * 1024 * 1024;

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
    /// End it: SIGTERM, after `grace` SIGKILL; before that the farewell, where it is talked to. Answered when accepted, and again when everything is gone.
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
    /// From here on this connection is the one that follows the agent, and whoever did before is not any more.
    /// Answered with [`Written`](ShimAnswer::Written) at once, and whenever there is more. It ends with the
    /// connection, which the shim closes when it leaves.
    Follow {
        /// As [`Parsed`](Self::Parsed): where the follower goes on.
        from: u64,
    },
    /// What came of everything before this place of `events.jsonl` is committed. Of whoever follows only; not
    /// answered.
    Parsed {
        /// The place.
        to: u64,
    },
    /// A part of something for the agent's standard input. Parts of an input follow each other; when the last
    /// one is there the input is queued as a whole, and answered: [`Taken`](ShimAnswer::Taken), or refused.
    Input {
        /// Its number. Numbers only grow: one that is not larger than that of the last input taken is a repeat.
        id: u64,
        /// At most [`INPUT_PART`] bytes.
        text: String,
        /// Other parts follow.
        #[serde(default)]
        more: bool,
    },
    /// Nothing more will be said to the agent: the farewell, and its standard input is closed. Then it has as
    /// long to leave as after a report. Not answered.
    LetGo,
    /// Whether the agent is in the middle of a turn: it is left more time for that when nobody follows it. Not
    /// answered.
    Turn {
        /// It is; where it was already, it has that time from now on.
        on: bool,
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
    /// To who follows: so much can be read.
    Written {
        /// Bytes of `events.jsonl`.
        to: u64,
    },
    /// To who followed: another one does.
    Superseded,
    /// To the last part of an input: the agent gets it.
    Taken {
        /// Its number.
        id: u64,
        /// It was taken before: it is not given to the agent again.
        repeat: bool,
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
    /// The talk with it, where it is talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk: Option<TalkStatus>,
}

/// How things stand with an agent that is talked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkStatus {
    /// Bytes in `events.jsonl`.
    pub written: u64,
    /// Of these, parsed.
    pub parsed: u64,
    /// The number of the last input that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_input: Option<u64>,
    /// Somebody follows it.
    pub followed: bool,
    /// A turn is in flight.
    pub turn: bool,
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
