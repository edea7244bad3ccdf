//! `wg resume`: lets paused tasks be dispatched again.

use wg_core::command::Command;
use wg_core::port::TaskFilter;

use crate::context::Context;
use crate::error::Result;
use crate::finding::selection::{Selection, UNFINISHED};
use crate::telling::receipt;

/// Let paused tasks start again
///
/// --all means all that are paused and not finished.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let sense = TaskFilter { states: UNFINISHED.to_vec(), paused: Some(true), ..TaskFilter::default() };
    let tasks = args.which.tasks(ctx, &sense)?;
    let receipt = ctx.submit(Command::Resume { tasks: tasks.clone() })?;
    receipt::tell(ctx, &receipt, &tasks, "resumed")
}
