//! `wg chat create`: a new chat.

use std::io::Write;

use serde::Serialize;
use wg_core::chat::ChatRun;
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::id::ChatNumber;

use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::nearest::nearest;
use crate::telling::receipt;
use crate::wire;

/// The adapter that runs any program.
const COMMAND: &str = "command";

/// Make a chat
///
/// Nothing starts by that: its handler starts when somebody attaches or writes to it. Prints its reference, as in
/// chat-3. What serves it follows from --adapter or --command, else from the settings chat.adapter and
/// chat.command.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What people call it
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// As NAME
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name", id = "named")]
    named: Option<String>,
    /// What serves it: an adapter that serves chats
    #[arg(long, value_name = "ADAPTER")]
    adapter: Option<String>,
    /// The model, where the adapter takes one; ADAPTER:MODEL names the adapter as well
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Be served by this command line (adapter `command`), which reads and writes lines of JSON
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    command: Option<String>,
}

#[derive(Serialize)]
struct Made<'a> {
    chat: ChatNumber,
    #[serde(flatten)]
    receipt: receipt::Said<'a>,
}

/// Makes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let name = args.name.clone().or_else(|| args.named.clone());
    let run = served_by(&args, ctx)?;
    let receipt = ctx.submit(Command::Chat(ChatCommand::Create(NewChat { name, run })))?;
    let made = receipt.tasks.iter().find_map(ChatNumber::of_task);
    let chat = made.ok_or_else(|| Failure::refused("the graph does not say which chat was made"))?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Made { chat, receipt: receipt::Said::of(&receipt) })?);
    }
    writeln!(ctx.out, "{chat}")?;
    receipt::notes(ctx, &receipt.notes)
}

fn served_by(args: &Args, ctx: &mut Context) -> Result<ChatRun> {
    let config = ctx.config()?;
    let set = |setting| config.text(setting).map(str::to_owned);
    let (set_adapter, set_command) = (set(&config::CHAT_ADAPTER), set(&config::CHAT_COMMAND));
    let known = wire::chat_adapters();
    let (named, model) = match args.model.as_deref().and_then(|model| model.split_once(':')) {
        // A model's own name may have a colon in it: only an adapter that there is stands before one.
        Some((adapter, model)) if known.iter().any(|known| known == adapter) => {
            (Some(adapter.to_owned()), Some(model.to_owned()))
        }
        _ => (None, args.model.clone()),
    };
    if let (Some(named), Some(adapter)) = (&named, &args.adapter)
        && named != adapter
    {
        return Err(Failure::usage(format!("--adapter says {adapter}, and --model says {named}")));
    }
    let given = args.adapter.clone().or(named).or_else(|| args.command.as_ref().map(|_| COMMAND.to_owned()));
    let adapter = given.or(set_adapter).or_else(|| set_command.as_ref().map(|_| COMMAND.to_owned()));
    let Some(adapter) = adapter else {
        return Err(Failure::refused("nothing is known to serve it")
            .because("neither --adapter nor --command was given, and chat.adapter is not set")
            .hint("wg chat create --command 'python3 handler.py'")
            .hint("wg config set chat.adapter ADAPTER"));
    };
    if !known.contains(&adapter) {
        let failure = Failure::not_found(format!("there is no adapter {adapter} that serves chats"))
            .because(format!("there are: {}", known.join(", ")));
        return Err(match nearest(&adapter, known.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint("wg adapter list"),
        });
    }
    let exec = if adapter == COMMAND {
        let exec = args.command.clone().or(set_command);
        Some(exec.ok_or_else(|| {
            Failure::refused("adapter command needs a command line")
                .hint("wg chat create --command 'python3 handler.py'")
                .hint("wg config set chat.command 'python3 handler.py'")
        })?)
    } else if args.command.is_some() {
        return Err(Failure::usage(format!("adapter {adapter} takes no --command")));
    } else {
        None
    };
    Ok(ChatRun { adapter, exec, model: model.filter(|model| !model.is_empty()) })
}
