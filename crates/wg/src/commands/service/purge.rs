//! `wg service purge-chats`: archives every chat and ends every handler, in one durable change.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use wg_core::attempt::AttemptKind;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::{AttemptRef, ChatNumber, OpSeq};
use wg_core::port::{Chats, Read};
use wg_core::rejection::Rejection;
use wg_core::submit::Receipt;

use crate::carry_out::{self, Carried};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::output::text;
use crate::telling::receipt;

/// Archive every chat and end every handler; histories stay
///
/// One change archives them all, so that none starts again; then every handler is ended, and a line tells of each
/// when its end is verified. Works with the dispatcher and without it. Called again, it finishes what is unfinished.
/// A chat's own agent that calls it is spared with its chat.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would be archived and ended, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave this chat alone; may be given several times
    #[arg(long, value_name = "CHAT")]
    keep: Vec<String>,
    /// Called by a chat's own agent: take that chat along
    #[arg(long)]
    include_self: bool,
    /// Do not wait for the handlers' ends
    #[arg(long)]
    no_wait: bool,
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.dry_run
    }
}

#[derive(Serialize)]
struct Purged<'a> {
    dry_run: bool,
    /// Null: nothing was left to archive.
    operation: Option<OpSeq>,
    archived: &'a [ChatNumber],
    /// How many were archived before.
    already: usize,
    /// Handlers whose ends were wanted.
    handlers: &'a [AttemptRef],
    ends: &'a [Carried],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// Archives and ends them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let (keep, already) = ctx.read(|read| {
        let keep = resolve::chats(read, &args.keep)?;
        let keep: BTreeSet<ChatNumber> = keep.iter().map(|chat| chat.number).collect();
        let (all, open) = (read.chats(Chats::All)?.len(), read.chats(Chats::Unarchived)?.len());
        Ok((keep, all - open))
    })?;
    let command = Command::Chat(ChatCommand::Purge { keep, include_self: args.include_self });
    if args.dry_run {
        return rehearse(ctx, &command, already);
    }
    let receipt = match ctx.try_submit(command)? {
        Ok(receipt) => Some(receipt),
        // All is archived: what may be left are handlers that somebody did not get to.
        Err(Rejection::Nothing(_)) => None,
        Err(rejection) => return Err(rejection.into()),
    };
    let archived = receipt.as_ref().map(of).unwrap_or_default();
    if receipt.is_none() {
        // Whoever archived them may have died before their histories were whole.
        let all = ctx.read(|read| Ok(read.chats(Chats::All)?))?;
        ctx.write_histories(all.iter().map(|chat| chat.number).collect())?;
    }
    let handlers = ctx.read(leaving)?;
    if !ctx.out.form.json {
        first_line(ctx, receipt.as_ref(), archived.len(), already, handlers.len())?;
    }
    let ends = if args.no_wait { Vec::new() } else { carry_out::ends(ctx, &handlers)? };
    if ctx.out.form.json {
        ctx.out.json(&Purged {
            dry_run: false,
            operation: receipt.as_ref().map(|receipt| receipt.operation),
            archived: &archived,
            already,
            handlers: &handlers,
            ends: &ends,
            notes: receipt.as_ref().map(|receipt| &receipt.notes[..]).unwrap_or_default(),
        })?;
    } else {
        last_line(ctx, &args, &handlers, &ends)?;
    }
    ctx.out.flush()?;
    verified(&ends)
}

/// The chats that a purge archived.
fn of(receipt: &Receipt) -> Vec<ChatNumber> {
    receipt.tasks.iter().filter_map(ChatNumber::of_task).collect()
}

/// Handlers of archived chats that may still have a process.
fn leaving(read: &mut dyn Read) -> Result<Vec<AttemptRef>> {
    let mut leaving = Vec::new();
    for attempt in read.live_attempts()? {
        let Some(chat) = ChatNumber::of_task(&attempt.task) else { continue };
        if attempt.kind == AttemptKind::Handler
            && attempt.stop.is_some()
            && read.chat(chat)?.is_none_or(|(chat, _)| chat.is_archived())
        {
            leaving.push(attempt.reference);
        }
    }
    Ok(leaving)
}

/// Says at once what is done already: nobody has to wait for an end to know that no chat starts again.
fn first_line(
    ctx: &mut Context,
    receipt: Option<&Receipt>,
    archived: usize,
    already: usize,
    handlers: usize,
) -> Result<()> {
    let Some(receipt) = receipt else {
        let said = match handlers {
            0 => "nothing to purge".to_owned(),
            n => format!(
                "nothing to archive; {} of archived chats not gone yet",
                text::count(n as u64, "handler is", "handlers are")
            ),
        };
        ctx.out.hanging("", "  ", &said)?;
        return Ok(ctx.out.flush()?);
    };
    let history = ctx.folder()?.join("chat").display().to_string();
    let before = if already > 0 { format!(" ({already} archived before)") } else { String::new() };
    let archived = text::count(archived as u64, "chat is", "chats are");
    let said = format!(
        "{archived} archived{before}; what was said stays in {history}; `wg chat restore CHAT` brings one back"
    );
    ctx.out.hanging("", "  ", &said)?;
    receipt::notes(ctx, &receipt.notes)?;
    Ok(ctx.out.flush()?)
}

fn last_line(ctx: &mut Context, args: &Args, handlers: &[AttemptRef], ends: &[Carried]) -> Result<()> {
    let left = handlers.len() - ends.len();
    if left == 0 {
        return Ok(());
    }
    let own = ctx.worker().map(|attempt| attempt.reference).filter(|own| handlers.contains(own));
    match own {
        Some(own) if !args.no_wait => {
            ctx.out.note(&format!("{own} is this agent's own: it is ended by the dispatcher"))?;
        }
        _ => {
            let many = text::count(left as u64, "handler is leaving", "handlers are leaving");
            ctx.out.note(&format!("{many}; wg service purge-chats waits until all are gone"))?;
        }
    }
    Ok(())
}

/// What it would do.
fn rehearse(ctx: &mut Context, command: &Command, already: usize) -> Result<()> {
    let (archived, notes) = match ctx.rehearse(command)? {
        Ok(receipt) => (of(&receipt), receipt.notes),
        Err(Rejection::Nothing(_)) => (Vec::new(), Vec::new()),
        Err(rejection) => return Err(rejection.into()),
    };
    let (chats, handlers) = ctx.read(|read| {
        let words: Vec<String> = archived.iter().map(ToString::to_string).collect();
        Ok((resolve::chats(read, &words)?, leaving(read)?))
    })?;
    let served = chats.iter().filter_map(wg_core::chat::Chat::handler);
    let handlers: Vec<AttemptRef> = served.chain(handlers).collect();
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Purged {
            dry_run: true,
            operation: None,
            archived: &archived,
            already,
            handlers: &handlers,
            ends: &[],
            notes: &notes,
        })?);
    }
    if archived.is_empty() && handlers.is_empty() {
        return Ok(writeln!(ctx.out, "nothing to purge")?);
    }
    let many = text::count(archived.len() as u64, "chat", "chats");
    let served = text::count(handlers.len() as u64, "handler", "handlers");
    writeln!(ctx.out, "{many} would be archived, {served} ended:")?;
    let paint = ctx.out.paint();
    for chat in chats {
        let served = chat.handler().map(|handler| format!(" ({handler})")).unwrap_or_default();
        let name = text::line(&chat.name);
        writeln!(ctx.out, "  {}{served}  {name}", paint.cyan(&chat.number.to_string()))?;
    }
    receipt::notes(ctx, &notes)
}

/// As [`carry_out::verified`], with what helps here.
fn verified(ends: &[Carried]) -> Result<()> {
    carry_out::verified(ends).map_err(|failure| Failure {
        hints: vec!["wg service purge-chats tries again".to_owned(), "wg doctor".to_owned()],
        ..failure
    })
}
