//! `wg op show`: what one operation did to each record.

use std::io::Write;

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::OpSeq;
use wg_core::operation::{Change, RecordKey};
use wg_core::rejection::Rejection;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;
use crate::telling::difference::{self, FieldChange};
use crate::telling::history;

/// Records that people are shown, unless they ask for all.
const SHOWN: usize = 20;

/// Show what an operation did, field by field
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The operation's number
    #[arg(value_name = "N")]
    operation: u64,
    /// Show every record, however many there are
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    operation: &'a history::Told,
    command: &'a Command,
    changes: Vec<Changed>,
}

#[derive(Serialize)]
struct Changed {
    record: RecordKey,
    version: u64,
    fields: Vec<FieldChange>,
}

/// Shows it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let seq = OpSeq(args.operation);
    let (command, told, changes) = ctx.read(|read| {
        let operation = read.operation(seq)?.ok_or_else(|| Failure::from(Rejection::NoOperation(seq)))?;
        Ok((operation.command.clone(), history::Told::of(read, operation)?, read.changes_of(seq)?))
    })?;
    if ctx.out.form.json {
        let changes = changes
            .into_iter()
            .map(|change| Changed {
                fields: difference::between(change.before.as_ref(), change.after.as_ref()),
                record: change.key,
                version: change.version,
            })
            .collect();
        return Ok(ctx.out.json(&Shown { operation: &told, command: &command, changes })?);
    }
    ctx.out.page();
    let paint = ctx.out.paint();
    let head = format!("operation {seq}: {}", told.what());
    writeln!(ctx.out, "{}", paint.bold(&head))?;
    let when = ctx.time(told.at);
    writeln!(ctx.out, "{}", paint.dim(&format!("by {}, {when}", text::line(&told.actor.to_string()))))?;
    let limit = if args.all { usize::MAX } else { SHOWN };
    for change in changes.iter().take(limit) {
        one(ctx, change)?;
    }
    match changes.len().saturating_sub(limit) {
        0 => Ok(()),
        more => Ok(ctx.out.note(&format!("{more} more records; --all shows them"))?),
    }
}

fn one(ctx: &mut Context, change: &Change) -> Result<()> {
    let name = match &change.key {
        RecordKey::Task(id) => format!("task {id}"),
        RecordKey::Attempt(reference) => format!("attempt {reference}"),
        RecordKey::Chat(number) => format!("chat {number}"),
        RecordKey::Control => "what is paused for the whole graph".to_owned(),
    };
    let how = match (&change.before, &change.after) {
        (None, _) => " (new)",
        (_, None) => " (removed)",
        _ => "",
    };
    let paint = ctx.out.paint();
    writeln!(ctx.out, "\n{}{how}", paint.cyan(&name))?;
    if change.after.is_none() {
        return Ok(());
    }
    let fields: Vec<FieldChange> = difference::between(change.before.as_ref(), change.after.as_ref());
    // When a task may start again is a bucket of the scheduler's: numbers that say nothing to people.
    let told: Vec<(String, String)> = fields
        .iter()
        .filter(|field| field.field != "starts" && !field.is_nothing_new())
        .map(|field| (field.field.replace('_', " "), field.in_words(&|at| ctx.time(at))))
        .collect();
    let wide = told.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
    let room = ctx.out.form.width.map_or(usize::MAX, |width| width.saturating_sub(wide + 4));
    for (name, words) in told {
        let blank = " ".repeat(wide - text::width(&name));
        let words = text::cut(&text::line(&words), room);
        writeln!(ctx.out, "  {}{blank}  {words}", paint.dim(&name))?;
    }
    Ok(())
}
