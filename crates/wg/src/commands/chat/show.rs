//! `wg chat show`: everything there is to say of a chat.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, ChatState, Entry, FAILURES, InboxRow, InboxState, What};
use wg_core::port::Read;
use wg_dispatch::files::GraphFolder;

use crate::commands::attempt::last_lines;
use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::output::text;
use crate::telling::chats::{self, ChatRecord, Known};
use crate::telling::reason::Times;
use crate::telling::{attempts, questions};

/// Lines of its last handler's output that are shown of a chat that gave up.
const LINES: usize = 10;
/// Columns of the names.
const NAMES: usize = 9;

/// Tell all about one chat
///
/// How it stands and why, what serves it, what waits and what is set aside, what it used, and where its history
/// lies; of one that gave up the last lines of its handler's output too, and the command that clears it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The chat: 3, chat-3, or the beginning of its name
    #[arg(value_name = "CHAT")]
    chat: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    chat: ChatRecord<'a>,
    open: &'a [Open],
    last_entry: u64,
    history: PathBuf,
    /// The last lines of its last handler's output, where it gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

/// A message that nobody answered.
#[derive(Serialize)]
struct Open {
    message: u64,
    state: InboxState,
    deliveries: u32,
    kills: u32,
    text: String,
}

/// Tells it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let folder = ctx.folder()?.to_owned();
    let attached = chats::attached(&folder);
    let (known, open, last_entry, last) = ctx.read(|read| {
        let chat = resolve::chat(read, &args.chat)?;
        let number = chat.number;
        let last = match chat.last {
            Some(last) => read.attempt(last)?.map(|(attempt, _)| attempt),
            None => None,
        };
        let rows = read.inbox_open(number)?;
        let open = rows.into_iter().map(|row| opened(read, &chat, row)).collect::<Result<Vec<Open>>>()?;
        let last_entry = read.last_entry(number)?;
        Ok((Known::of(read, chat)?, open, last_entry, last))
    })?;
    let chat = &known.chat;
    let gave_up = matches!(chat.state, ChatState::GaveUp { .. });
    let output = last.as_ref().filter(|_| gave_up).and_then(|last| {
        let files = GraphFolder::new(&folder).attempt(last.reference);
        let (bytes, _) = last_lines(&files, LINES).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|text| !text.trim().is_empty())
    });
    let history = chats::history(&folder, chat.number);
    if ctx.out.form.json {
        let chat = ChatRecord::of(&known, attached.as_ref(), ctx.now());
        return Ok(ctx.out.json(&Shown {
            chat,
            open: &open,
            last_entry,
            history,
            output: output.as_deref(),
        })?);
    }
    ctx.out.page();
    let paint = ctx.out.paint();
    let head = format!("{}  {}", paint.cyan(&chat.number.to_string()), text::line(&chat.name));
    ctx.out.hanging("", "  ", &head)?;
    let here = attached.map(|attached| attached.get(&chat.number).copied().unwrap_or(0));
    for (name, value) in fields(ctx, &known, last.as_ref(), here) {
        ctx.out.field(name, NAMES, &text::line(&value))?;
    }
    let lies = if history.exists() { history.display().to_string() } else { "not written yet".to_owned() };
    let entries = text::count(last_entry, "entry", "entries");
    ctx.out.field("history", NAMES, &format!("{entries}: wg chat history {} ({lies})", chat.number))?;
    asked(ctx, chat)?;
    messages(ctx, chat, &open)?;
    if let Some(output) = output {
        writeln!(ctx.out)?;
        ctx.out.hanging("", "", &paint.bold("Last output of its handler"))?;
        for line in
            text::wrap(text::block(&output).trim_end(), ctx.out.form.width.map(|w| w.saturating_sub(2)))
        {
            writeln!(ctx.out, "  {line}")?;
        }
    }
    Ok(())
}

fn opened(read: &mut dyn Read, chat: &Chat, row: InboxRow) -> Result<Open> {
    let entry = read.entries_of(chat.number, row.number.saturating_sub(1), 1)?.pop();
    let text = match entry {
        Some(Entry { what: What::Message { text, .. }, .. }) => text,
        _ => String::new(),
    };
    let InboxRow { number, kills, deliveries, state } = row;
    Ok(Open { message: number, state, deliveries, kills, text })
}

fn fields(
    ctx: &Context,
    known: &Known,
    last: Option<&Attempt>,
    here: Option<usize>,
) -> Vec<(&'static str, String)> {
    let Known { chat, inbox, consumer } = known;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times };
    let mut fields = vec![("state", chats::sentence(&chat.state, times))];
    fields.extend(chats::next(chat.number, &chat.state).map(|next| ("next", next)));
    let model = chat.run.model.as_ref().map(|model| format!(", model {model}")).unwrap_or_default();
    fields.push(("adapter", format!("{}{model}", chat.run.adapter)));
    fields.extend(chat.run.exec.clone().map(|exec| ("command", exec)));
    if let Some(here) = here {
        fields.push(("attached", if here == 0 { "nobody".to_owned() } else { here.to_string() }));
    }
    fields.extend(consumer.last_at.map(|at| ("seen", ctx.time(at))));
    fields.push(("unread", inbox.waiting.to_string()));
    if chat.failures > 0 {
        let until = chat.not_before.filter(|until| times.now < *until);
        let until =
            until.map(|until| format!(", not started before {}", ctx.time(until))).unwrap_or_default();
        fields.push(("failures", format!("{} of {FAILURES}{until}", chat.failures)));
    }
    if let Some(last) = last {
        let (outcome, _) = attempts::outcome(last);
        fields.push(("handlers", format!("{}, the last {}: {outcome}", chat.handlers, last.reference)));
    }
    fields.extend(chat.session.clone().map(|session| ("session", session)));
    if !chat.usage.is_empty() {
        fields.push(("used", chat.usage.to_string()));
    }
    fields.push(("created", ctx.time(chat.created_at)));
    fields
}

/// What its handler asks, with what can be answered.
fn asked(ctx: &mut Context, chat: &Chat) -> Result<()> {
    let paint = ctx.out.paint();
    for (n, question) in chat.open_questions().enumerate() {
        if n == 0 {
            writeln!(ctx.out, "\n{}", paint.bold("Asks"))?;
        }
        let since = ctx.time(question.at);
        ctx.out.hanging("  ", "    ", &format!("{} ({since})", text::line(&question.what)))?;
        ctx.out.hanging("    ", "    ", &paint.dim(&text::line(&questions::choices(question))))?;
    }
    Ok(())
}

/// What nobody has answered: that which waits, and that which is set aside with the way to send it again.
fn messages(ctx: &mut Context, chat: &Chat, open: &[Open]) -> Result<()> {
    let paint = ctx.out.paint();
    for (state, title) in [(InboxState::Waiting, "Waiting"), (InboxState::SetAside, "Set aside")] {
        let of_state: Vec<&Open> = open.iter().filter(|open| open.state == state).collect();
        if of_state.is_empty() {
            continue;
        }
        writeln!(ctx.out, "\n{}", paint.bold(title))?;
        for open in &of_state {
            let killed = match open.kills {
                0 => String::new(),
                kills => format!(" (killed {})", text::count(kills.into(), "handler", "handlers")),
            };
            let line = format!("{}{killed}  {}", open.message, text::line(&open.text));
            let line =
                ctx.out.form.width.map_or(line.clone(), |width| text::cut(&line, width.saturating_sub(2)));
            writeln!(ctx.out, "  {line}")?;
        }
        if state == InboxState::SetAside {
            let numbers: Vec<String> = of_state.iter().map(|open| open.message.to_string()).collect();
            let again = format!("wg chat send {} --again {}", chat.number, numbers.join(" "));
            ctx.out.hanging("  ", "    ", &paint.dim(&again))?;
        }
    }
    Ok(())
}
