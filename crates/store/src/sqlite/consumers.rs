//! `consumers`: who consumed a chat last. For people to read: no operation tells of it.

use rusqlite::{OptionalExtension, Row, params};
use wg_core::chat::{Consumer, PING};
use wg_core::id::ChatNumber;
use wg_core::time::Timestamp;

use super::trouble::Trouble;
use super::view::View;
use crate::codec;

/// What stands for a time that is absent in the sum.
const NONE: i64 = i64::MIN;

/// Of the whole row.
fn sum(chat: i64, last_at: Option<i64>, ping_until: Option<i64>) -> i64 {
    let time = |time: Option<i64>| time.unwrap_or(NONE).to_le_bytes();
    codec::sum(&[&chat.to_le_bytes(), &time(last_at), &time(ping_until)])
}

fn consumer(row: &Row<'_>) -> Result<(ChatNumber, Consumer), Trouble> {
    let (chat, last_at, ping_until): (i64, Option<i64>, Option<i64>) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    let number = ChatNumber(chat.cast_unsigned());
    if row.get::<_, i64>(3)? != sum(chat, last_at, ping_until) {
        let what = format!("who consumed {number} is not as it was written: its sum differs");
        return Err(Trouble::nonsense(what));
    }
    let time = |time: Option<i64>| time.map(Timestamp::from_nanos);
    Ok((number, Consumer { last_at: time(last_at), ping_until: time(ping_until) }))
}

impl View<'_> {
    pub(super) fn read_consumer(&self, chat: ChatNumber) -> Result<Consumer, Trouble> {
        let sql = "SELECT chat, last_at, ping_until, sum FROM consumers WHERE chat = ?1";
        let found =
            self.statement(sql)?.query_row([chat.0.cast_signed()], |row| Ok(consumer(row))).optional()?;
        Ok(found.transpose()?.map(|(_, consumer)| consumer).unwrap_or_default())
    }

    pub(super) fn read_pinged(&self, now: Timestamp) -> Result<Vec<(ChatNumber, Timestamp)>, Trouble> {
        // A ping from before the clock was set back counts no longer than it could.
        let sql = "SELECT chat, last_at, ping_until, sum FROM consumers INDEXED BY consumers_pinged \
                   WHERE ping_until > ?1 AND ping_until <= ?2 ORDER BY chat";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([now.as_nanos(), now.plus(PING).as_nanos()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (chat, consumer) = consumer(row)?;
            found.extend(consumer.ping_until.map(|until| (chat, until)));
        }
        Ok(found)
    }

    /// Reads every row, which only a check wants.
    pub(super) fn read_all_consumers(&self) -> Result<(), Trouble> {
        let mut statement = self.statement("SELECT chat, last_at, ping_until, sum FROM consumers")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            consumer(row)?;
        }
        Ok(())
    }

    pub(super) fn write_consumer(&self, chat: ChatNumber, consumer: &Consumer) -> Result<(), Trouble> {
        let time = |time: Option<Timestamp>| time.map(Timestamp::as_nanos);
        let (last_at, ping_until) = (time(consumer.last_at), time(consumer.ping_until));
        let chat = chat.0.cast_signed();
        self.statement(
            "INSERT INTO consumers (chat, last_at, ping_until, sum) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (chat) DO UPDATE SET last_at = excluded.last_at, \
             ping_until = excluded.ping_until, sum = excluded.sum",
        )?
        .execute(params![chat, last_at, ping_until, sum(chat, last_at, ping_until)])?;
        Ok(())
    }
}
