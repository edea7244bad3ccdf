//! `wg attempt`: the executions of tasks, those that run and those that are over.

mod follow;
mod list;
mod output;
mod show;

pub use output::last_lines;

use crate::context::Context;
use crate::error::Result;

/// List attempts, tell all about one, or read what it wrote
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    List(list::Args),
    Show(show::Args),
    Output(output::Args),
}

impl Args {
    /// Whether it ends by itself soon.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        match &self.what {
            What::Output(args) => !args.follows(),
            What::List(_) | What::Show(_) => true,
        }
    }
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::List(args) => list::run(args, ctx),
        What::Show(args) => show::run(args, ctx),
        What::Output(args) => output::run(args, ctx),
    }
}
