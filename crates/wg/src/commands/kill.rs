//! `wg kill`: ends attempts, and keeps their tasks from starting again.

use std::io::Write;

use serde::Serialize;
use wg_core::attempt::AttemptKind;
use wg_core::chat::ChatState;
use wg_core::command::Command;
use wg_core::id::{AttemptRef, ChatNumber, OpSeq};
use wg_core::port::Read;

use crate::carry_out::{self, Carried};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;

/// End attempts with everything they started
///
/// Their tasks are open and paused then, and no attempt is counted: `wg resume` lets them start again. A chat whose
/// handler is ended is held: `wg chat resume`. Works without a dispatcher too. Comes back when every process is gone;
/// exits with 1 where that can't be told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Attempts, as in agent-7, or the tasks whose attempts are meant
    #[arg(value_name = "ATTEMPT|TASK", required_unless_present = "all")]
    which: Vec<String>,
    /// Every attempt that runs
    #[arg(long, conflicts_with = "which")]
    all: bool,
    /// Why, for the tasks' logs
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "killed",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    why: String,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<OpSeq>,
    attempts: &'a [Carried],
}

/// Ends them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let attempts = ctx.read(|read| match args.all {
        true => Ok(read.live_attempts()?.iter().map(|attempt| attempt.reference).collect()),
        false => named(read, &args.which),
    })?;
    if attempts.is_empty() {
        return match ctx.out.form.json {
            true => Ok(ctx.out.json(&Told { operation: None, attempts: &[] })?),
            false => Ok(ctx.out.note("nothing runs")?),
        };
    }
    let why = ctx.text(&args.why)?;
    let receipt = ctx.submit(Command::Kill { attempts: attempts.clone(), why })?;
    for chat in held(ctx, &attempts)? {
        ctx.out.note(&format!("{chat} is held: wg chat resume {chat}"))?;
    }
    let carried = carry_out::ends(ctx, &attempts)?;
    if ctx.out.form.json {
        ctx.out.json(&Told { operation: Some(receipt.operation), attempts: &carried })?;
    }
    ctx.out.flush()?;
    carry_out::verified(&carried)
}

/// The chats that are held because their handlers are ended.
fn held(ctx: &mut Context, attempts: &[AttemptRef]) -> Result<Vec<ChatNumber>> {
    ctx.read(|read| {
        let mut held = Vec::new();
        for reference in attempts {
            let Some((attempt, _)) = read.attempt(*reference)? else { continue };
            if attempt.kind == AttemptKind::Handler
                && let Some(number) = ChatNumber::of_task(&attempt.task)
                && let Some((chat, _)) = read.chat(number)?
                && matches!(chat.state, ChatState::Held { .. })
            {
                held.push(number);
            }
        }
        Ok(held)
    })
}

fn named(read: &mut dyn Read, which: &[String]) -> Result<Vec<AttemptRef>> {
    let mut attempts = Vec::with_capacity(which.len());
    for typed in which {
        let attempt = match resolve::attempt(read, typed)? {
            Some(attempt) => attempt.reference,
            None => of_task(read, typed)?,
        };
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }
    Ok(attempts)
}

/// The attempt of a task that may still have a process: the one at it, or one that was told to end.
fn of_task(read: &mut dyn Read, typed: &str) -> Result<AttemptRef> {
    let id = resolve::task_id(read, typed)?;
    let live = read.attempts_of(&id)?.into_iter().rev().find(wg_core::attempt::Attempt::is_live);
    live.map(|attempt| attempt.reference)
        .ok_or_else(|| Failure::refused(format!("nothing runs for {id}")).hint(format!("wg why {id}")))
}
