//! Lists of tasks: a table for people with the reason beside each, one document for programs.

use std::io::Write;
use std::ops::ControlFlow;

use serde::Serialize;
use wg_core::id::TaskId;
use wg_core::port::{Page, Read, TaskFilter, TaskOrder};
use wg_core::task::Task;
use wg_core::view::Surroundings;

use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table};
use crate::telling::reason::{self, Said, Times};
use crate::telling::record::TaskRecord;

/// Rows of a page where nothing else is said.
pub const PAGE: usize = 50;

/// A task and why it is not running.
pub struct Row {
    /// The task.
    pub task: Task,
    /// Why.
    pub said: Said,
}

/// A page of tasks.
pub struct Listed {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Whether there are more.
    pub more: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    tasks: Vec<TaskRecord<'a>>,
    more: bool,
}

impl Listed {
    /// At most `limit` of these tasks, each with its reason; one task more than `limit` says that there are more.
    pub fn of(
        read: &mut dyn Read,
        mut tasks: Vec<Task>,
        limit: usize,
        seen: &Surroundings,
        times: Times,
    ) -> Result<Self> {
        let more = tasks.len() > limit;
        tasks.truncate(limit);
        let rows = tasks.into_iter().map(|task| {
            let said = reason::of(read, &task, seen, times)?;
            Ok(Row { task, said })
        });
        Ok(Self { rows: rows.collect::<Result<Vec<Row>>>()?, more })
    }

    /// Prints it; `none` is what is said of an empty list, `rest` what is said where there are more.
    pub fn print(&self, ctx: &mut Context, none: &str, rest: &str) -> Result<()> {
        if ctx.out.form.json {
            let tasks = self.rows.iter().map(|row| TaskRecord { task: &row.task, said: Some(&row.said) });
            return Ok(ctx.out.json(&Document { tasks: tasks.collect(), more: self.more })?);
        }
        if self.rows.is_empty() {
            return Ok(ctx.out.note(none)?);
        }
        ctx.out.table(&table(&self.rows))?;
        if !rest.is_empty() {
            writeln!(ctx.out, "{}", ctx.out.paint().dim(rest))?;
        }
        Ok(())
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new([
        Column::flexible("ID", 10),
        Column::fixed("STATE"),
        Column::flexible("TITLE", 16).leaves(2),
        Column::flexible("WHY", 12).leaves(1),
    ]);
    for Row { task, said } in rows {
        let (id, title) = match said.word {
            "done" | "abandoned" => (Tone::Dim, Tone::Dim),
            _ => (Tone::Cyan, Tone::Plain),
        };
        let text = beyond_id(&task.id, &task.title);
        table.row([
            Cell::new(task.id.as_str(), id),
            Cell::new(said.word, said.tone),
            Cell::new(text, title),
            Cell::new(&said.brief, Tone::Dim),
        ]);
    }
    table
}

/// The title, where it says more than the id that was made from it.
#[must_use]
pub fn beyond_id<'t>(id: &TaskId, title: &'t str) -> &'t str {
    if title.is_ascii() && TaskId::slug(title) == *id { "" } else { title }
}

/// The first tasks that a filter takes.
pub fn first(read: &mut dyn Read, filter: &TaskFilter, order: TaskOrder, limit: usize) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    read.visit_tasks(filter, order, Page::first(limit), &mut |task| {
        tasks.push(task);
        ControlFlow::Continue(())
    })?;
    Ok(tasks)
}

/// Rows that fit a screen with what stands around them, at most [`PAGE`].
#[must_use]
pub fn screenful(height: Option<usize>) -> usize {
    height.map_or(PAGE, |rows| rows.saturating_sub(4).clamp(5, PAGE))
}
