//! `wg ready`: what could start now.

use wg_core::port::{ReadyQuery, TagFilter};

use crate::context::Context;
use crate::error::Result;
use crate::telling::listing::{self, Listed};
use crate::telling::reason::Times;

/// List what could start now, what starts first first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// Lists it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let limit = args.limit.unwrap_or_else(|| listing::screenful(ctx.out.form.height));
    let seen = ctx.surroundings()?;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times || ctx.out.form.json };
    let query =
        ReadyQuery { lane: None, tags: TagFilter::default(), now: times.now, limit: limit.saturating_add(1) };
    let listed = ctx.read(|read| {
        let tasks = read.ready(&query)?;
        Listed::of(read, tasks, limit, &seen, times)
    })?;
    let rest = if listed.more { "more: wg ready -n N" } else { "" };
    listed.print(ctx, "nothing is ready: wg list says why", rest)
}
