//! `dependencies`: which tasks come after a task, and the number of unmet dependencies that `tasks` keeps.
//! An edge may lead to a task that does not exist: it is unmet.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};
use wg_core::id::TaskId;
use wg_core::task::{StateName, Task};

use super::changes::task_id;
use super::tasks::class;
use super::trouble::Trouble;
use super::view::View;
use crate::class::Class;

/// A task whose number of unmet dependencies changes.
struct Dependent {
    n: i64,
    class: Class,
    unmet: u64,
    lane: String,
}

impl View<'_> {
    pub(super) fn read_dependents(&self, id: &TaskId) -> Result<Vec<TaskId>, Trouble> {
        let sql =
            "SELECT t.id FROM dependencies d JOIN tasks t ON t.n = d.task WHERE d.after = ?1 ORDER BY t.id";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([id.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(task_id(row.get_ref(0)?)?);
        }
        Ok(found)
    }

    pub(super) fn read_unmet(&self, id: &TaskId) -> Result<u64, Trouble> {
        let mut statement = self.statement("SELECT unmet FROM tasks WHERE id = ?1")?;
        Ok(statement.query_row([id.as_str()], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    /// Looks at each dependency of a task that is about to be written.
    pub(super) fn count_unmet(&self, task: &Task) -> Result<u64, Trouble> {
        let mut unmet = 0;
        for id in &task.after {
            let done = if *id == task.id {
                task.state.name() == StateName::Done
            } else {
                let mut statement = self.statement("SELECT class FROM tasks WHERE id = ?1")?;
                let found: Option<i64> = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
                found.map(class).transpose()?.is_some_and(Class::is_done)
            };
            unmet += u64::from(!done);
        }
        Ok(unmet)
    }

    /// Keeps the edges of a task.
    pub(super) fn relink(
        &self,
        n: i64,
        from: &BTreeSet<TaskId>,
        to: &BTreeSet<TaskId>,
    ) -> Result<(), Trouble> {
        for id in from.difference(to) {
            self.statement("DELETE FROM dependencies WHERE after = ?1 AND task = ?2")?
                .execute(params![id.as_str(), n])?;
        }
        for id in to.difference(from) {
            self.statement("INSERT INTO dependencies (after, task) VALUES (?1, ?2)")?
                .execute(params![id.as_str(), n])?;
        }
        Ok(())
    }

    /// Keeps the counters of the tasks that come after one that became done or ceased to be; a task that
    /// comes after itself has counted itself.
    pub(super) fn shift_dependents(
        &mut self,
        id: &TaskId,
        itself: i64,
        was_done: bool,
        is_done: bool,
    ) -> Result<(), Trouble> {
        if was_done == is_done {
            return Ok(());
        }
        for dependent in self.dependents_of(id, itself)? {
            let unmet = if is_done { dependent.unmet.checked_sub(1) } else { Some(dependent.unmet + 1) };
            let unmet =
                unmet.ok_or_else(|| Trouble::nonsense("a count of unmet dependencies is too small"))?;
            let class = dependent.class.with_unmet(unmet);
            if class == dependent.class {
                self.statement("UPDATE tasks SET unmet = ?2 WHERE n = ?1")?
                    .execute(params![dependent.n, unmet])?;
            } else {
                self.statement("UPDATE tasks SET unmet = ?2, class = ?3 WHERE n = ?1")?.execute(params![
                    dependent.n,
                    unmet,
                    class.number()
                ])?;
                self.count_class(dependent.class, &dependent.lane, -1);
                self.count_class(class, &dependent.lane, 1);
            }
        }
        Ok(())
    }

    fn dependents_of(&self, id: &TaskId, itself: i64) -> Result<Vec<Dependent>, Trouble> {
        let sql = "SELECT t.n, t.class, t.unmet, t.lane FROM dependencies d JOIN tasks t ON t.n = d.task \
                   WHERE d.after = ?1 AND d.task <> ?2";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![id.as_str(), itself])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Dependent {
                n: row.get(0)?,
                class: class(row.get(1)?)?,
                unmet: row.get(2)?,
                lane: row.get(3)?,
            });
        }
        Ok(found)
    }
}
