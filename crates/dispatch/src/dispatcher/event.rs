//! What a dispatcher is told, and what it wants done on its host: the two closed lists between it and the
//! world.

use std::time::Duration;

use wg_agents::{CommandSpec, ProgramFacts};
use wg_core::attempt::{Attempt, ProcessIdentity};
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;

use crate::config::DispatchConfig;
use crate::files::ExitRecord;
use crate::recover::{Finding, Findings};
use crate::retention::{Prunable, Retention};

/// What happened. Any of them may come twice or late.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody may have committed something.
    StoreChanged,
    /// Somebody asks to look, whatever was seen before.
    Poked,
    /// The time that was asked for has come.
    TimerDue,
    /// The clock was set, or the machine slept.
    ClockJumped,
    /// A shim is up.
    Spawned {
        /// For which attempt.
        attempt: AttemptRef,
        /// The shim.
        shim: ProcessIdentity,
        /// Since when.
        at: Timestamp,
    },
    /// A shim could not be started; no process came of it.
    SpawnFailed {
        /// For which attempt.
        attempt: AttemptRef,
        /// Why.
        why: String,
    },
    /// An attempt's exit record is there, whether its shim is still up or not.
    ExitSeen {
        /// Of which attempt.
        attempt: AttemptRef,
        /// What it says.
        exit: Box<ExitRecord>,
    },
    /// A shim is provably gone.
    ShimGone {
        /// Of which attempt.
        attempt: AttemptRef,
        /// What its exit record says, where there is one.
        exit: Option<Box<ExitRecord>>,
    },
    /// An end that was asked for was carried out: the whole tree is gone, or it can't be told.
    EndCarriedOut {
        /// Of which attempt.
        attempt: AttemptRef,
        /// With the exit record where there is one; or why it can't be told.
        result: Result<Option<Box<ExitRecord>>, String>,
    },
    /// What was found of an attempt that was to be examined.
    Examined(Box<Finding>),
    /// At the start: what was found of all live attempts of this host, and of those that are over.
    Recovered(Box<Findings>),
    /// The configuration was read again.
    ConfigChanged(Box<DispatchConfig>),
    /// What was found of the adapters' programs.
    Programs(Vec<(String, ProgramFacts)>),
    /// The dispatcher is to leave.
    Stop {
        /// With its agents; else they go on with their shims.
        kill_agents: bool,
        /// Who asked, for the log of the tasks.
        by: Option<String>,
    },
}

/// What is to be done on the host. Each is safe to do twice.
#[derive(Debug, Clone, PartialEq)]
pub enum HostEffect {
    /// Start a shim; answered by [`Event::Spawned`] or [`Event::SpawnFailed`], later by [`Event::ShimGone`].
    Spawn(Box<Launch>),
    /// Watch an adopted shim; answered by [`Event::ShimGone`] when it is provably gone. The identity is
    /// absent where it could not be verified: then by its lock.
    Watch {
        /// Of which attempt.
        attempt: AttemptRef,
        /// The shim.
        shim: Option<ProcessIdentity>,
    },
    /// Look at what is there of an attempt; answered by [`Event::Examined`].
    Examine(Box<Attempt>),
    /// End an attempt's whole tree, if there is any of it, and prove it gone; answered by
    /// [`Event::EndCarriedOut`].
    End(Box<Attempt>),
    /// Ring at this time, or never. Replaces what was set before.
    SetTimer(Option<Timestamp>),
    /// Find out about these adapters' programs; answered by [`Event::Programs`].
    FindPrograms(Vec<(String, String)>),
    /// Remove old files of attempts.
    Prune {
        /// What may be removed.
        prunable: Prunable,
        /// What is to be kept.
        retention: Retention,
    },
    /// Something worth a line in the log.
    Log(Line),
    /// There is more to do: call again at once, after what has come meanwhile.
    Again,
    /// Nothing holds the dispatcher any more: it was asked to leave, and may.
    Leave,
}

/// What a shim has to be told to run an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Which attempt.
    pub attempt: Attempt,
    /// What to run.
    pub command: CommandSpec,
    /// The longest it may run.
    pub timeout: Option<Duration>,
    /// Between asking it to leave and ending it.
    pub kill_grace: Duration,
    /// Bytes of its output that are kept.
    pub output_cap: u64,
    /// Variables that it gets beside the usual ones.
    pub env_pass: Vec<String>,
}

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How bad.
    pub level: Level,
    /// What.
    pub text: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Info,
    /// A person may want to know.
    Warn,
}
