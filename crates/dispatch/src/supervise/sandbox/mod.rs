//! A sandbox around an agent: what it may write to and what it may not see, at the level that can be had here.
//!
//! Decided by the dispatcher ([`Wanted::settle`]), written into `launch.json` as a [`Confinement`], and put in place
//! by the shim when it executes the agent. Which level promises what stands in `docs/sandbox.md`.
//!
//! # Invariants
//! 1. A level that was asked for by name is had, or nothing is executed.
//! 2. What an agent may see and do is never more than without a sandbox.
//! 3. The shim is outside, and so is everything that ends the agent: its marks are seen from there.

mod bubblewrap;
mod landlock;
mod probe;
mod settle;
mod view;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wg_agents::Fingerprint;

pub use self::landlock::{CONFINE_VERB, ConfineError, confine};
pub use self::probe::{Here, probe};
pub use self::settle::Wanted;
pub(crate) use self::view::{Start, start};

/// What a sandbox is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Namespaces, set up by the program `bwrap`.
    Bubblewrap,
    /// Rights that the process gives up in the kernel's own interface.
    Landlock,
}

impl Level {
    /// Its name, as settings and records have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What somebody asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// The best that can be had, and none where none can.
    #[default]
    Auto,
    /// This level and no other.
    Named(Level),
    /// None.
    Off,
}

/// How the sandbox is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Which level.
    pub asked: Asked,
    /// Folders that agents may write to beside those that they may anyway; `~/` stands for the home folder.
    pub writable: Vec<String>,
}

impl SandboxConfig {
    /// Takes what was asked for into the hash over what decides whether an adapter can work: another level may be had
    /// where this one could not. Nothing else of it keeps an agent from being started.
    #[must_use]
    pub fn marked(&self, configuration: u64) -> u64 {
        let name = match self.asked {
            Asked::Auto => return configuration,
            Asked::Named(level) => level.name(),
            Asked::Off => "off",
        };
        Fingerprint::default().with(&configuration.to_le_bytes()).with(name.as_bytes()).value()
    }
}

/// The sandbox of one attempt, in its `launch.json`. All paths are absolute; those that are not there are nothing to
/// be allowed or kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// What it is made of.
    pub level: Level,
    /// Why it can't be had: nothing is executed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// May be written to, beside the agent's own folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<PathBuf>,
    /// May be read only, even where they lie in what may be written to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<PathBuf>,
    /// May not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hides: Vec<PathBuf>,
}
