//! `entries`: what was said in chats; rows that are appended and never change.

use rusqlite::{OptionalExtension, Row, params};
use wg_core::chat::{Entry, What};
use wg_core::id::ChatNumber;
use wg_core::port::StoreError;
use wg_core::time::Timestamp;

use super::operations::rows_at_most;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

/// Of the whole row.
fn sum(chat: ChatNumber, number: u64, at: i64, body: &str) -> i64 {
    codec::sum(&[&chat.0.to_le_bytes(), &number.to_le_bytes(), &at.to_le_bytes(), body.as_bytes()])
}

fn entry(chat: ChatNumber, row: &Row<'_>) -> Result<Entry, Trouble> {
    let (number, at, body): (u64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let damaged = |what: &str| Trouble::nonsense(format!("entry {number} of {chat} {what}"));
    if row.get::<_, i64>(3)? != sum(chat, number, at, &body) {
        return Err(damaged("is not as it was written: its sum differs"));
    }
    let what: What =
        codec::decode(body.as_bytes()).map_err(|error| damaged(&format!("can't be read: {error}")))?;
    Ok(Entry { number, at: Timestamp::from_nanos(at), what })
}

impl View<'_> {
    pub(super) fn read_entries(
        &self,
        chat: ChatNumber,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, Trouble> {
        let sql = "SELECT number, at, body, sum FROM entries WHERE chat = ?1 AND number > ?2 \
                   ORDER BY number LIMIT ?3";
        let mut statement = self.statement(sql)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![chat.0.cast_signed(), after, rows_at_most(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(entry(chat, row)?);
        }
        Ok(found)
    }

    pub(super) fn read_last_entry(&self, chat: ChatNumber) -> Result<u64, Trouble> {
        let sql = "SELECT coalesce(max(number), 0) FROM entries WHERE chat = ?1";
        Ok(self.statement(sql)?.query_row([chat.0.cast_signed()], |row| row.get(0))?)
    }

    /// Whether a chat has an entry of this number.
    pub(super) fn has_entry(&self, chat: ChatNumber, number: u64) -> Result<bool, Trouble> {
        let mut statement = self.statement("SELECT 1 FROM entries WHERE chat = ?1 AND number = ?2")?;
        let params = params![chat.0.cast_signed(), number.cast_signed()];
        Ok(statement.query_row(params, |row| row.get::<_, i64>(0)).optional()?.is_some())
    }

    pub(super) fn write_entry(&self, chat: ChatNumber, entry: &Entry) -> Result<(), Trouble> {
        self.require_chat(chat)?;
        let (next, number) = (self.read_last_entry(chat)? + 1, entry.number);
        if number != next {
            let why = format!("the next entry of {chat} is number {next}, not {number}");
            return Err(StoreError::Failed(why).into());
        }
        let (at, body) = (entry.at.as_nanos(), codec::encode(&entry.what));
        self.statement("INSERT INTO entries (chat, number, at, body, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                chat.0.cast_signed(),
                number.cast_signed(),
                at,
                body,
                sum(chat, number, at, &body)
            ])?;
        Ok(())
    }
}
