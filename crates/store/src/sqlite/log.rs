//! `log`: what was written down about a task.

use rusqlite::{Row, params};
use wg_core::id::{OpSeq, TaskId};
use wg_core::port::{LogEntry, StoreError};
use wg_core::time::Timestamp;

use super::operations::{number, rows_at_most};
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

fn entry(row: &Row<'_>) -> Result<LogEntry, Trouble> {
    let (at, actor, message): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let op = row.get(3)?;
    if row.get::<_, i64>(4)? != codec::row_sum([at, op], &actor, &message) {
        return Err(Trouble::nonsense("a log entry is not as it was written: its sum differs"));
    }
    Ok(LogEntry { at: Timestamp::from_nanos(at), actor, message, operation: OpSeq(op.cast_unsigned()) })
}

impl View<'_> {
    pub(super) fn read_log(&self, id: &TaskId, last: Option<usize>) -> Result<Vec<LogEntry>, Trouble> {
        let Some(n) = self.number_of(id)? else { return Ok(Vec::new()) };
        let sql = "SELECT at, actor, message, op, sum FROM log WHERE task = ?1 ORDER BY number DESC LIMIT ?2";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![n, rows_at_most(last.unwrap_or(usize::MAX))])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(entry(row)?);
        }
        found.reverse();
        Ok(found)
    }

    pub(super) fn write_log(
        &self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        message: &str,
    ) -> Result<(), Trouble> {
        let (op, _) = self.current()?;
        let n = self.owner(id)?;
        let at = at.as_nanos();
        self.statement(
            "INSERT INTO log (task, number, at, actor, message, op, sum) \
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM log WHERE task = ?1",
        )?
        .execute(params![
            n,
            at,
            actor,
            message,
            op.0,
            codec::row_sum([at, number(op)], actor, message)
        ])?;
        Ok(())
    }

    /// The row number of a task that is to get a log entry, a message or an artifact.
    pub(super) fn owner(&self, id: &TaskId) -> Result<i64, Trouble> {
        let none = || StoreError::Failed(format!("there is no task {id} to write to"));
        Ok(self.number_of(id)?.ok_or_else(none)?)
    }
}
