//! `wg abandon`: gives tasks up.

use wg_core::command::Command;
use wg_core::port::TaskFilter;

use crate::carry_out;
use crate::context::Context;
use crate::error::Result;
use crate::finding::selection::{Selection, UNFINISHED};
use crate::telling::receipt;

/// Give tasks up
///
/// What runs of them is ended; what comes after them is blocked. --all means all that are not finished.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
    /// Why, in a line; - reads standard input
    #[arg(short = 'm', long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

/// Gives them up.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let sense = TaskFilter { states: UNFINISHED.to_vec(), ..TaskFilter::default() };
    let tasks = args.which.tasks(ctx, &sense)?;
    let reason = args.reason.map(|text| ctx.text(&text)).transpose()?;
    let receipt = ctx.submit(Command::Abandon { tasks: tasks.clone(), reason })?;
    receipt::tell(ctx, &receipt, &tasks, "abandoned")?;
    carry_out::ends_or_fails(ctx, &receipt.attempts)
}
