//! `wg retry`: opens tasks again, with new attempts.

use wg_core::command::Command;
use wg_core::port::TaskFilter;
use wg_core::task::StateName;

use crate::context::Context;
use crate::error::Result;
use crate::finding::selection::Selection;
use crate::telling::receipt;

/// Try tasks again that failed, were abandoned, or need a person
///
/// They are open again with all their attempts before them, and start as soon as they are ready. --all means
/// all that failed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let sense = TaskFilter { states: vec![StateName::Failed], ..TaskFilter::default() };
    let tasks = args.which.tasks(ctx, &sense)?;
    let receipt = ctx.submit(Command::Retry { tasks: tasks.clone() })?;
    receipt::tell(ctx, &receipt, &tasks, "opened again")
}
