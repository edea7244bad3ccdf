//! `wg chat interrupt`: ends the turn in flight.

use wg_core::command::ChatCommand;

use crate::context::Context;
use crate::error::Result;

/// End the turn in flight, and keep the conversation
///
/// A handler that does not take the interrupt within ten seconds is told to leave; the next one goes on with the
/// same conversation.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
}

/// Ends it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chats = super::named(ctx, std::slice::from_ref(&args.chat))?;
    super::change(ctx, &chats, ChatCommand::Interrupt { chat: chats[0], why: None }, "is interrupted")
}
