//! `wg chat list`: the chats and how they stand.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use wg_core::chat::FAILURES;
use wg_core::id::ChatNumber;
use wg_core::port::Chats;
use wg_core::usage::Usage;

use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};
use crate::telling::chats::{self, ChatRecord, Known};
use crate::telling::reason::Times;

/// List chats: state and reason, who is attached, what waits, what they used
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The archived ones too
    #[arg(short, long)]
    all: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    chats: Vec<ChatRecord<'a>>,
    /// How many are archived, listed or not.
    archived: usize,
    /// Histories that the dispatcher could not write down, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unwritten: BTreeMap<ChatNumber, String>,
}

/// Lists them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let (attached, unwritten) = chats::attached_and_unwritten(ctx.folder()?);
    let (known, archived) = ctx.read(|read| {
        let all = read.chats(Chats::All)?;
        let archived = all.iter().filter(|chat| chat.is_archived()).count();
        let wanted = all.into_iter().filter(|chat| args.all || !chat.is_archived());
        let known = wanted.map(|chat| Known::of(read, chat)).collect::<Result<Vec<Known>>>()?;
        Ok((known, archived))
    })?;
    if ctx.out.form.json {
        let now = ctx.now();
        let records = known.iter().map(|known| ChatRecord::of(known, attached.as_ref(), now)).collect();
        return Ok(ctx.out.json(&Listed { chats: records, archived, unwritten })?);
    }
    let hidden = if args.all { 0 } else { archived };
    if known.is_empty() {
        let none = "there is no chat yet: wg chat create".to_owned();
        return Ok(ctx.out.note(&if hidden == 0 { none } else { rest(hidden) })?);
    }
    ctx.out.page();
    let table = table(ctx, &known, attached.as_ref());
    ctx.out.table(&table)?;
    for (chat, why) in &unwritten {
        let line = format!("{chat}: its history can't be written down: {}; wg doctor", text::line(why));
        let line = ctx.out.paint().tone(Tone::Red, &line);
        writeln!(ctx.out, "{line}")?;
    }
    if hidden > 0 {
        let rest = ctx.out.paint().dim(&rest(hidden));
        writeln!(ctx.out, "{rest}")?;
    }
    Ok(())
}

fn rest(hidden: usize) -> String {
    format!("{} archived: wg chat list --all", text::count(hidden as u64, "chat is", "chats are"))
}

fn table(ctx: &Context, known: &[Known], attached: Option<&BTreeMap<ChatNumber, usize>>) -> Table {
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times };
    let mut table = Table::new([
        Column::fixed("CHAT"),
        Column::flexible("NAME", 8).leaves(7),
        Column::flexible("STATE", 10),
        Column::fixed("HERE").to_the_right().leaves(4),
        Column::fixed("UNREAD").to_the_right().leaves(1),
        Column::fixed("ASIDE").to_the_right().leaves(2),
        Column::fixed("FAILED").to_the_right().leaves(3),
        Column::fixed("SEEN").leaves(5),
        Column::fixed("TOKENS").to_the_right().leaves(8),
        Column::fixed("COST").to_the_right().leaves(6),
    ]);
    for Known { chat, inbox, consumer } in known {
        let named = if chat.name == chat.number.to_string() { "" } else { &chat.name };
        let here = attached.and_then(|attached| attached.get(&chat.number)).copied().unwrap_or(0);
        let failed = if chat.failures > 0 { format!("{}/{FAILURES}", chat.failures) } else { String::new() };
        let seen = consumer.last_at.map(|at| ctx.time(at)).unwrap_or_default();
        let (tokens, cost) = used(&chat.usage);
        table.row([
            Cell::new(chat.number.to_string(), if chat.is_archived() { Tone::Dim } else { Tone::Cyan }),
            Cell::from(named),
            Cell::new(chats::sentence(&chat.state, times), chats::tone(&chat.state)),
            Cell::from(some(here as u64)),
            Cell::new(some(inbox.waiting), Tone::Bold),
            Cell::new(some(inbox.set_aside), Tone::Yellow),
            Cell::new(failed, Tone::Red),
            Cell::new(seen, Tone::Dim),
            Cell::new(tokens, Tone::Dim),
            Cell::new(cost, Tone::Dim),
        ]);
    }
    table
}

/// A number, where there is anything to count.
fn some(n: u64) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}

/// Tokens in and out, and dollars.
fn used(usage: &Usage) -> (String, String) {
    let (read, wrote) = (usage.total_input(), usage.output);
    let tokens = match (read, wrote) {
        (0, 0) => String::new(),
        _ => format!("{}/{}", text::bytes(read), text::bytes(wrote)),
    };
    let cost =
        usage.cost_micros.map(|micros| format!("${}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100));
    (tokens, cost.unwrap_or_default())
}
