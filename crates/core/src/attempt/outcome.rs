//! How an attempt ended: the classes of `supervision.md`, *How an attempt ends*.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::task::Wait;
use crate::time::Timestamp;

/// How a process left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitStatus {
    /// It returned this.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    /// Its worker reported it done; for `shell`, exit 0.
    Done {
        /// What was done, where it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// Its worker said that it can't be done.
    Failed {
        /// Why.
        reason: String,
    },
    /// It left badly and without a report.
    ExitedBadly {
        /// How it left.
        status: ExitStatus,
    },
    /// It left with exit 0 but reported nothing.
    NoWork,
    /// It left to wait.
    Waiting {
        /// For what.
        on: Wait,
    },
    /// Our deadline ended it.
    TimedOut,
    /// The provider wants us to wait.
    RateLimited {
        /// Until when, where it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The program is missing or not set up.
    Configuration {
        /// What is wrong.
        reason: String,
    },
    /// The provider is away.
    Outage {
        /// What was seen.
        reason: String,
    },
    /// A cap on tokens or cost was reached.
    Budget {
        /// Which.
        reason: String,
        /// Until when nothing of the kind is started, where it was the day's; absent: a person decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// What all attempts of its task may use together is used up: the task is ready again once that is raised.
    TaskBudget {
        /// Which bound.
        reason: String,
    },
    /// Somebody ended it.
    Cancelled {
        /// Who and why.
        reason: String,
    },
    /// No exit record, and provably gone.
    Lost {
        /// What is known.
        reason: String,
    },
}

impl Outcome {
    /// The class in a word or two, as in `wg attempt list`.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::ExitedBadly { .. } => "exited badly",
            Self::NoWork => "no work",
            Self::Waiting { .. } => "waiting",
            Self::TimedOut => "timed out",
            Self::RateLimited { .. } => "rate limited",
            Self::Configuration { .. } => "configuration",
            Self::Outage { .. } => "outage",
            Self::Budget { until: None, .. } => "budget",
            Self::Budget { until: Some(_), .. } => "day budget",
            Self::TaskBudget { .. } => "task budget",
            Self::Cancelled { .. } => "cancelled",
            Self::Lost { .. } => "lost",
        }
    }

    /// Whether it counts against the task's `max_attempts`.
    #[must_use]
    pub fn consumes(&self) -> bool {
        match self {
            Self::ExitedBadly { .. } | Self::NoWork | Self::TimedOut => true,
            Self::Done { .. }
            | Self::Failed { .. }
            | Self::Waiting { .. }
            | Self::RateLimited { .. }
            | Self::Configuration { .. }
            | Self::Outage { .. }
            | Self::Budget { .. }
            | Self::TaskBudget { .. }
            | Self::Cancelled { .. }
            | Self::Lost { .. } => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { summary: Some(summary) } => write!(f, "done: {summary}"),
            Self::Done { summary: None } => f.write_str("done"),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
            Self::ExitedBadly { status } => write!(f, "exited badly ({status})"),
            Self::NoWork => f.write_str("exited without reporting"),
            Self::Waiting { .. } => f.write_str("left to wait"),
            Self::TimedOut => f.write_str("ran past its timeout"),
            Self::RateLimited { until: Some(until) } => write!(f, "rate limited until {until}"),
            Self::RateLimited { until: None } => f.write_str("rate limited"),
            Self::Configuration { reason } => write!(f, "not set up: {reason}"),
            Self::Outage { reason } => write!(f, "provider away: {reason}"),
            Self::Budget { reason, .. } | Self::TaskBudget { reason } => {
                write!(f, "budget reached: {reason}")
            }
            Self::Cancelled { reason } => write!(f, "cancelled: {reason}"),
            Self::Lost { reason } => write!(f, "lost: {reason}"),
        }
    }
}
