//! `wg chat resume`: lets chats run again.

use wg_core::command::ChatCommand;

use crate::context::Context;
use crate::error::Result;

/// Let chats run again that were stopped or gave up
///
/// Their failures are forgotten. A handler starts as soon as somebody wants one: a message that waits is enough.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Chats: 3, chat-3, or the beginning of a name
    #[arg(value_name = "CHAT", required = true)]
    chats: Vec<String>,
}

/// Lets them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chats = super::named(ctx, &args.chats)?;
    super::change(ctx, &chats, ChatCommand::Resume { chats: chats.clone() }, "may run again")
}
