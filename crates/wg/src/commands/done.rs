//! `wg done`: says that tasks are done.

use wg_core::command::Command;

use crate::carry_out;
use crate::context::Context;
use crate::error::Result;
use crate::finding::selection;
use crate::telling::receipt;

/// Say that tasks are done
///
/// A worker says it of its own task, which it need not name; the task is done once the worker has left.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tasks, by id or unique prefix
    #[arg(value_name = "TASK")]
    tasks: Vec<String>,
    /// What was done, in a line or two; - reads standard input
    #[arg(short = 'm', long, value_name = "TEXT", allow_hyphen_values = true)]
    summary: Option<String>,
}

/// Says it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let tasks = selection::named_or_own(ctx, &args.tasks)?;
    let summary = args.summary.map(|text| ctx.text(&text)).transpose()?;
    let receipt = ctx.submit(Command::Done { tasks: tasks.clone(), summary })?;
    let said = if ctx.is_of_work() { "reported done" } else { "done" };
    receipt::tell(ctx, &receipt, &tasks, said)?;
    carry_out::ends_or_fails(ctx, &receipt.attempts)
}
