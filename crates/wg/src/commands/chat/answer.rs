//! `wg chat answer`: tells a handler whether it may do what it asks for.

use std::io::Write;

use super::Changed;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::output::text;
use crate::telling::{questions, receipt};

/// Tell a chat's handler whether it may do what it asks for
///
/// Some programs ask before they do what their permissions do not allow by themselves. While somebody is attached to
/// the chat they are waited for; the question and its choices stand in `wg chat show`. Of several questions the first
/// is answered.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
    /// The number of the choice
    #[arg(value_name = "CHOICE")]
    choice: usize,
}

/// Tells it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chat = ctx.read(|read| resolve::chat(read, &args.chat))?;
    let number = chat.number;
    let Some(question) = questions::first(&chat) else {
        return Err(Failure::refused(format!("{number} asks nothing just now")));
    };
    let command = questions::answer(number, question, args.choice)?;
    let receipt = ctx.submit(command)?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Changed {
            receipt: receipt::Said::of(&receipt),
            chats: &[number],
            ends: &[],
        })?);
    }
    let answer = &question.choices[args.choice - 1].name;
    let paint = ctx.out.paint();
    writeln!(
        ctx.out,
        "{} is told: {}: {}",
        paint.cyan(&number.to_string()),
        text::line(&question.what),
        text::line(answer)
    )?;
    receipt::notes(ctx, &receipt.notes)
}
