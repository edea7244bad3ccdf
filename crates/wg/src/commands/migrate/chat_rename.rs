//! `wg migrate chat-rename`: older chats, under their names of today.

use std::io::Write;

use serde::Serialize;

use crate::context::Context;
use crate::error::Result;
use crate::migrate::Migration;
use crate::output::text;
use crate::wire;

/// Call chats of older programs (.coordinator-N) what they are called now (.chat-N)
///
/// References follow, in both directions; where both are there, the newer one stays and both histories are in it.
/// Files of older supervisors (service/coordinator-state-N.json) are taken over once and set aside; one of a chat
/// that is not there makes an archived chat. Starts nothing. A dispatcher does this by itself when it starts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    done: &'a [String],
    dry_run: bool,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let (folder, actor, now) = (ctx.folder()?.to_owned(), ctx.actor()?, ctx.now());
    let store = ctx.store()?;
    let lines = Migration { store, folder: &folder, actor, now, dry_run: args.dry_run }.run();
    if !args.dry_run {
        wire::poke(&folder, None);
    }
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { done: &lines, dry_run: args.dry_run })?);
    }
    if lines.is_empty() {
        return Ok(ctx.out.note("no chat has an older name, and nothing of an older program is left")?);
    }
    for line in &lines {
        writeln!(ctx.out, "{}", text::line(line))?;
    }
    Ok(())
}
