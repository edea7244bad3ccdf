//! `wg attempt list`: attempts, the latest first.

use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::port::Page;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::output::{Cell, Column, Table, style::Tone};
use crate::telling::attempts;
use crate::telling::record::AttemptRecord;

/// List attempts, the latest first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of this task, by id or unique prefix
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30, conflicts_with = "all")]
    number: usize,
    /// All of them
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Listed {
    attempts: Vec<AttemptRecord>,
}

/// Lists them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let limit = if args.all { usize::MAX } else { args.number };
    let found: Vec<Attempt> = ctx.read(|read| match &args.task {
        None => Ok(read.attempts(Page::first(limit))?),
        Some(typed) => {
            let id = resolve::task_id(read, typed)?;
            Ok(read.attempts_of(&id)?.into_iter().rev().take(limit).collect())
        }
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Listed { attempts: found.iter().map(AttemptRecord::of).collect() })?);
    }
    if found.is_empty() {
        return Ok(ctx.out.note("there was no attempt yet")?);
    }
    let mut table = Table::new([
        Column::fixed("ATTEMPT"),
        Column::flexible("TASK", 12),
        Column::fixed("#").to_the_right().leaves(3),
        Column::flexible("OUTCOME", 10),
        Column::fixed("STARTED").leaves(2),
        Column::fixed("TOOK").leaves(1),
    ]);
    for attempt in &found {
        let (outcome, tone) = attempts::outcome(attempt);
        table.row([
            Cell::from(attempt.reference.to_string()),
            Cell::new(attempt.task.as_str(), Tone::Cyan),
            Cell::new(attempt.number.to_string(), Tone::Dim),
            Cell::new(outcome, tone),
            Cell::new(ctx.time(attempt.created_at), Tone::Dim),
            Cell::new(attempts::took(ctx, attempt), Tone::Dim),
        ]);
    }
    ctx.out.page();
    Ok(ctx.out.table(&table)?)
}
