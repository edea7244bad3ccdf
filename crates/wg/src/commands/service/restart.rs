//! `wg service restart`: another dispatcher in the place of the one that runs; agents are kept.

use std::io::Write;

use serde::Serialize;

use super::{start, stop};
use crate::context::Context;
use crate::error::Result;
use crate::output::text;

/// Stop the dispatcher and start it again; agents are kept
///
/// The new one is this program: that is how an upgrade takes effect. It takes up every agent that runs, and every
/// handler of a chat.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Told {
    stopped: Option<stop::Stopped>,
    process: u32,
    /// Agents that were taken up.
    agents: usize,
}

/// Restarts it.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    // What would keep it from starting is better known while the old one runs.
    start::check(ctx)?;
    let stopped = stop::stop(ctx, false, true)?;
    let process = start::detached(ctx)?;
    let agents = stop::agents(ctx)?.len();
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { stopped, process, agents })?);
    }
    match stopped {
        Some(stopped) => {
            writeln!(ctx.out, "dispatcher restarted: process {process}, before {}", stopped.process)?;
        }
        None => writeln!(ctx.out, "dispatcher started: process {process} (none ran before)")?,
    }
    if agents > 0 {
        writeln!(ctx.out, "{} kept", text::count(agents as u64, "agent was", "agents were"))?;
    }
    Ok(())
}
