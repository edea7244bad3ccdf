//! `wg msg`: messages to tasks.

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::TaskId;
use wg_core::port::Message;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::entries;
use crate::telling::receipt;

/// Send a message to a task, or read its messages
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Send one; a task that waits for a message opens again
    Send {
        /// The task, by id or unique prefix
        #[arg(value_name = "TASK")]
        task: String,
        /// What to say; - reads standard input
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Read them; what a worker reads of its own task is marked as read
    List {
        /// The task, by id or unique prefix
        #[arg(value_name = "TASK")]
        task: String,
    },
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.what, What::Send { .. })
    }
}

#[derive(Serialize)]
struct Listed {
    task: TaskId,
    messages: Vec<Message>,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Send { task, text } => {
            let task = ctx.read(|read| resolve::task_id(read, &task))?;
            let body = ctx.text(&text)?;
            let receipt = ctx.submit(Command::PostMessage { task: task.clone(), body })?;
            receipt::tell(ctx, &receipt, &[task], "has a message")
        }
        What::List { task } => list(ctx, &task),
    }
}

fn list(ctx: &mut Context, typed: &str) -> Result<()> {
    let listed = ctx.read(|read| {
        let task = resolve::task_id(read, typed)?;
        Ok(Listed { messages: read.messages_of(&task)?, task })
    })?;
    let own = ctx.worker().is_some_and(|attempt| attempt.task == listed.task);
    if own && listed.messages.iter().any(|message| message.read_by.is_none()) {
        ctx.submit(Command::ReadMessages { task: listed.task.clone() })?;
    }
    if ctx.out.form.json {
        return Ok(ctx.out.json(&listed)?);
    }
    if listed.messages.is_empty() {
        return Ok(ctx.out.note("it has no messages")?);
    }
    ctx.out.page();
    entries::messages(ctx, &listed.messages, "")
}
