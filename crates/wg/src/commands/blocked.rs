//! `wg blocked`: what waits for something else to be done.

use wg_core::port::{TaskFilter, TaskOrder};
use wg_core::task::StateName;

use crate::context::Context;
use crate::error::Result;
use crate::telling::listing::{self, Listed};
use crate::telling::reason::Times;

/// List what waits for something else to be done, and for what
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
    let filter = TaskFilter {
        states: vec![StateName::Open],
        paused: Some(false),
        blocked: Some(true),
        ..TaskFilter::default()
    };
    let listed = ctx.read(|read| {
        let tasks = listing::first(read, &filter, TaskOrder::Schedule, limit.saturating_add(1))?;
        Listed::of(read, tasks, limit, &seen, times)
    })?;
    let rest = if listed.more { "more: wg blocked -n N" } else { "" };
    listed.print(ctx, "nothing is blocked", rest)
}
