//! `messages`: what was written to a task.

use rusqlite::{Row, params};
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::port::Message;
use wg_core::time::Timestamp;

use super::log::sum;
use super::trouble::Trouble;
use super::view::View;

fn message(row: &Row<'_>) -> Result<Message, Trouble> {
    let (at, from, body): (i64, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    if row.get::<_, i64>(5)? != sum(at, &from, &body) {
        return Err(Trouble::nonsense("a message is not as it was written: its sum differs"));
    }
    Ok(Message {
        number: row.get(0)?,
        at: Timestamp::from_nanos(at),
        from: Actor::from(from),
        body,
        read_by: row.get::<_, Option<u64>>(4)?.map(AttemptRef),
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
        .execute(params![n, at, from, body, sum(at, &from, body)])?;
        Ok(())
    }

    /// Marks those that nobody has read.
    pub(super) fn write_read_mark(&self, id: &TaskId, by: AttemptRef) -> Result<(), Trouble> {
        self.current()?;
        if let Some(n) = self.number_of(id)? {
            self.statement("UPDATE messages SET read_by = ?2 WHERE task = ?1 AND read_by IS NULL")?
                .execute(params![n, by.0.cast_signed()])?;
        }
        Ok(())
    }
}
