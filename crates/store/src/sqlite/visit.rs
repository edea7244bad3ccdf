//! Reading many tasks, one at a time: each class that the filter takes has an index in each order, and their
//! rows are merged. Tags, parents and prefixes have indexes of their own, and their rows are sorted. Only a
//! search for text reads everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use rusqlite::{Rows, ToSql};
use wg_core::port::{Page, TaskFilter, TaskOrder};
use wg_core::task::{Task, TaskKind};

use super::tasks::task_in;
use super::trouble::Trouble;
use super::view::View;
use crate::class::Class;
use crate::codec;
use crate::filter::Needle;

/// Rows from which on a visit gets more memory: in the order of ids the bodies lie anywhere.
const LARGE: usize = 2_000;

/// What rows are ordered by, and their number: without completion or with, a number, the id.
type Place = (bool, i64, String, i64);

/// A number of a task's row, taken or not; `Break` when that is enough.
type Take<'t> = dyn FnMut(i64) -> Result<ControlFlow<()>, Trouble> + 't;

impl View<'_> {
    pub(super) fn visit(
        &mut self,
        filter: &TaskFilter,
        order: TaskOrder,
        page: Page,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), Trouble> {
        if page.limit == 0 {
            return Ok(());
        }
        let counted = self.counted_rows()?;
        let narrowed = narrow(filter.kind, counted.iter().any(|(_, lane, _)| lane == codec::CHATS));
        let mut classes: Vec<Class> = counted.into_iter().map(|(class, ..)| class).collect();
        classes.dedup();
        let all = classes.len();
        classes.retain(|class| class.passes(filter));
        let needle = filter.text.as_deref().map(Needle::new);
        let (mut skip, mut left) = (page.skip, page.limit);
        if page.limit >= LARGE {
            self.take_memory()?;
        }
        let mut bodies = self.bodies()?;
        let deadline = self.deadline;
        let take = &mut |n: i64| {
            deadline.restart();
            // A task that is skipped is read only where its text decides.
            if skip > 0 && needle.is_none() {
                skip -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            let task = task_in(&mut bodies, n)?;
            if needle.as_ref().is_some_and(|needle| !needle.is_in(&task)) {
                return Ok(ControlFlow::Continue(()));
            }
            if skip > 0 {
                skip -= 1;
                return Ok(ControlFlow::Continue(()));
            }
            left -= 1;
            let answer = visit(task);
            deadline.restart();
            Ok(if left == 0 { ControlFlow::Break(()) } else { answer })
        };
        let few = filter.kind == Some(TaskKind::Chat) || !filter.tags.is_empty();
        if few || filter.parent.is_some() || filter.prefix.is_some() {
            self.select(filter, order, &classes, narrowed, take)
        } else if classes.len() == all && order == TaskOrder::Id {
            self.stream(&format!("SELECT n FROM tasks WHERE true{narrowed} ORDER BY id"), &[], take)
        } else {
            self.merge(order, &classes, narrowed, take)
        }
    }

    /// One statement whose first column is the row's number.
    fn stream(&self, sql: &str, params: &[&dyn ToSql], take: &mut Take<'_>) -> Result<(), Trouble> {
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if take(row.get(0)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The classes' rows, each from its index.
    fn merge(
        &self,
        order: TaskOrder,
        classes: &[Class],
        narrowed: &str,
        take: &mut Take<'_>,
    ) -> Result<(), Trouble> {
        let (columns, index, by) = match order {
            TaskOrder::Id => ("0, 0", "tasks_by_id", "id"),
            TaskOrder::Schedule => ("0, age_key", "tasks_by_age", "age_key, id"),
            TaskOrder::Completed => (
                "completed_at IS NULL, ~coalesce(completed_at, -1)",
                "tasks_by_completion",
                "completed_at DESC, id",
            ),
        };
        let sql = &format!(
            "SELECT {columns}, id, n FROM tasks INDEXED BY {index} WHERE class = ?1{narrowed} ORDER BY {by}"
        );
        let mut statements = Vec::with_capacity(classes.len());
        for _ in classes {
            statements.push(self.statement(sql)?);
        }
        let mut cursors = Vec::with_capacity(classes.len());
        for (statement, class) in statements.iter_mut().zip(classes) {
            cursors.push(statement.query([class.number()])?);
        }
        let mut heads = BinaryHeap::with_capacity(cursors.len());
        for (which, cursor) in cursors.iter_mut().enumerate() {
            heads.extend(next(cursor)?.map(|head| Reverse((head, which))));
        }
        while let Some(Reverse(((.., n), which))) = heads.pop() {
            if take(n)?.is_break() {
                break;
            }
            heads.extend(next(&mut cursors[which])?.map(|head| Reverse((head, which))));
        }
        Ok(())
    }

    /// The few rows that a kind, a tag, a parent or a prefix leaves.
    fn select(
        &self,
        filter: &TaskFilter,
        order: TaskOrder,
        classes: &[Class],
        narrowed: &str,
        take: &mut Take<'_>,
    ) -> Result<(), Trouble> {
        let list = classes.iter().map(|class| class.number().to_string()).collect::<Vec<_>>().join(", ");
        // The plus keeps the index of classes out of it: it leaves too much.
        let mut sql = format!("SELECT n FROM tasks WHERE +class IN ({list}){narrowed}");
        let mut params: Vec<&dyn ToSql> = Vec::new();
        let mut bind = |condition: &str, param| {
            params.push(param);
            sql.push_str(&condition.replace('?', &format!("?{}", params.len())));
        };
        for tag in &filter.tags {
            bind(" AND n IN (SELECT task FROM tags WHERE tag = ?)", tag);
        }
        let parent = filter.parent.as_ref().map(ToString::to_string);
        if let Some(parent) = &parent {
            bind(" AND parent = ?", parent);
        }
        // Ids are ASCII, so that no id with the prefix comes after it.
        let end = filter.prefix.as_ref().map(|prefix| format!("{prefix}\u{10ffff}"));
        if let (Some(prefix), Some(end)) = (&filter.prefix, &end) {
            bind(" AND id >= ?", prefix);
            bind(" AND id < ?", end);
        }
        sql.push_str(match order {
            TaskOrder::Id => " ORDER BY id",
            TaskOrder::Schedule => " ORDER BY age_key, id",
            TaskOrder::Completed => " ORDER BY completed_at DESC, id",
        });
        self.stream(&sql, &params, take)
    }
}

/// The condition on top that takes only tasks of a kind; there are chats, or none.
fn narrow(kind: Option<TaskKind>, chats: bool) -> &'static str {
    match kind {
        Some(TaskKind::Chat) => " AND lane = '.'",
        Some(TaskKind::Work) if chats => " AND lane <> '.'",
        Some(TaskKind::Work) | None => "",
    }
}

fn next(cursor: &mut Rows<'_>) -> Result<Option<Place>, Trouble> {
    match cursor.next()? {
        Some(row) => Ok(Some((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))),
        None => Ok(None),
    }
}
