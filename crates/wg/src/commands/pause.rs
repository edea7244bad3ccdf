//! `wg pause`: keeps tasks from being dispatched.

use wg_core::command::Command;
use wg_core::port::TaskFilter;

use crate::context::Context;
use crate::error::Result;
use crate::finding::selection::{Selection, UNFINISHED};
use crate::telling::receipt;

/// Keep tasks from starting
///
/// What runs goes on. --all means all that are not finished.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let sense = TaskFilter { states: UNFINISHED.to_vec(), paused: Some(false), ..TaskFilter::default() };
    let tasks = args.which.tasks(ctx, &sense)?;
    let receipt = ctx.submit(Command::Pause { tasks: tasks.clone() })?;
    receipt::tell(ctx, &receipt, &tasks, "paused")
}
