//! `wg chat stop`: holds chats.

use wg_core::command::ChatCommand;

use crate::context::Context;
use crate::error::Result;

/// Stop chats until they are resumed
///
/// A handler that runs is told to leave, and ended where it does not; comes back when it is gone. What is written to
/// the chat meanwhile is kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Chats: 3, chat-3, or the beginning of a name
    #[arg(value_name = "CHAT", required = true)]
    chats: Vec<String>,
}

/// Stops them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chats = super::named(ctx, &args.chats)?;
    super::change(ctx, &chats, ChatCommand::Hold { chats: chats.clone() }, "is held")
}
