//! The graph in one SQLite file, `.wg/wg.db`.
//!
//! Owns the file, its log (`wg.db-wal`, `wg.db-shm`), the write gate (`write.lock`) and the backups. Never
//! decides what may happen to a record. One table, one file: what is written and read of it stands together.
//!
//! # Invariants
//! - Whoever writes is inside the gate.
//! - A commit is on the disk when it returns, with one `fsync` as a rule: the log is never thrown away, and
//!   copied into the database only after a commit that finds it long.
//! - A database that makes no sense is left as it is.
//! - No query reads the whole graph but those that were asked for it.

mod artifacts;
mod attempts;
mod backup;
mod changes;
mod chats;
mod check;
mod check_chats;
mod checkpoint;
mod consumers;
mod counts;
mod create;
mod deadline;
mod dependencies;
mod effects;
mod entries;
mod gate;
mod header;
mod imported;
mod inbox;
mod log;
mod messages;
mod migrate;
mod open;
mod operations;
mod place;
mod schedule;
mod store;
mod tags;
mod tasks;
mod trouble;
mod used;
mod view;
mod visit;
mod watch;

use std::path::{Path, PathBuf};

use wg_core::port::{Store, StoreError};

pub use check::check;
pub use used::{check_used, count_used_anew};

/// The newest format of the database that this program knows.
pub const FORMAT: u32 = migrate::newest(migrate::MIGRATIONS);

/// Makes a graph in a folder (`.wg`), which is made where it is missing. One that is there stays.
pub fn create(folder: &Path) -> Result<Box<dyn Store>, StoreError> {
    create::create(folder, migrate::MIGRATIONS)?;
    open(folder)
}

/// Opens the graph in a folder (`.wg`) for reading and writing. An older format is brought up to date first,
/// with a backup.
pub fn open(folder: &Path) -> Result<Box<dyn Store>, StoreError> {
    Ok(Box::new(open::for_writing(folder, migrate::MIGRATIONS)?))
}

/// Opens the graph in a folder (`.wg`) for reading. This works in a read-only folder too.
pub fn open_read_only(folder: &Path) -> Result<Box<dyn Store>, StoreError> {
    Ok(Box::new(open::for_reading(folder, migrate::MIGRATIONS)?))
}

/// Copies the graph in a folder (`.wg`) to `backups/` there, checks the copy, keeps the last five; says where
/// it is.
pub fn backup(folder: &Path) -> Result<PathBuf, StoreError> {
    let store = open::for_writing(folder, migrate::MIGRATIONS)?;
    store.backup()
}
