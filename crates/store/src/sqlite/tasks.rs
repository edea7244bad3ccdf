//! `tasks`: one row for each task, with everything that it is found by. Writing one keeps every index.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, OptionalExtension, Row, params};
use serde::Deserialize;
use wg_core::id::TaskId;
use wg_core::task::{Task, TaskKind, TaskState, Wait};
use wg_core::time::Timestamp;

use super::changes::{Key, Newest, body, present};
use super::trouble::Trouble;
use super::view::View;
use crate::class::Class;
use crate::codec;

/// What of a task is a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) class: Class,
    pub(super) unmet: u64,
    pub(super) lane: String,
    pub(super) age_key: i64,
    pub(super) not_before: Option<i64>,
    pub(super) held: bool,
    pub(super) wait_task: Option<String>,
    pub(super) wait_until: Option<i64>,
    pub(super) parent: Option<String>,
    pub(super) completed_at: Option<i64>,
}

impl Columns {
    pub(super) const NAMES: &'static str =
        "class, unmet, lane, age_key, not_before, held, wait_task, wait_until, parent, completed_at";

    /// As they follow from a task, at a time.
    pub(super) fn of(task: &Task, unmet: u64, at: Timestamp) -> Self {
        let (wait_task, wait_until) = match &task.state {
            TaskState::Waiting { on: Wait::Task(id) } => (Some(id.to_string()), None),
            TaskState::Waiting { on: Wait::Until(time) } => (None, Some(time.as_nanos())),
            _ => (None, None),
        };
        // A chat's place is never ready, so that no time makes it so.
        let (lane, not_before) = match task.kind {
            TaskKind::Work => (codec::lane_key(task.run.lane()), task.times.not_before),
            TaskKind::Chat => (codec::CHATS.to_owned(), None),
        };
        Self {
            class: Class::of(task, unmet),
            unmet,
            lane,
            age_key: task.age_key(),
            not_before: not_before.map(Timestamp::as_nanos),
            held: not_before.is_some_and(|time| time > at),
            wait_task,
            wait_until,
            parent: task.parent.as_ref().map(TaskId::to_string),
            completed_at: task.times.completed_at.map(Timestamp::as_nanos),
        }
    }

    /// From a row that has them from `at` on, in the order of [`Self::NAMES`].
    pub(super) fn from_row(row: &Row<'_>, at: usize) -> Result<Self, Trouble> {
        Ok(Self {
            class: class(row.get(at)?)?,
            unmet: row.get(at + 1)?,
            lane: row.get(at + 2)?,
            age_key: row.get(at + 3)?,
            not_before: row.get(at + 4)?,
            held: flag(row.get(at + 5)?)?,
            wait_task: row.get(at + 6)?,
            wait_until: row.get(at + 7)?,
            parent: row.get(at + 8)?,
            completed_at: row.get(at + 9)?,
        })
    }
}

/// A column that is 0 or 1: indexes are limited to one of the two.
pub(super) fn flag(number: i64) -> Result<bool, Trouble> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Trouble::nonsense(format!("{number} is neither 0 nor 1"))),
    }
}

/// The class that a column means.
pub(super) fn class(number: i64) -> Result<Class, Trouble> {
    Class::from_number(number).ok_or_else(|| Trouble::nonsense(format!("{number} is no class of tasks")))
}

/// The task in a row of `tasks`.
pub(super) fn task_in(bodies: &mut CachedStatement<'_>, n: i64) -> Result<Task, Trouble> {
    let mut rows = bodies.query([n])?;
    match rows.next()? {
        Some(row) => present(row, 0),
        None => Err(Trouble::nonsense("an index lists a task that is not there")),
    }
}

/// What of a stored task decides rows elsewhere.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    pub(super) after: BTreeSet<TaskId>,
    #[serde(default)]
    pub(super) tags: BTreeSet<String>,
}

/// A task as it is stored.
struct Stored {
    n: i64,
    newest: Newest,
    columns: Columns,
    links: Links,
}

impl View<'_> {
    pub(super) fn read_task(&self, id: &TaskId) -> Result<Option<(Task, u64)>, Trouble> {
        let sql =
            "SELECT c.body, c.sum, c.version FROM tasks t JOIN changes c ON c.n = t.change WHERE t.id = ?1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([id.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((present(row, 0)?, row.get(2)?)))
    }

    /// The row number of a task, by which its log, messages, artifacts and tags know it.
    pub(super) fn number_of(&self, id: &TaskId) -> Result<Option<i64>, Trouble> {
        if let Some((last, n)) = &self.last_put
            && last == id
        {
            return Ok(Some(*n));
        }
        let mut statement = self.statement("SELECT n FROM tasks WHERE id = ?1")?;
        Ok(statement.query_row([id.as_str()], |row| row.get(0)).optional()?)
    }

    fn stored(&self, id: &TaskId) -> Result<Option<Stored>, Trouble> {
        let mut statement = self.statement(&format!(
            "SELECT t.n, c.n, c.op, c.version, c.body, c.sum, {} \
             FROM tasks t JOIN changes c ON c.n = t.change WHERE t.id = ?1",
            Columns::NAMES
        ))?;
        let mut rows = statement.query([id.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Stored {
            n: row.get(0)?,
            newest: Newest { n: row.get(1)?, op: row.get(2)?, version: row.get(3)? },
            links: present(row, 4)?,
            columns: Columns::from_row(row, 6)?,
        }))
    }

    pub(super) fn write_task(&mut self, task: &Task) -> Result<(), Trouble> {
        self.note_put()?;
        let (_, at) = self.current()?;
        let key = Key::Task(task.id.as_str());
        let stored = self.stored(&task.id)?;
        let newest = match &stored {
            Some(stored) => Some(stored.newest),
            None => self.newest(key)?,
        };
        let change = self.record(key, newest, Some(&codec::encode(task)))?;
        let unmet = match &stored {
            Some(stored) if stored.links.after == task.after && !task.after.contains(&task.id) => {
                stored.columns.unmet
            }
            _ => self.count_unmet(task)?,
        };
        let columns = Columns::of(task, unmet, at);
        let (n, was) = match stored {
            Some(stored) => {
                self.update_row(stored.n, change, &stored.columns, &columns)?;
                self.relink(stored.n, &stored.links.after, &task.after)?;
                self.retag(stored.n, &stored.links.tags, &task.tags)?;
                self.count(&stored.columns, -1);
                (stored.n, stored.columns.class.is_done())
            }
            None => {
                let n = self.insert_row(&task.id, change, &columns)?;
                self.relink(n, &BTreeSet::new(), &task.after)?;
                self.retag(n, &BTreeSet::new(), &task.tags)?;
                (n, false)
            }
        };
        self.count(&columns, 1);
        self.last_put = Some((task.id.clone(), n));
        self.shift_dependents(&task.id, n, was, columns.class.is_done())
    }

    pub(super) fn delete_task(&mut self, id: &TaskId) -> Result<(), Trouble> {
        self.note_put()?;
        let Some(stored) = self.stored(id)? else { return Ok(()) };
        let n = stored.n;
        self.last_put = None;
        self.record_removal(Key::Task(id.as_str()), stored.newest)?;
        self.relink(n, &stored.links.after, &BTreeSet::new())?;
        self.retag(n, &stored.links.tags, &BTreeSet::new())?;
        for sql in [
            "DELETE FROM log WHERE task = ?1",
            "DELETE FROM messages WHERE task = ?1",
            "DELETE FROM artifacts WHERE task = ?1",
            "DELETE FROM tasks WHERE n = ?1",
        ] {
            self.statement(sql)?.execute([n])?;
        }
        self.count(&stored.columns, -1);
        self.shift_dependents(id, n, stored.columns.class.is_done(), false)
    }

    fn insert_row(&self, id: &TaskId, change: i64, columns: &Columns) -> Result<i64, Trouble> {
        let sql = format!(
            "INSERT INTO tasks (id, change, {}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            Columns::NAMES
        );
        self.statement(&sql)?.execute(params![
            id.as_str(),
            change,
            columns.class.number(),
            columns.unmet,
            columns.lane,
            columns.age_key,
            columns.not_before,
            columns.held,
            columns.wait_task,
            columns.wait_until,
            columns.parent,
            columns.completed_at,
        ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// SQLite rewrites the entries of every index whose columns are named, changed or not: so a task that is
    /// found as before names none.
    fn update_row(&self, n: i64, change: i64, from: &Columns, to: &Columns) -> Result<(), Trouble> {
        if from == to {
            self.statement("UPDATE tasks SET change = ?2 WHERE n = ?1")?.execute([n, change])?;
            return Ok(());
        }
        let sql = format!(
            "UPDATE tasks SET (change, {}) = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) WHERE n = ?1",
            Columns::NAMES
        );
        self.statement(&sql)?.execute(params![
            n,
            change,
            to.class.number(),
            to.unmet,
            to.lane,
            to.age_key,
            to.not_before,
            to.held,
            to.wait_task,
            to.wait_until,
            to.parent,
            to.completed_at,
        ])?;
        Ok(())
    }

    /// The statement of [`task_in`].
    pub(super) fn bodies(&self) -> Result<CachedStatement<'_>, Trouble> {
        self.statement("SELECT c.body, c.sum FROM tasks t JOIN changes c ON c.n = t.change WHERE t.n = ?1")
    }

    /// Every task as it was after an operation, ordered by id.
    pub(super) fn visit_at(
        &self,
        seq: wg_core::id::OpSeq,
        visit: &mut dyn FnMut(Task) -> std::ops::ControlFlow<()>,
    ) -> Result<(), Trouble> {
        // Of the columns beside max(), SQLite gives those of the row that has the maximum.
        let sql = "SELECT n, max(op) FROM changes WHERE kind = ?1 AND op <= ?2 GROUP BY key";
        let mut newest = self.statement(sql)?;
        let mut bodies = self.statement("SELECT body, sum FROM changes WHERE n = ?1")?;
        let mut rows = newest.query(params![Key::TASKS, super::operations::number(seq)])?;
        while let Some(row) = rows.next()? {
            self.deadline.restart();
            let mut found = bodies.query([row.get::<_, i64>(0)?])?;
            let Some(row) = found.next()? else { return Err(Trouble::nonsense("a change is missing")) };
            if let Some(task) = body(row, 0)?
                && visit(task).is_break()
            {
                break;
            }
            self.deadline.restart();
        }
        Ok(())
    }
}
