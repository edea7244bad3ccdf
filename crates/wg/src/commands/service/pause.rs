//! `wg service pause`: starts no new attempts.

use std::io::Write;

use wg_core::command::Command;

use crate::context::Context;
use crate::error::Result;
use crate::output::text;
use crate::telling::receipt;

/// Start no new attempts; those that run go on
///
/// It holds until `wg service resume`, over restarts of the dispatcher too.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Pauses.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let receipt = ctx.submit(Command::PauseDispatch)?;
    receipt::tell_only(ctx, &receipt, "dispatching is paused: nothing new starts")?;
    let running = ctx.read(|read| Ok(read.live_attempts()?.len()))?;
    if running > 0 && !ctx.out.form.json {
        writeln!(ctx.out, "{} still at work", text::count(running as u64, "agent is", "agents are"))?;
    }
    Ok(())
}
