//! What is said of a change that was made: the tasks and the verb for people, the operation for programs.

use std::io::Write;

use serde::Serialize;
use wg_core::id::{AttemptRef, OpSeq, TaskId};
use wg_core::submit::Receipt;

use crate::context::Context;
use crate::error::Result;
use crate::output::text;

/// Tasks that are named; of more only the number is said.
const NAMED: usize = 5;

/// A receipt as programs read it.
#[derive(Serialize)]
pub struct Said<'a> {
    operation: OpSeq,
    tasks: &'a [TaskId],
    #[serde(skip_serializing_if = "<[AttemptRef]>::is_empty")]
    attempts: &'a [AttemptRef],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

impl<'a> Said<'a> {
    /// Of this receipt.
    #[must_use]
    pub fn of(receipt: &'a Receipt) -> Self {
        let Receipt { operation, tasks, attempts, messages: _, notes } = receipt;
        Self { operation: *operation, tasks, attempts, notes }
    }
}

/// Says what became of `asked`: `k3 done`, or `704 tasks edited: …` with the way back.
pub fn tell(ctx: &mut Context, receipt: &Receipt, asked: &[TaskId], participle: &str) -> Result<()> {
    let tasks = if receipt.tasks.is_empty() { asked } else { &receipt.tasks };
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Said { tasks, ..Said::of(receipt) })?);
    }
    let paint = ctx.out.paint();
    let participle = text::line(participle);
    if let [task] = tasks {
        writeln!(ctx.out, "{} {participle}", paint.cyan(task.as_str()))?;
    } else {
        let many = text::count(tasks.len() as u64, "task", "tasks");
        let names: Vec<String> = tasks.iter().take(NAMED).map(|task| paint.cyan(task.as_str())).collect();
        let more = match tasks.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        writeln!(ctx.out, "{many} {participle}: {}{more}", names.join(", "))?;
        let back = format!("operation {}; `wg undo` takes it back", receipt.operation);
        writeln!(ctx.out, "{}", paint.dim(&back))?;
    }
    notes(ctx, &receipt.notes)
}

/// Says an operation that is told of by one text, as an added task is by its id.
pub fn tell_only(ctx: &mut Context, receipt: &Receipt, text: &str) -> Result<()> {
    if ctx.out.form.json {
        return tell(ctx, receipt, &[], "");
    }
    writeln!(ctx.out, "{text}")?;
    notes(ctx, &receipt.notes)
}

/// Says what else there is to know.
pub fn notes(ctx: &mut Context, notes: &[String]) -> Result<()> {
    for note in notes.iter().take(NAMED) {
        ctx.out.note(note)?;
    }
    match notes.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => Ok(ctx.out.note(&format!("and {more} more of this kind"))?),
    }
}
