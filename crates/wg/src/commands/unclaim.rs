//! `wg unclaim`: gives a claimed task back.

use wg_core::command::Command;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::receipt;

/// Give a claimed task back
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
}

/// Gives it back.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let task = ctx.read(|read| resolve::task_id(read, &args.task))?;
    let receipt = ctx.submit(Command::Unclaim { task: task.clone() })?;
    receipt::tell(ctx, &receipt, &[task], "given back")
}
