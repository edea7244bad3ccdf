//! `wg reopen`: opens finished tasks again and leaves them paused where they were.

use wg_core::command::Command;
use wg_core::port::TaskFilter;
use wg_core::task::StateName;

use crate::context::Context;
use crate::error::Result;
use crate::finding::selection::Selection;
use crate::telling::receipt;

/// Open finished tasks again, without starting what was paused
///
/// As `wg retry`, but a task that was paused stays so. --all means all that are done, failed or abandoned.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let sense = TaskFilter {
        states: vec![StateName::Done, StateName::Failed, StateName::Abandoned],
        ..TaskFilter::default()
    };
    let tasks = args.which.tasks(ctx, &sense)?;
    let receipt = ctx.submit(Command::Reopen { tasks: tasks.clone() })?;
    receipt::tell(ctx, &receipt, &tasks, "opened again")
}
