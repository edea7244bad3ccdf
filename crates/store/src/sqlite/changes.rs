//! `changes`: every version of every record, the newest being the record itself.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, params};
use serde::de::DeserializeOwned;
use wg_core::id::{AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Change, Record, RecordKey};

use super::operations::number;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

/// The name of a record as two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'k> {
    Task(&'k str),
    Attempt(u64),
    Control,
    Chat(u64),
}

impl Key<'_> {
    pub(super) const TASKS: i64 = 0;
    pub(super) const ATTEMPTS: i64 = 1;
    pub(super) const CONTROL: i64 = 2;
    pub(super) const CHATS: i64 = 3;

    pub(super) fn kind(self) -> i64 {
        match self {
            Key::Task(_) => Self::TASKS,
            Key::Attempt(_) => Self::ATTEMPTS,
            Key::Control => Self::CONTROL,
            Key::Chat(_) => Self::CHATS,
        }
    }
}

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Key::Task(id) => ToSqlOutput::Borrowed(ValueRef::Text(id.as_bytes())),
            Key::Attempt(reference) => ToSqlOutput::from(reference.cast_signed()),
            Key::Control => ToSqlOutput::from(0_i64),
            Key::Chat(number) => ToSqlOutput::from(number.cast_signed()),
        })
    }
}

impl<'k> From<&'k RecordKey> for Key<'k> {
    fn from(key: &'k RecordKey) -> Self {
        match key {
            RecordKey::Task(id) => Key::Task(id.as_str()),
            RecordKey::Attempt(reference) => Key::Attempt(reference.0),
            RecordKey::Control => Key::Control,
            RecordKey::Chat(number) => Key::Chat(number.0),
        }
    }
}

/// Where the newest version of a record stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) n: i64,
    pub(super) op: u64,
    pub(super) version: u64,
}

/// Reads `body` and `sum` from two columns of a row; absent where the record was removed.
pub(super) fn body<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<Option<T>, Trouble> {
    let text = match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Text(text) => Some(text),
        _ => return Err(Trouble::nonsense("a record is no text")),
    };
    let sum: i64 = row.get(at + 1)?;
    if sum != codec::sum(&[text.unwrap_or_default()]) {
        return Err(Trouble::nonsense("a record is not as it was written: its sum differs"));
    }
    let read = |text| {
        codec::decode(text).map_err(|error| Trouble::nonsense(format!("a record can't be read: {error}")))
    };
    text.map(read).transpose()
}

/// As [`body`], of a record that is there.
pub(super) fn present<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T, Trouble> {
    body(row, at)?.ok_or_else(|| Trouble::nonsense("a record that is listed has been removed"))
}

impl View<'_> {
    /// The newest version of a record, removed or not.
    pub(super) fn newest(&self, key: Key<'_>) -> Result<Option<Newest>, Trouble> {
        let sql = "SELECT n, op, version FROM changes WHERE kind = ?1 AND key = ?2 ORDER BY op DESC LIMIT 1";
        let row = |row: &Row<'_>| Ok(Newest { n: row.get(0)?, op: row.get(1)?, version: row.get(2)? });
        Ok(self.statement(sql)?.query_row(params![key.kind(), key], row).optional()?)
    }

    /// Writes the next version of a record; a second one within an operation replaces the first.
    pub(super) fn record(
        &self,
        key: Key<'_>,
        newest: Option<Newest>,
        body: Option<&str>,
    ) -> Result<i64, Trouble> {
        let (op, _) = self.current()?;
        let sum = codec::sum(&[body.unwrap_or_default().as_bytes()]);
        if let Some(newest) = newest.filter(|newest| newest.op == op.0) {
            self.statement("UPDATE changes SET body = ?2, sum = ?3 WHERE n = ?1")?
                .execute(params![newest.n, body, sum])?;
            return Ok(newest.n);
        }
        let version = newest.map_or(1, |newest| newest.version + 1);
        self.statement(
            "INSERT INTO changes (op, kind, key, version, body, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![op.0, key.kind(), key, version, body, sum])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Writes that a record was removed; one that was made in this operation leaves no trace.
    pub(super) fn record_removal(&self, key: Key<'_>, newest: Newest) -> Result<(), Trouble> {
        let (op, _) = self.current()?;
        if newest.op == op.0 && self.body_before(key, op)?.is_none() {
            self.statement("DELETE FROM changes WHERE n = ?1")?.execute([newest.n])?;
            return Ok(());
        }
        self.record(key, Some(newest), None).map(drop)
    }

    /// The number of the row in which a record stood before an operation, unless it was not there.
    pub(super) fn body_before(&self, key: Key<'_>, op: OpSeq) -> Result<Option<i64>, Trouble> {
        let sql = "SELECT n, body IS NULL FROM changes WHERE kind = ?1 AND key = ?2 AND op < ?3 \
                   ORDER BY op DESC LIMIT 1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(i64, bool)> =
            self.statement(sql)?.query_row(params![key.kind(), key, number(op)], row).optional()?;
        Ok(found.filter(|(_, removed)| !removed).map(|(n, _)| n))
    }

    /// The record that a row of `changes` holds.
    fn record_in(&self, key: &RecordKey, n: i64) -> Result<Option<Record>, Trouble> {
        let mut statement = self.statement("SELECT body, sum FROM changes WHERE n = ?1")?;
        let mut rows = statement.query([n])?;
        let Some(row) = rows.next()? else { return Err(Trouble::nonsense("a change is missing")) };
        Ok(match key {
            RecordKey::Task(_) => body(row, 0)?.map(|task| Record::Task(Box::new(task))),
            RecordKey::Attempt(_) => body(row, 0)?.map(|attempt| Record::Attempt(Box::new(attempt))),
            RecordKey::Control => body(row, 0)?.map(Record::Control),
            RecordKey::Chat(_) => body(row, 0)?.map(|chat| Record::Chat(Box::new(chat))),
        })
    }

    pub(super) fn read_changes_of(&self, seq: OpSeq) -> Result<Vec<Change>, Trouble> {
        let sql = "SELECT n, kind, key, version FROM changes WHERE op = ?1 \
                   AND n >= (SELECT first_change FROM operations WHERE seq = ?1) \
                   AND n < coalesce((SELECT first_change FROM operations WHERE seq = ?1 + 1), 9e18)";
        let mut found = Vec::new();
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([number(seq)])?;
        while let Some(row) = rows.next()? {
            let key = match row.get(1)? {
                Key::TASKS => RecordKey::Task(task_id(row.get_ref(2)?)?),
                Key::ATTEMPTS => RecordKey::Attempt(AttemptRef(row.get(2)?)),
                Key::CONTROL => RecordKey::Control,
                Key::CHATS => RecordKey::Chat(ChatNumber(row.get(2)?)),
                kind => return Err(Trouble::nonsense(format!("{kind} is no kind of record"))),
            };
            found.push((key, row.get::<_, i64>(0)?, row.get::<_, u64>(3)?));
        }
        found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let change = |(key, n, version): (RecordKey, i64, u64)| {
            let before = match self.body_before(Key::from(&key), seq)? {
                Some(n) => self.record_in(&key, n)?,
                None => None,
            };
            let after = self.record_in(&key, n)?;
            Ok(Change { key, version, before, after })
        };
        found.into_iter().map(change).collect()
    }

    pub(super) fn read_changed_since(&self, key: &RecordKey, seq: OpSeq) -> Result<Option<OpSeq>, Trouble> {
        let sql = "SELECT op FROM changes WHERE kind = ?1 AND key = ?2 AND op > ?3 ORDER BY op LIMIT 1";
        let key = Key::from(key);
        let op = self.statement(sql)?.query_row(params![key.kind(), key, number(seq)], |row| row.get(0));
        Ok(op.optional()?.map(OpSeq))
    }

    pub(super) fn read_record_at(&self, key: &RecordKey, seq: OpSeq) -> Result<Option<Record>, Trouble> {
        match self.body_before(Key::from(key), OpSeq(seq.0.saturating_add(1)))? {
            Some(n) => self.record_in(key, n),
            None => Ok(None),
        }
    }
}

/// A task's id from a column.
pub(super) fn task_id(value: ValueRef<'_>) -> Result<TaskId, Trouble> {
    let text = value.as_str().map_err(|error| Trouble::nonsense(error.to_string()))?;
    TaskId::parse(text).map_err(|error| Trouble::nonsense(format!("{text:?} is no id: {error}")))
}
