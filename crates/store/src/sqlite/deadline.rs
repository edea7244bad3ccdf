//! A deadline on every query: SQLite asks every few thousand steps whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long one statement may run. The slowest by design, a search through the text of 100,000 tasks, gives
/// its rows one by one and takes milliseconds for each.
const QUERY: Duration = Duration::from_secs(20);
/// Steps of SQLite's machine between two looks at the clock: about 0.1 ms.
const STEPS: i32 = 4_096;

/// When the running statement must have answered.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    base: Instant,
    /// Nanoseconds after `base`; `u64::MAX`: whenever.
    until: Arc<AtomicU64>,
}

impl Deadline {
    /// Puts a connection under a deadline, not yet running.
    pub(super) fn over(connection: &mut Connection) -> rusqlite::Result<Self> {
        let deadline = Self { base: Instant::now(), until: Arc::new(AtomicU64::new(u64::MAX)) };
        let asked = deadline.clone();
        connection
            .progress_handler(STEPS, Some(move || asked.elapsed() > asked.until.load(Ordering::Relaxed)))?;
        Ok(deadline)
    }

    /// A statement begins, or gives its next row.
    pub(super) fn restart(&self) {
        self.set(QUERY);
    }

    /// What runs now takes as long as it takes: checks and copies of the whole database.
    pub(super) fn lift(&self) {
        self.until.store(u64::MAX, Ordering::Relaxed);
    }

    fn set(&self, span: Duration) {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.until.store(self.elapsed().saturating_add(span), Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_without_end_is_ended() {
        let mut connection = Connection::open_in_memory().expect("memory");
        let deadline = Deadline::over(&mut connection).expect("a handler");
        deadline.set(Duration::from_millis(5));
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
        let answer = connection.query_row(endless, [], |row| row.get::<_, i64>(0));
        let code = answer.expect_err("it has no end").sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
        deadline.restart();
        assert_eq!(connection.query_row("SELECT 1", [], |row| row.get(0)), Ok(1));
    }
}
