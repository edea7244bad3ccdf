//! `wg chat attach`: a conversation in the terminal.

use wg_core::rejection::Rejection;

use crate::context::Context;
use crate::conversation::{lines, link, talk};
use crate::error::Result;
use crate::finding::resolve;
use crate::output::terminal;

/// Talk to a chat in this terminal
///
/// What was said last is shown, then what is said as it comes. Enter sends; a line that ends in \ goes on below.
/// Ctrl-C interrupts the answer, Ctrl-D leaves. While somebody is attached the chat has a handler, and what its
/// program may not do by itself it asks here. Where standard input is no terminal its lines are messages, each answer
/// is printed, and nothing is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
}

/// Talks.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chat = ctx.read(|read| resolve::chat(read, &args.chat))?;
    if chat.is_archived() {
        return Err(Rejection::ChatArchived { chat: chat.number }.into());
    }
    let is_dumb = ctx.env.var("TERM").is_some_and(|term| term == "dumb");
    let by_lines = ctx.out.form.json || is_dumb || !terminal::is_here();
    let (attached, lease) = link::attach(ctx.folder()?, chat.number, !by_lines)?;
    if by_lines {
        return lines::talk(ctx, chat.number, lease);
    }
    talk::talk(ctx, &chat, attached, lease)
}
