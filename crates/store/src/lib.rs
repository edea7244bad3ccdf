//! Where the graph is kept: SQLite and memory behind `wg_core::port::Store`, and its way in and out as text.
//!
//! Owns formats on the disk, their migrations and backups, and the indexes that keep the cost of a change
//! independent of the graph's size. Never decides what may happen to a record, starts no process, prints
//! nothing, reads no clock.

mod class;
mod codec;
#[cfg(test)]
mod conformance;
mod filter;

pub mod export;
pub mod import;
pub mod memory;
pub mod sqlite;
