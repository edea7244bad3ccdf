//! `wg log`: reads a task's log, or writes into it.

use std::io::Write;

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::TaskId;
use wg_core::port::LogEntry;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::entries;
use crate::telling::receipt;

/// Read a task's log, or write into it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
    /// What to write; - reads standard input; absent: read
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Read only the last N entries
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "text")]
    last: Option<usize>,
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.text.is_some()
    }
}

#[derive(Serialize)]
struct Listed {
    task: TaskId,
    log: Vec<LogEntry>,
}

/// Reads or writes.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    if let Some(text) = args.text {
        let task = ctx.read(|read| resolve::task_id(read, &args.task))?;
        let message = ctx.text(&text)?;
        let receipt = ctx.submit(Command::Log { task: task.clone(), message })?;
        return receipt::tell(ctx, &receipt, &[task], "logged");
    }
    let listed = ctx.read(|read| {
        let task = resolve::task_id(read, &args.task)?;
        Ok(Listed { log: read.log_of(&task, args.last)?, task })
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&listed)?);
    }
    if listed.log.is_empty() {
        return Ok(ctx.out.note("its log is empty")?);
    }
    ctx.out.page();
    entries::log(ctx, &listed.log, "")?;
    Ok(ctx.out.flush()?)
}
