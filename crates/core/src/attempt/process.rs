//! Which process is meant, beyond its number.

use serde::{Deserialize, Serialize};

/// A process as it can be told from every later one with the same number (`supervision.md`, *Identity*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// Inode of its pid namespace.
    pub pid_namespace: u64,
    /// Its number there.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`: clock ticks since boot.
    pub start_time: u64,
}
