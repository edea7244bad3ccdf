//! `wg __docs`: prints the pages of docs/ that are written by the program.

use std::io::Write;

use clap::ValueEnum;

use crate::config;
use crate::context::Context;
use crate::error::Result;
use crate::front::args::with_grouped_help;
use crate::front::manual;

/// Print a generated page
#[derive(Debug, clap::Args)]
pub struct Args {
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Page {
    Cli,
    Config,
    States,
}

/// Prints it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let page = match args.page {
        Page::Cli => manual::page(with_grouped_help()),
        Page::Config => config::page(),
        Page::States => wg_core::diagram::states_page(),
    };
    Ok(ctx.out.write_all(page.as_bytes())?)
}
