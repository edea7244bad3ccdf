//! `wg op log`: the operations, the newest first.

use serde::Serialize;
use wg_core::id::{Actor, OpSeq, TaskId};
use wg_core::operation::RecordKey;
use wg_core::port::Read;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::output::{Cell, Column, Table, style::Tone};
use crate::telling::history::Told;

#[derive(Serialize)]
struct Line<'a> {
    operation: &'a Told,
}

/// Operations that are held at a time.
const PAGE: usize = 500;

/// List operations, the newest first
///
/// With --json: one object a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those of this actor: user:NAME or NAME, agent-7, dispatcher@HOST
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Only those that changed this task, by id or unique prefix
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30, conflicts_with = "all")]
    number: usize,
    /// All of them
    #[arg(long)]
    all: bool,
}

/// Lists them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let actor = args.actor.map(Actor::from);
    let task = args.task.map(|typed| ctx.read(|read| task_of(read, &typed))).transpose()?;
    let record = task.map(RecordKey::Task);
    let mut left = if args.all { usize::MAX } else { args.number };
    let mut before: Option<OpSeq> = None;
    let mut table = Table::new([
        Column::fixed("OP").to_the_right(),
        Column::fixed("WHEN").leaves(1),
        Column::fixed("WHO"),
        Column::flexible("WHAT", 20),
    ]);
    while left > 0 {
        let limit = left.min(PAGE);
        let page = ctx.read(|read| {
            let page = read.operations_before(before, actor.as_ref(), record.as_ref(), limit)?;
            page.into_iter().map(|operation| Told::of(read, operation)).collect::<Result<Vec<Told>>>()
        })?;
        for operation in &page {
            if ctx.out.form.json {
                ctx.out.json(&Line { operation })?;
            } else {
                table.row(row(ctx, operation));
            }
        }
        left -= page.len();
        match page.last() {
            Some(last) if page.len() == limit => before = Some(last.seq),
            _ => break,
        }
    }
    if ctx.out.form.json {
        return Ok(());
    }
    if table.is_empty() {
        return Ok(ctx.out.note("there is no such operation")?);
    }
    ctx.out.page();
    Ok(ctx.out.table(&table)?)
}

/// A task that is not there any more has its operations still, and is named in full.
fn task_of(read: &mut dyn Read, typed: &str) -> Result<TaskId> {
    resolve::task_id(read, typed).or_else(|missing| {
        let Ok(id) = TaskId::parse(typed) else { return Err(missing) };
        let known = read.operations_before(None, None, Some(&RecordKey::Task(id.clone())), 1)?;
        if known.is_empty() { Err(missing) } else { Ok(id) }
    })
}

fn row(ctx: &Context, operation: &Told) -> [Cell; 4] {
    let tone = match operation.actor {
        Actor::User(_) => Tone::Plain,
        Actor::Agent(_) | Actor::Dispatcher(_) => Tone::Dim,
    };
    [
        Cell::from(operation.seq.to_string()),
        Cell::new(ctx.time(operation.at), Tone::Dim),
        Cell::new(operation.actor.to_string(), tone),
        Cell::new(operation.what(), tone),
    ]
}
