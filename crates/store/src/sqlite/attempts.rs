//! `attempts`: one row for each, and the one control record, which has no row but its changes.

use rusqlite::{OptionalExtension, Params, params};
use wg_core::attempt::Attempt;
use wg_core::control::Control;
use wg_core::id::{AttemptRef, TaskId};
use wg_core::port::Page;
use wg_core::used::Told;

use super::changes::{Key, body, present};
use super::operations::rows_at_most;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

impl View<'_> {
    pub(super) fn read_attempt(&self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, Trouble> {
        let sql = "SELECT c.body, c.sum, c.version FROM attempts a JOIN changes c ON c.n = a.change \
                   WHERE a.reference = ?1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([reference.0.cast_signed()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((present(row, 0)?, row.get(2)?)))
    }

    fn attempts_where(&self, condition: &str, params: impl Params) -> Result<Vec<Attempt>, Trouble> {
        let sql =
            format!("SELECT c.body, c.sum FROM attempts a JOIN changes c ON c.n = a.change {condition}");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(present(row, 0)?);
        }
        Ok(found)
    }

    pub(super) fn read_attempts_of(&self, id: &TaskId) -> Result<Vec<Attempt>, Trouble> {
        self.attempts_where("WHERE a.task = ?1 ORDER BY a.reference", [id.as_str()])
    }

    pub(super) fn read_live_attempts(&self) -> Result<Vec<Attempt>, Trouble> {
        self.attempts_where("WHERE a.live = 1 ORDER BY a.reference", [])
    }

    pub(super) fn read_attempts(&self, page: Page) -> Result<Vec<Attempt>, Trouble> {
        let page = params![rows_at_most(page.limit), rows_at_most(page.skip)];
        self.attempts_where("ORDER BY a.reference DESC LIMIT ?1 OFFSET ?2", page)
    }

    pub(super) fn read_last_attempt(&self) -> Result<AttemptRef, Trouble> {
        let sql = "SELECT coalesce(max(reference), 0) FROM attempts";
        Ok(AttemptRef(self.statement(sql)?.query_row([], |row| row.get(0))?))
    }

    pub(super) fn write_attempt(&mut self, attempt: &Attempt) -> Result<(), Trouble> {
        self.note_put()?;
        let key = Key::Attempt(attempt.reference.0);
        let newest = self.newest(key)?;
        self.count_used(key, newest, &Told::of_attempt(attempt), Told::of_attempt)?;
        let change = self.record(key, newest, Some(&codec::encode(attempt)))?;
        self.statement(
            "INSERT INTO attempts (reference, change, task, live) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (reference) DO UPDATE \
             SET change = excluded.change, task = excluded.task, live = excluded.live",
        )?
        .execute(params![
            attempt.reference.0.cast_signed(),
            change,
            attempt.task.as_str(),
            attempt.is_live()
        ])?;
        Ok(())
    }

    pub(super) fn read_control(&self) -> Result<(Control, u64), Trouble> {
        let Some(newest) = self.newest(Key::Control)? else { return Ok((Control::default(), 0)) };
        let mut statement = self.statement("SELECT body, sum FROM changes WHERE n = ?1")?;
        let control = statement.query_row([newest.n], |row| Ok(body(row, 0))).optional()?.transpose()?;
        Ok((control.flatten().unwrap_or_default(), newest.version))
    }

    pub(super) fn write_control(&self, control: &Control) -> Result<(), Trouble> {
        self.record(Key::Control, self.newest(Key::Control)?, Some(&codec::encode(control))).map(drop)
    }
}
