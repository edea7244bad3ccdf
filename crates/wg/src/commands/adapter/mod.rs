//! `wg adapter`: what runs agents, and which of them can't work just now.

mod check;
mod list;
mod resume;

use crate::context::Context;
use crate::error::Result;

/// List and check adapters, or use one again that paused
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Check(check::Args),
    List(list::Args),
    Resume(resume::Args),
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.what, What::Resume(_))
    }
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Check(args) => check::run(args, ctx),
        What::List(args) => list::run(args, ctx),
        What::Resume(args) => resume::run(args, ctx),
    }
}
