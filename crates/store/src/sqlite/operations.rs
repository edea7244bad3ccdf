//! `operations`: who did what and when.

use rusqlite::{OptionalExtension, Row, params};
use wg_core::command::Command;
use wg_core::id::{Actor, OpSeq};
use wg_core::operation::{Operation, RecordKey};
use wg_core::time::Timestamp;

use super::changes::Key;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

const COLUMNS: &str = "seq, at, actor, command, sum";

fn operation(row: &Row<'_>) -> Result<Operation, Trouble> {
    let (seq, at): (u64, i64) = (row.get(0)?, row.get(1)?);
    let (actor, command): (String, String) = (row.get(2)?, row.get(3)?);
    let damaged = |what: &str| Trouble::nonsense(format!("operation {seq} {what}"));
    if row.get::<_, i64>(4)? != codec::row_sum([at, seq.cast_signed()], &actor, &command) {
        return Err(damaged("is not as it was written: its sum differs"));
    }
    Ok(Operation {
        seq: OpSeq(seq),
        at: Timestamp::from_nanos(at),
        actor: Actor::from(actor),
        command: codec::decode(command.as_bytes()).map_err(|error| damaged(&error.to_string()))?,
    })
}

impl View<'_> {
    pub(super) fn begin(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        command: &Command,
    ) -> Result<OpSeq, Trouble> {
        self.release_due(at)?;
        let (nanos, actor, command) = (at.as_nanos(), actor.to_string(), codec::encode(command));
        let seq = OpSeq(self.read_last_operation()?.0 + 1);
        let sum = codec::row_sum([nanos, number(seq)], &actor, &command);
        self.statement(
            "INSERT INTO operations (seq, at, actor, command, first_change, sum) \
             VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(n), 0) + 1 FROM changes), ?5)",
        )?
        .execute(params![seq.0, nanos, actor, command, sum])?;
        self.operation = Some((seq, at));
        Ok(seq)
    }

    pub(super) fn read_last_operation(&self) -> Result<OpSeq, Trouble> {
        let sql = "SELECT coalesce(max(seq), 0) FROM operations";
        Ok(OpSeq(self.statement(sql)?.query_row([], |row| row.get(0))?))
    }

    pub(super) fn read_operation(&self, seq: OpSeq) -> Result<Option<Operation>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM operations WHERE seq = ?1");
        self.statement(&sql)?.query_row([number(seq)], |row| Ok(operation(row))).optional()?.transpose()
    }

    pub(super) fn read_operations_since(
        &self,
        after: OpSeq,
        limit: usize,
    ) -> Result<Vec<Operation>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM operations WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query(params![number(after), rows_at_most(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(operation(row)?);
        }
        Ok(found)
    }

    pub(super) fn read_operations_before(
        &self,
        before: Option<OpSeq>,
        actor: Option<&Actor>,
        record: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Operation>, Trouble> {
        let before = before.map_or(i64::MAX, number);
        let actor = actor.map(ToString::to_string);
        // A record's operations are few beside an actor's, so its index leads where both are asked for.
        let from = match record {
            Some(_) => {
                "changes c INDEXED BY changes_of_record CROSS JOIN operations o ON o.seq = c.op \
                 WHERE c.kind = ?3 AND c.key = ?4 AND c.op < ?1 AND (?2 IS NULL OR o.actor = ?2) ORDER BY c.op"
            }
            None if actor.is_some() => "operations o WHERE ?3 IS ?4 AND seq < ?1 AND actor = ?2 ORDER BY seq",
            None => "operations o WHERE ?2 IS NULL AND ?3 IS ?4 AND seq < ?1 ORDER BY seq",
        };
        let columns = "o.seq, o.at, o.actor, o.command, o.sum";
        let mut statement = self.statement(&format!("SELECT {columns} FROM {from} DESC LIMIT ?5"))?;
        let key = record.map(Key::from);
        let kind = key.map(Key::kind);
        let mut rows = statement.query(params![before, actor, kind, key, rows_at_most(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(operation(row)?);
        }
        Ok(found)
    }
}

/// An operation's number as SQLite takes it; there are none beyond its range.
pub(super) fn number(seq: OpSeq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// A limit as SQLite takes it.
pub(super) fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
