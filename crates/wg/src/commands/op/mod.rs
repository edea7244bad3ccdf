//! `wg op`: the operations of the graph, which are its history.

mod log;
mod show;

use crate::context::Context;
use crate::error::Result;

/// Look at what was done to the graph, by whom and when
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Log(log::Args),
    Show(show::Args),
}

/// Looks.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Log(args) => log::run(args, ctx),
        What::Show(args) => show::run(args, ctx),
    }
}
