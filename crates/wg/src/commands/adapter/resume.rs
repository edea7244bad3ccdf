//! `wg adapter resume`: uses an adapter again.

use wg_core::command::Command;

use crate::context::Context;
use crate::error::Result;
use crate::telling::receipt;

/// Use an adapter again that paused because it could not work
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its name, as in `wg adapter list`; of one that runs programs, all of these are used again
    #[arg(value_name = "ADAPTER")]
    name: String,
}

/// Uses it again.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let receipt = ctx.submit(Command::ResumeAdapter { adapter: args.name.clone() })?;
    receipt::tell_only(ctx, &receipt, &format!("adapter {} is used again", args.name))
}
