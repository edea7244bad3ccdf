//! A conversation with a program: lines of standard input are messages, and each answer is printed.

use std::io::{BufRead, Write};

use serde::Serialize;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::ChatNumber;

use super::link::Lease;
use super::waiting::Waiter;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;
use crate::telling::receipt;

#[derive(Serialize)]
struct Answered<'a> {
    chat: ChatNumber,
    message: u64,
    answer: &'a str,
}

/// Sends each line and waits for its answer, until the end of the input. A line that ends in `\` goes on in the next.
pub fn talk(ctx: &mut Context, chat: ChatNumber, lease: Lease) -> Result<()> {
    let waiter = Waiter::new(ctx)?;
    // What comes over it is not shown; it is read so that the dispatcher takes us for alive.
    lease.follow(|_| true)?;
    let mut message = String::new();
    let mut input = ctx.input();
    loop {
        let mut line = String::new();
        let read = input
            .read_line(&mut line)
            .map_err(|error| Failure::refused("can't read standard input").because(error))?;
        if read == 0 {
            break;
        }
        let line = line.trim_end_matches(['\n', '\r']);
        match line.strip_suffix('\\') {
            Some(part) => {
                message.push_str(part);
                message.push('\n');
            }
            None => {
                message.push_str(line);
                send(ctx, chat, &waiter, std::mem::take(&mut message))?;
            }
        }
    }
    send(ctx, chat, &waiter, message)
}

fn send(ctx: &mut Context, chat: ChatNumber, waiter: &Waiter, said: String) -> Result<()> {
    if said.trim().is_empty() {
        return Ok(());
    }
    let receipt = ctx.submit(Command::Chat(ChatCommand::Send { chat, text: said }))?;
    receipt::notes(ctx, &receipt.notes)?;
    for message in receipt.messages {
        let answer = waiter.answer(ctx, chat, message, None)?;
        match ctx.out.form.json {
            true => ctx.out.json(&Answered { chat, message, answer: &answer })?,
            false => writeln!(ctx.out, "{}", text::block(answer.trim_end()))?,
        }
        ctx.out.flush()?;
    }
    Ok(())
}
