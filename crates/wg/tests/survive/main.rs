//! What the program must survive, on real processes: killed dispatchers, shims, agents and writers; disks
//! that are full or read-only; databases that are damaged or newer; many writers at once.
//!
//! Counts are a tenth of the full ones; `WG_LONG=1` runs those.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod clock;
mod databases;
mod disks;
mod graph;
mod killed_dispatcher;
mod killed_processes;
mod writers;

/// A count of the requirement: all of it where `WG_LONG` is set, else a tenth.
fn count(full: usize) -> usize {
    if std::env::var_os("WG_LONG").is_some() { full } else { full / 10 }
}
