//! `wg service resume`: starts attempts again.

use wg_core::command::Command;

use crate::context::Context;
use crate::error::Result;
use crate::telling::receipt;
use crate::wire;

/// Start attempts again after `wg service pause`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Resumes.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let receipt = ctx.submit(Command::ResumeDispatch)?;
    receipt::tell_only(ctx, &receipt, "dispatching goes on")?;
    if !wire::dispatcher_listens(ctx.folder()?) {
        ctx.out.note("but no dispatcher runs: wg service start")?;
    }
    Ok(())
}
