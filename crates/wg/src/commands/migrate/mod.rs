//! `wg migrate`: taking over what older programs left.

mod chat_rename;

use crate::context::Context;
use crate::error::Result;

/// Take over what older programs left
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    ChatRename(chat_rename::Args),
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::ChatRename(args) => chat_rename::run(args, ctx),
    }
}
