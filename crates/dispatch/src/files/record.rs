//! The durable records of an attempt's folder, version 1. An old sample of each stays in the tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wg_core::attempt::{Attempt, ExitStatus, ProcessIdentity};
use wg_core::id::{AttemptRef, Fence};
use wg_core::time::Timestamp;

use crate::supervise::sandbox::Confinement;

/// The version that is written; older ones are read.
pub const RECORD_VERSION: u64 = 1;

/// Which run of which attempt a file or a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// The attempt.
    pub attempt: AttemptRef,
    /// Its fence.
    pub fence: Fence,
    /// The random part of its mark; 16 hexadecimal digits in a file.
    #[serde(with = "hex")]
    pub nonce: u64,
}

impl Run {
    /// `WG_ATTEMPT` of its processes.
    #[must_use]
    pub fn mark(&self) -> String {
        mark(self.attempt, self.fence, self.nonce)
    }
}

impl From<&Attempt> for Run {
    fn from(attempt: &Attempt) -> Self {
        Self { attempt: attempt.reference, fence: attempt.fence, nonce: attempt.nonce }
    }
}

/// `WG_ATTEMPT` of an attempt's processes, as [`Attempt::mark`] has it.
#[must_use]
pub fn mark(attempt: AttemptRef, fence: Fence, nonce: u64) -> String {
    format!("{attempt}.{fence}.{nonce:016x}")
}

/// `launch.json`: what a shim is to run. Written by the dispatcher before it starts the shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// For which run.
    #[serde(flatten)]
    pub run: Run,
    /// Of which task: `WG_TASK`.
    pub task: String,
    /// The program (looked up in the `PATH` of `env` or `inherit` where it is a bare name) and its arguments.
    pub argv: Vec<String>,
    /// Variables of the agent, by value. The shim adds `WG_ATTEMPT`, `WG_SOCKET` and `WG_TASK`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of variables that the shim hands on from its own environment, so that no value of them is in
    /// a file. Nothing else of its environment reaches the agent.
    #[serde(default)]
    pub inherit: Vec<String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// It is ended when it runs longer.
    #[serde(rename = "timeout_ms", default, with = "millis_option", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Bytes of output that are kept: half from its beginning, half from its end.
    pub output_cap: u64,
    /// From SIGTERM to SIGKILL.
    #[serde(rename = "kill_grace_ms", with = "millis")]
    pub kill_grace: Duration,
    /// From its report to its end, where it does not leave by itself.
    #[serde(rename = "leave_grace_ms", with = "millis")]
    pub leave_grace: Duration,
    /// It is understood: what it prints is for whoever follows it, and it may be talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk: Option<Talk>,
    /// The sandbox that it is in, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Confinement>,
}

/// How an agent is held that is understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Written to its standard input when its end is asked for; then that is closed.
    pub farewell: String,
    /// From the farewell to SIGTERM.
    #[serde(rename = "farewell_grace_ms", with = "millis")]
    pub farewell_grace: Duration,
    /// How long it stays when nobody follows it and no turn is in flight.
    #[serde(rename = "alone_ms", with = "millis")]
    pub alone: Duration,
    /// The longest a turn may be in flight while nobody follows it.
    #[serde(rename = "turn_limit_ms", with = "millis")]
    pub turn_limit: Duration,
    /// What it reads.
    #[serde(default, skip_serializing_if = "TalkInput::is_open")]
    pub input: TalkInput,
}

/// What an agent that is understood reads on its standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TalkInput {
    /// What is said to it, until there is nothing more to say.
    #[default]
    Open,
    /// `prompt.md`, and nothing else.
    Prompt,
}

impl TalkInput {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            farewell: String::new(),
            farewell_grace: Self::FAREWELL_GRACE,
            alone: Self::ALONE,
            turn_limit: Self::TURN_LIMIT,
            input: TalkInput::Open,
        }
    }
}

impl Talk {
    /// From the farewell to SIGTERM by default (`chats.md`, *States*: draining).
    pub const FAREWELL_GRACE: Duration = Duration::from_secs(10);
    /// How long one stays alone by default (`supervision.md`, *Recovery*).
    pub const ALONE: Duration = Duration::from_secs(60);
    /// The longest turn of one that is alone, by default (`chats.md`, *States*: live).
    pub const TURN_LIMIT: Duration = Duration::from_secs(60 * 60);

    /// Of an agent at work. It goes on whether somebody follows it or not (`supervision.md`, *Recovery*); asked
    /// to end, it is not left the time to end its turn.
    #[must_use]
    pub fn at_work(farewell: String, input: TalkInput) -> Self {
        // As long as a file can say.
        let forever = Duration::from_millis(u64::MAX);
        Self { farewell, farewell_grace: Duration::ZERO, alone: forever, turn_limit: forever, input }
    }
}

impl LaunchSpec {
    /// Bytes of output that are kept by default.
    pub const OUTPUT_CAP: u64 = 16 * 1024 * 1024;
    /// From SIGTERM to SIGKILL by default.
    pub const KILL_GRACE: Duration = Duration::from_secs(5);
    /// From a report to the end of a process that stays (`supervision.md`, *How an attempt ends*).
    pub const LEAVE_GRACE: Duration = Duration::from_secs(60);
}

/// `shim.json`: who the attempt's shim is. Written by the shim as soon as it has the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimFile {
    /// Of which run.
    #[serde(flatten)]
    pub run: Run,
    /// The shim.
    pub shim: ProcessIdentity,
}

/// `started`: from here on the agent may have been executed, and never will be again under this fence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Of which run.
    #[serde(flatten)]
    pub run: Run,
    /// The shim that starts it.
    pub shim: ProcessIdentity,
    /// The agent's first process, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<ProcessIdentity>,
    /// When.
    pub at: Timestamp,
}

/// `exit.json`: how an attempt ended. Written by its shim before anybody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Of which run.
    #[serde(flatten)]
    pub run: Run,
    /// What brought its end.
    pub ended_by: EndedBy,
    /// How its first process left, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ExitStatus>,
    /// When the agent was executed, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its last process was gone.
    pub ended_at: Timestamp,
    /// Nothing of its process tree is left: the shim held the lock and had no child any more.
    pub tree_gone: bool,
    /// Its output.
    pub output: OutputCount,
    /// Its worker had reported: its exit status does not decide.
    #[serde(default)]
    pub reported: bool,
    /// Bytes in `events.jsonl`, of an agent that was talked to: all that it printed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events: u64,
}

impl ExitRecord {
    /// Whether the agent was never executed.
    #[must_use]
    pub fn never_ran(&self) -> bool {
        match self.ended_by {
            EndedBy::SpawnFailed { .. } | EndedBy::Unconfined { .. } | EndedBy::Refused { .. } => true,
            EndedBy::Process | EndedBy::Deadline | EndedBy::Stop | EndedBy::Lingered | EndedBy::Alone => {
                false
            }
        }
    }
}

/// What brought an attempt's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum EndedBy {
    /// Its first process left by itself.
    Process,
    /// It could not be executed.
    SpawnFailed {
        /// What the system said, as a number (`ENOENT` is 2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<i32>,
        /// The same in words, with the name of the program or folder.
        text: String,
    },
    /// It ran past its timeout.
    Deadline,
    /// The sandbox that was asked for can't be had; nothing was executed.
    Unconfined {
        /// Why.
        why: String,
    },
    /// Somebody asked for its end.
    Stop,
    /// It had reported, or its turn was over, and it did not leave in time.
    Lingered,
    /// It was talked to, and nobody was there any more.
    Alone,
    /// It might not start any more; nothing was executed.
    Refused {
        /// Why.
        why: String,
    },
}

/// Bytes of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCount {
    /// That were written by the agent.
    pub seen: u64,
    /// Of these, in the file.
    pub kept: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A number as 16 hexadecimal digits: JSON readers keep only 53 bits of one.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:016x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(|_| D::Error::custom("a nonce is 16 hexadecimal digits"))
    }
}

/// A span in whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

mod millis_option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::millis::serialize(span, to),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_millis))
    }
}
