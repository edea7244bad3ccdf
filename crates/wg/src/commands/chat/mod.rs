//! `wg chat`: conversations that are always addressable, and have a process only while somebody consumes them.

mod answer;
pub mod archive;
mod attach;
pub mod create;
mod history;
mod interrupt;
mod list;
mod restore;
mod resume;
mod send;
mod show;
mod stop;

use std::io::Write;

use serde::Serialize;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::ChatNumber;
use wg_core::submit::Receipt;

use crate::carry_out::{self, Carried};
use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::receipt;

/// Talk to agents: make, list, read and end chats
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Create(create::Args),
    List(list::Args),
    Show(show::Args),
    History(history::Args),
    Send(send::Args),
    Attach(attach::Args),
    Stop(stop::Args),
    Resume(resume::Args),
    Interrupt(interrupt::Args),
    Answer(answer::Args),
    Archive(archive::Args),
    Restore(restore::Args),
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        match &self.what {
            What::List(_) | What::Show(_) | What::History(_) => false,
            What::Create(_)
            | What::Send(_)
            | What::Attach(_)
            | What::Stop(_)
            | What::Resume(_)
            | What::Interrupt(_)
            | What::Answer(_)
            | What::Archive(_)
            | What::Restore(_) => true,
        }
    }

    /// Whether a chat's agent may use it through its door: what ends by itself soon, and lets nothing run again
    /// that a person stopped.
    #[must_use]
    pub fn is_for_handlers(&self) -> bool {
        match &self.what {
            What::Create(_)
            | What::List(_)
            | What::Show(_)
            | What::History(_)
            | What::Stop(_)
            | What::Archive(_) => true,
            What::Send(args) => !args.waits(),
            What::Attach(_) | What::Resume(_) | What::Interrupt(_) | What::Answer(_) | What::Restore(_) => {
                false
            }
        }
    }

    /// Whether it may read standard input, where an argument is `-`.
    #[must_use]
    pub fn may_read_input(&self) -> bool {
        matches!(self.what, What::Send(_))
    }
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Create(args) => create::run(args, ctx),
        What::List(args) => list::run(args, ctx),
        What::Show(args) => show::run(args, ctx),
        What::History(args) => history::run(args, ctx),
        What::Send(args) => send::run(args, ctx),
        What::Attach(args) => attach::run(args, ctx),
        What::Stop(args) => stop::run(args, ctx),
        What::Resume(args) => resume::run(args, ctx),
        What::Interrupt(args) => interrupt::run(args, ctx),
        What::Answer(args) => answer::run(args, ctx),
        What::Archive(args) => archive::run(args, ctx),
        What::Restore(args) => restore::run(args, ctx),
    }
}

/// A change of chats as programs read it.
#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    receipt: receipt::Said<'a>,
    chats: &'a [ChatNumber],
    #[serde(skip_serializing_if = "<[Carried]>::is_empty")]
    ends: &'a [Carried],
}

/// The chats that these words mean.
fn named(ctx: &mut Context, typed: &[String]) -> Result<Vec<ChatNumber>> {
    let chats = ctx.read(|read| resolve::chats(read, typed))?;
    Ok(chats.iter().map(|chat| chat.number).collect())
}

/// Changes chats, says so, and ends the handlers that are to leave by it.
fn change(ctx: &mut Context, chats: &[ChatNumber], command: ChatCommand, becomes: &str) -> Result<()> {
    let receipt = ctx.submit(Command::Chat(command))?;
    if !ctx.out.form.json {
        tell(ctx, &receipt, chats, becomes)?;
    }
    let ends = carry_out::ends(ctx, &receipt.attempts)?;
    if ctx.out.form.json {
        ctx.out.json(&Changed { receipt: receipt::Said::of(&receipt), chats, ends: &ends })?;
    }
    ctx.out.flush()?;
    carry_out::verified(&ends)
}

/// `chat-3 is held`, a line for each, and what else there is to know.
fn tell(ctx: &mut Context, receipt: &Receipt, chats: &[ChatNumber], becomes: &str) -> Result<()> {
    let paint = ctx.out.paint();
    for chat in chats {
        writeln!(ctx.out, "{} {becomes}", paint.cyan(&chat.to_string()))?;
    }
    receipt::notes(ctx, &receipt.notes)?;
    Ok(ctx.out.flush()?)
}
