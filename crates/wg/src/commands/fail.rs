//! `wg fail`: says that tasks failed.

use wg_core::command::Command;

use crate::carry_out;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::selection;
use crate::telling::receipt;

/// Say that tasks failed
///
/// What comes after them is blocked until `wg retry`. A worker says it of its own task, which it need not name.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tasks, by id or unique prefix
    #[arg(value_name = "TASK")]
    tasks: Vec<String>,
    /// Why, in a line; - reads standard input
    #[arg(short = 'm', long, value_name = "TEXT", required = true, allow_hyphen_values = true)]
    reason: String,
}

/// Says it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let tasks = selection::named_or_own(ctx, &args.tasks)?;
    let reason = ctx.text(&args.reason)?;
    if reason.trim().is_empty() {
        return Err(Failure::usage("a failure needs a reason").hint("wg fail TASK -m 'why, in a line'"));
    }
    let receipt = ctx.submit(Command::Fail { tasks: tasks.clone(), reason })?;
    let said = if ctx.is_of_work() { "reported failed" } else { "failed" };
    receipt::tell(ctx, &receipt, &tasks, said)?;
    carry_out::ends_or_fails(ctx, &receipt.attempts)
}
