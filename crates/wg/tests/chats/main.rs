//! Chats from end to end: the real `wg`, a real dispatcher, real shims; only the agent is scripted. Written from
//! the requirement (`chats.md`, *Proof*): each file proves one of its rules.
//!
//! Counts are a tenth of the full ones; `WG_LONG=1` runs those. What must *not* happen for a while is proved in
//! the `absence` tests.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests; what was reached is said")]

mod consumers;
mod crowds;
mod failures;
mod faults;
mod fences;
mod impostors;
#[expect(dead_code, reason = "other suites need the rest")]
mod proofs;
mod purge;
mod purge_races;
mod questions;
mod recovery;
mod restores;
mod trees;
#[expect(dead_code, reason = "other suites need the rest")]
mod world;
