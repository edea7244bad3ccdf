//! `messages`: what was written to a task.

use rusqlite::{Row, params};
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::port::Message;
use wg_core::time::Timestamp;

use super::trouble::Trouble;
use super::view::View;
use crate::codec;

/// What stands for the missing reader of a message in its sum.
const UNREAD: i64 = -1;

fn message(row: &Row<'_>) -> Result<Message, Trouble> {
    let (at, from, body): (i64, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let read_by: Option<i64> = row.get(4)?;
    if row.get::<_, i64>(5)? != codec::row_sum([at, read_by.unwrap_or(UNREAD)], &from, &body) {
        return Err(Trouble::nonsense("a message is not as it was written: its sum differs"));
    }
    Ok(Message {
        number: row.get(0)?,
        at: Timestamp::from_nanos(at),
        from: Actor::from(from),
        body,
        read_by: read_by.map(|by| AttemptRef(by.cast_unsigned())),
    })
}

impl View<'_> {
    pub(super) fn read_messages(&self, id: &TaskId) -> Result<Vec<Message>, Trouble> {
        let Some(n) = self.number_of(id)? else { return Ok(Vec::new()) };
        let sql =
            "SELECT number, at, sender, body, read_by, sum FROM messages WHERE task = ?1 ORDER BY number";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([n])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(message(row)?);
        }
        Ok(found)
    }

    pub(super) fn write_message(
        &self,
        id: &TaskId,
        at: Timestamp,
        from: &Actor,
        body: &str,
    ) -> Result<(), Trouble> {
        self.current()?;
        let n = self.owner(id)?;
        let (at, from) = (at.as_nanos(), from.to_string());
        self.statement(
            "INSERT INTO messages (task, number, at, sender, body, sum) \
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM messages WHERE task = ?1",
        )?
        .execute(params![n, at, from, body, codec::row_sum([at, UNREAD], &from, body)])?;
        Ok(())
    }

    /// Marks those up to this number that nobody has read.
    pub(super) fn write_read_mark(&self, id: &TaskId, by: AttemptRef, through: u64) -> Result<(), Trouble> {
        self.current()?;
        let Some(n) = self.number_of(id)? else { return Ok(()) };
        let by = by.0.cast_signed();
        let unread = |message: &Message| message.read_by.is_none() && message.number <= through;
        for message in self.read_messages(id)?.into_iter().filter(unread) {
            let sum = codec::row_sum([message.at.as_nanos(), by], &message.from.to_string(), &message.body);
            self.statement("UPDATE messages SET read_by = ?3, sum = ?4 WHERE task = ?1 AND number = ?2")?
                .execute(params![n, message.number, by, sum])?;
        }
        Ok(())
    }
}
