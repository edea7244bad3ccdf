//! `wg chat send`: writes to a chat, and waits for the answer where that is wanted.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::ChatNumber;

use crate::context::Context;
use crate::conversation::waiting;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::output::text;
use crate::telling::receipt;
use crate::wire;

/// Write to a chat
///
/// With --wait only the answer is printed, once it is there. Exits with 1 where none comes: the chat gave up or is
/// stopped, the message was set aside, the turn was interrupted; with 75 where no dispatcher runs, or the time is
/// over. The message is kept in any case.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
    /// What to say; - reads standard input
    #[arg(value_name = "TEXT", required_unless_present = "again", conflicts_with = "again")]
    text: Option<String>,
    /// Wait for the answer, and print it
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this
    #[arg(long, value_name = "SPAN", requires = "wait", value_parser = wg_core::time::parse_span)]
    timeout: Option<Duration>,
    /// Send messages again that were set aside; without numbers all of them
    #[arg(long, value_name = "MESSAGE", num_args = 0..)]
    again: Option<Vec<u64>>,
}

impl Args {
    /// Whether it waits for somebody else.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.wait
    }
}

#[derive(Serialize)]
struct Sent<'a> {
    chat: ChatNumber,
    messages: &'a [u64],
    #[serde(flatten)]
    receipt: receipt::Said<'a>,
    /// With --wait: what was answered to each message.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<&'a [String]>,
}

/// Writes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let chat = ctx.read(|read| resolve::chat(read, &args.chat))?.number;
    let command = match (&args.again, &args.text) {
        (Some(messages), _) => ChatCommand::Resend { chat, messages: messages.clone() },
        (None, Some(text)) => ChatCommand::Send { chat, text: ctx.text(text)? },
        (None, None) => return Err(Failure::usage("what is to be said?")),
    };
    // Registered before anything can happen to the message, so that nothing falls in between.
    let waiter = if args.wait { Some(waiting::Waiter::new(ctx)?) } else { None };
    let receipt = ctx.submit(Command::Chat(command))?;
    let Some(waiter) = waiter else {
        return tell(ctx, chat, &receipt);
    };
    let mut answers = Vec::new();
    for message in &receipt.messages {
        let answer = waiter.answer(ctx, chat, *message, args.timeout)?;
        if !ctx.out.form.json {
            writeln!(ctx.out, "{}", text::block(answer.trim_end()))?;
            ctx.out.flush()?;
        }
        answers.push(answer);
    }
    if ctx.out.form.json {
        let said = receipt::Said::of(&receipt);
        let (messages, answers) = (&receipt.messages[..], Some(&answers[..]));
        ctx.out.json(&Sent { chat, messages, receipt: said, answers })?;
    }
    Ok(())
}

fn tell(ctx: &mut Context, chat: ChatNumber, receipt: &wg_core::submit::Receipt) -> Result<()> {
    if ctx.out.form.json {
        let said = receipt::Said::of(receipt);
        return Ok(ctx.out.json(&Sent {
            chat,
            messages: &receipt.messages,
            receipt: said,
            answers: None,
        })?);
    }
    let paint = ctx.out.paint();
    for message in &receipt.messages {
        writeln!(ctx.out, "message {message} to {}", paint.cyan(&chat.to_string()))?;
    }
    receipt::notes(ctx, &receipt.notes)?;
    if !wire::dispatcher_listens(ctx.folder()?) {
        ctx.out.note("no dispatcher runs, so nobody answers yet: wg service start")?;
    }
    Ok(())
}
