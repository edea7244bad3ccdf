//! `wg service reload`: has the dispatcher read its configuration again.

use std::io::Write;

use serde::Serialize;
use wg_dispatch::control::client::{self, ClientError};
use wg_dispatch::control::message::{Answer, Request};

use crate::context::Context;
use crate::error::{Failure, Kind, Result};

/// Have the dispatcher read its configuration again
///
/// What runs goes on as it was started; what starts from now on follows the new settings. The environment's
/// settings (WG_MAX_AGENTS and the like) are those of the dispatcher and change only with a restart.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Told {
    reloaded: bool,
}

/// Asks for it.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    // What is wrong with a file is best said here, with its place.
    ctx.config()?;
    match client::call(ctx.folder()?, Request::Reload) {
        Ok(Answer::Reloaded) => {}
        Ok(other) => {
            return Err(
                Failure::refused("the dispatcher did not say that it did").because(format!("{other:?}"))
            );
        }
        Err(ClientError::NotRunning) => {
            return Err(Failure::refused("no dispatcher runs for this graph")
                .hint("it reads its configuration when it starts: wg service start"));
        }
        Err(error @ ClientError::Silent) => {
            return Err(Failure::new(Kind::Later, error.to_string()).hint("wg service status"));
        }
        Err(error) => return Err(Failure::refused(error.to_string())),
    }
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { reloaded: true })?);
    }
    Ok(writeln!(ctx.out, "the dispatcher uses the new configuration")?)
}
