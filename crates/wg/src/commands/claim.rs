//! `wg claim`: takes a task as a person.

use wg_core::command::Command;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::receipt;

/// Take a task yourself
///
/// It is in progress and yours; no agent is started on it until `wg unclaim`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
}

/// Takes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let task = ctx.read(|read| resolve::task_id(read, &args.task))?;
    let receipt = ctx.submit(Command::Claim { task: task.clone() })?;
    receipt::tell(ctx, &receipt, &[task], "claimed")
}
