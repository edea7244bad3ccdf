//! `wg chat archive`: ends chats and keeps everything.

use wg_core::command::ChatCommand;

use crate::context::Context;
use crate::error::Result;

/// End chats, and keep everything
///
/// A handler that runs is told to leave, and ended where it does not; comes back when it is gone. The history stays;
/// `wg chat restore` brings the chat back with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Chats: 3, chat-3, or the beginning of a name
    #[arg(value_name = "CHAT", required = true)]
    chats: Vec<String>,
}

/// Ends them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chats = super::named(ctx, &args.chats)?;
    super::change(ctx, &chats, ChatCommand::Archive { chats: chats.clone() }, "is archived")
}
