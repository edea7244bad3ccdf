//! `wg chat restore`: brings archived chats back.

use std::io::Write;

use wg_core::chat::ChatState;
use wg_core::command::{ChatCommand, Command};

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::receipt;

/// Bring archived chats back, with their history
///
/// Nothing starts by that. Messages that nobody had answered are set aside; `wg chat send CHAT --again` sends them.
/// A chat that was held before is held again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Chats: 3, chat-3, or the beginning of a name
    #[arg(value_name = "CHAT", required = true)]
    chats: Vec<String>,
}

/// Brings them back.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chats = super::named(ctx, &args.chats)?;
    let receipt = ctx.submit(Command::Chat(ChatCommand::Restore { chats: chats.clone() }))?;
    if ctx.out.form.json {
        let receipt = receipt::Said::of(&receipt);
        return Ok(ctx.out.json(&super::Changed { receipt, chats: &chats, ends: &[] })?);
    }
    let restored = ctx.read(|read| {
        let words: Vec<String> = chats.iter().map(ToString::to_string).collect();
        let found = resolve::chats(read, &words)?;
        found
            .into_iter()
            .map(|chat| Ok((read.inbox_counts(chat.number)?.set_aside, chat)))
            .collect::<Result<Vec<_>>>()
    })?;
    let paint = ctx.out.paint();
    for (aside, chat) in restored {
        let held = if matches!(chat.state, ChatState::Held { .. }) { ", and held as before" } else { "" };
        writeln!(ctx.out, "{} is back{held}", paint.cyan(&chat.number.to_string()))?;
        if aside > 0 {
            let many = crate::output::text::count(aside, "message is", "messages are");
            ctx.out.note(&format!("{many} set aside: wg chat send {} --again", chat.number))?;
        }
    }
    receipt::notes(ctx, &receipt.notes)
}
