//! `inbox`: where each message of a chat stands, and the number of those that wait, which `chats` keeps.

use rusqlite::{OptionalExtension, Row, params};
use wg_core::chat::{InboxCounts, InboxRow, InboxState};
use wg_core::id::ChatNumber;
use wg_core::port::StoreError;

use super::trouble::Trouble;
use super::view::View;
use crate::codec;

const COLUMNS: &str = "number, kills, deliveries, state, sum";

/// Of the whole row.
fn sum(chat: ChatNumber, row: &InboxRow) -> i64 {
    codec::sum(&[
        &chat.0.to_le_bytes(),
        &row.number.to_le_bytes(),
        &row.kills.to_le_bytes(),
        &row.deliveries.to_le_bytes(),
        &codec::inbox_state(row.state).to_le_bytes(),
    ])
}

fn standing(chat: ChatNumber, row: &Row<'_>) -> Result<InboxRow, Trouble> {
    let number: u64 = row.get(0)?;
    let damaged =
        |what: &str| Trouble::nonsense(format!("the standing of message {number} of {chat} {what}"));
    let state = codec::inbox_state_of(row.get(3)?).ok_or_else(|| damaged("is none that there is"))?;
    let found = InboxRow { number, kills: row.get(1)?, deliveries: row.get(2)?, state };
    if row.get::<_, i64>(4)? != sum(chat, &found) {
        return Err(damaged("is not as it was written: its sum differs"));
    }
    Ok(found)
}

impl View<'_> {
    pub(super) fn read_inbox_row(&self, chat: ChatNumber, number: u64) -> Result<Option<InboxRow>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM inbox WHERE chat = ?1 AND number = ?2");
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let params = params![chat.0.cast_signed(), number];
        self.statement(&sql)?.query_row(params, |row| Ok(standing(chat, row))).optional()?.transpose()
    }

    pub(super) fn read_inbox_next(&self, chat: ChatNumber) -> Result<Option<InboxRow>, Trouble> {
        let sql = format!(
            "SELECT {COLUMNS} FROM inbox INDEXED BY inbox_open WHERE chat = ?1 AND state < 2 AND state = 0 \
             ORDER BY number LIMIT 1"
        );
        let params = [chat.0.cast_signed()];
        self.statement(&sql)?.query_row(params, |row| Ok(standing(chat, row))).optional()?.transpose()
    }

    pub(super) fn read_inbox_open(&self, chat: ChatNumber) -> Result<Vec<InboxRow>, Trouble> {
        self.inbox_of(chat, "INDEXED BY inbox_open WHERE chat = ?1 AND state < 2")
    }

    /// The answered ones too.
    pub(super) fn read_inbox(&self, chat: ChatNumber) -> Result<Vec<InboxRow>, Trouble> {
        self.inbox_of(chat, "WHERE chat = ?1")
    }

    fn inbox_of(&self, chat: ChatNumber, which: &str) -> Result<Vec<InboxRow>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM inbox {which} ORDER BY number");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([chat.0.cast_signed()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(standing(chat, row)?);
        }
        Ok(found)
    }

    pub(super) fn read_inbox_counts(&self, chat: ChatNumber) -> Result<InboxCounts, Trouble> {
        let sql = "SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1) \
                   FROM inbox INDEXED BY inbox_open WHERE chat = ?1 AND state < 2";
        let counts = |row: &Row<'_>| Ok(InboxCounts { waiting: row.get(0)?, set_aside: row.get(1)? });
        Ok(self.statement(sql)?.query_row([chat.0.cast_signed()], counts)?)
    }

    pub(super) fn write_inbox(&self, chat: ChatNumber, row: &InboxRow) -> Result<(), Trouble> {
        self.require_chat(chat)?;
        if !self.has_entry(chat, row.number)? {
            let why = format!("there is no message {} of {chat} that could stand anywhere", row.number);
            return Err(StoreError::Failed(why).into());
        }
        let was = self.read_inbox_row(chat, row.number)?.map(|row| row.state);
        if was == Some(InboxState::Answered) {
            return Ok(());
        }
        self.statement(
            "INSERT INTO inbox (chat, number, kills, deliveries, state, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (chat, number) DO UPDATE SET kills = excluded.kills, \
             deliveries = excluded.deliveries, state = excluded.state, sum = excluded.sum",
        )?
        .execute(params![
            chat.0.cast_signed(),
            row.number.cast_signed(),
            row.kills,
            row.deliveries,
            codec::inbox_state(row.state),
            sum(chat, row),
        ])?;
        let waits = |state: Option<InboxState>| i64::from(state == Some(InboxState::Waiting));
        let by = waits(Some(row.state)) - waits(was);
        if by != 0 {
            self.statement("UPDATE chats SET waiting = waiting + ?2 WHERE number = ?1")?
                .execute(params![chat.0.cast_signed(), by])?;
        }
        Ok(())
    }
}
