//! `wg chat history`: what was said in a chat.

use serde::Serialize;
use wg_core::chat::Entry;
use wg_core::id::ChatNumber;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::conversation;

/// Read what was said in a chat
///
/// Messages, answers, tool calls and turns that ended without an answer, each with its number. A mirror of it lies
/// in .wg/chat/CHAT/history.jsonl, and stays there whatever becomes of the chat.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
    /// Only the last N entries
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<u64>,
}

#[derive(Serialize)]
struct Read {
    chat: ChatNumber,
    entries: Vec<Entry>,
}

/// Reads it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let read = ctx.read(|read| {
        let chat = resolve::chat(read, &args.chat)?.number;
        let after = match args.last {
            Some(last) => read.last_entry(chat)?.saturating_sub(last),
            None => 0,
        };
        Ok(Read { chat, entries: read.entries_of(chat, after, usize::MAX)? })
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&read)?);
    }
    if read.entries.is_empty() {
        return Ok(ctx.out.note("nothing was said in it yet")?);
    }
    ctx.out.page();
    for entry in &read.entries {
        conversation::print(ctx, entry)?;
    }
    Ok(())
}
