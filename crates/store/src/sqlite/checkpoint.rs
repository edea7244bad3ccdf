//! When the log is copied into the database: by a writer, inside the gate. Closing never does it, so that a
//! short command costs one `fsync`.
//!
//! A long log is copied *before* the commit that finds it so: that commit then begins the log anew. Copied
//! after a commit and left there, the log would be read as new by whoever opens the graph next, and copied
//! again by every one of them: what was copied is noted in the log's index, which lives no longer than the
//! last process that has the graph open.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::open::BUSY;

/// Pages of 4 KiB in the log at which it is copied. Who opens a graph that nobody has open reads the log
/// first, at some 0.75 µs a page; a copy costs three more `fsync`s, here once in some 20 commits.
const LONG: i32 = 256;
/// From here on the log's file is cut as well, at once, so that it does not stay large after an import.
const HUGE: i32 = 1_024;

/// The length of the log after the last commit of a connection, in pages.
#[derive(Debug, Clone)]
pub(super) struct Frames(Arc<AtomicI32>);

impl Frames {
    /// Has a connection count; nothing else copies its log from now on.
    pub(super) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let frames = Self(Arc::new(AtomicI32::new(0)));
        let told = Arc::clone(&frames.0);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(frames)
    }

    /// Before a transaction: copies a long log.
    pub(super) fn before(connection: &Connection) {
        let length = connection
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i32>(1)));
        match length {
            Ok(HUGE..) => cut(connection),
            Ok(LONG..) => Self::copy(connection),
            // What is wrong with the log, the transaction that follows is told.
            Ok(_) | Err(_) => {}
        }
    }

    /// Copies the log.
    pub(super) fn copy(connection: &Connection) {
        run(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    }

    /// After a commit: cuts a huge log.
    pub(super) fn after(&self, connection: &Connection) {
        if self.0.swap(0, Ordering::Relaxed) >= HUGE {
            cut(connection);
        }
    }
}

/// Cutting waits for readers, and one may be a list in somebody's pager.
fn cut(connection: &Connection) {
    let _ = connection.busy_timeout(Duration::ZERO);
    run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    let _ = connection.busy_timeout(BUSY);
}

/// What was committed is safe before this and after it, so that a failure here (no room, a reader in the
/// way) is nobody's trouble: the next writer tries again.
fn run(connection: &Connection, sql: &str) {
    let _ = connection.query_row(sql, [], |_| Ok(()));
}
