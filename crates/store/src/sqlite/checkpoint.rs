//! When the log is copied into the database: after a commit that finds it long, by the writer, inside the
//! gate. Closing never does it, so that a short command costs one `fsync`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::Connection;

/// Pages of 4 KiB in the log at which it is copied. Who opens a graph that nobody has open reads the log
/// first, which takes about 1 µs a page; a copy costs two more `fsync`s, here once in some 25 commits.
const LONG: i32 = 256;
/// From here on the log's file is cut as well, so that it does not stay large after an import.
const HUGE: i32 = 4_096;

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

    /// Copies a long log. What was committed is safe before this and after it, so that a failure here (no
    /// room, a reader in the way) is nobody's trouble: the next commit tries again.
    pub(super) fn settle(&self, connection: &Connection, busy: Duration) {
        let pages = self.0.swap(0, Ordering::Relaxed);
        if pages >= HUGE {
            // Cutting waits for readers, and one may be a list in somebody's pager.
            let _ = connection.busy_timeout(Duration::ZERO);
            let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            let _ = connection.busy_timeout(busy);
        } else if pages >= LONG {
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}
