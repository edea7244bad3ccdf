//! `imported`: tasks as the last import brought them. They outlive the task, so that the next import knows
//! what was removed here.

use rusqlite::params;
use wg_core::id::TaskId;
use wg_core::task::Task;

use super::changes::present;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

impl View<'_> {
    pub(super) fn read_imported(&self, id: &TaskId) -> Result<Option<Task>, Trouble> {
        let mut statement = self.statement("SELECT body, sum FROM imported WHERE id = ?1")?;
        let mut rows = statement.query([id.as_str()])?;
        match rows.next()? {
            Some(row) => present(row, 0).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn write_imported(&self, task: &Task) -> Result<(), Trouble> {
        self.current()?;
        let body = codec::encode(task);
        self.statement("INSERT OR REPLACE INTO imported (id, body, sum) VALUES (?1, ?2, ?3)")?
            .execute(params![task.id.as_str(), body, codec::sum(&[body.as_bytes()])])?;
        Ok(())
    }
}
