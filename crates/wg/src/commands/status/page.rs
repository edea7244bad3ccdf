//! `wg status` as people read it.

use std::io::Write;

use wg_core::port::Counts;
use wg_core::task::StateName;

use super::{ChatsSeen, NAMED, Seen, blocked};
use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};
use crate::telling::attempts;

/// Columns of the names.
const NAMES: usize = 10;

/// Prints it.
pub(super) fn print(ctx: &mut Context, seen: &Seen, graph: &str, dispatcher: bool) -> Result<()> {
    let paint = ctx.out.paint();
    let last = match seen.last {
        Some((seq, at)) => format!("operation {seq}, {}", ctx.time(at)),
        None => "nothing has happened yet".to_owned(),
    };
    ctx.out.field("graph", NAMES, graph)?;
    ctx.out.field("last", NAMES, &last)?;
    let counted = counted(&seen.counts);
    let parts = counted.iter().map(|(n, word, tone)| format!("{n} {}", paint.tone(*tone, word)));
    let parts: Vec<String> = parts.collect();
    ctx.out.field(
        "tasks",
        NAMES,
        &if parts.is_empty() { "none yet: wg add TITLE".to_owned() } else { parts.join(", ") },
    )?;
    let ChatsSeen { total, live, gave_up, held } = seen.chats;
    if total > 0 {
        let more = [(live, "live", Tone::Blue), (gave_up, "gave up", Tone::Red), (held, "held", Tone::Dim)];
        let more = more.iter().filter(|(n, ..)| *n > 0);
        let more: String = more.map(|(n, word, tone)| format!(", {n} {}", paint.tone(*tone, word))).collect();
        ctx.out.field("chats", NAMES, &format!("{total}{more}"))?;
    }
    let runs = match (dispatcher, &seen.control.paused) {
        (false, _) => format!("{}: wg service start", paint.tone(Tone::Yellow, "not running")),
        (true, Some(pause)) => {
            let paused = format!("paused by {} {}", pause.by, ctx.time(pause.at));
            format!("{}: wg service resume", paint.tone(Tone::Yellow, &paused))
        }
        (true, None) => paint.tone(Tone::Green, "running"),
    };
    ctx.out.field("dispatcher", NAMES, &runs)?;
    let used = seen.control.today(ctx.now()).of(|_| true);
    if !used.is_empty() {
        ctx.out.field("used", NAMES, &format!("{used} today"))?;
    }
    for (adapter, pause) in &seen.control.adapters {
        let until = pause.until.map_or(String::new(), |until| format!(" until {}", ctx.time(until)));
        let said = paint.tone(Tone::Yellow, &format!("{adapter} is paused{until}"));
        ctx.out.field("adapter", NAMES, &format!("{said}: {}", text::line(&pause.reason)))?;
    }
    let mut table = Table::new([
        Column::fixed("ATTEMPT").leaves(1),
        Column::flexible("RUNS", 10),
        Column::fixed("FOR").leaves(2),
    ]);
    for attempt in &seen.running {
        let took = attempts::took(ctx, attempt);
        let cells = [attempt.reference.to_string(), attempt.task.to_string(), took];
        table.row(cells.map(Cell::from));
    }
    section(ctx, &table)?;
    let mut table = Table::new([Column::flexible("NEEDS YOU", 10), Column::flexible("WHY", 10).leaves(1)]);
    for (task, why) in seen.needs_you.iter().take(NAMED.max(seen.chats.gave_up)) {
        table.row([Cell::new(task.as_str(), Tone::Cyan), Cell::from(why)]);
    }
    section(ctx, &table)
}

fn section(ctx: &mut Context, table: &Table) -> Result<()> {
    if table.is_empty() {
        return Ok(());
    }
    writeln!(ctx.out)?;
    Ok(ctx.out.table(table)?)
}

fn counted(counts: &Counts) -> Vec<(u64, &'static str, Tone)> {
    let counted = [
        (counts.in_state(StateName::InProgress), "in progress", Tone::Blue),
        (counts.in_state(StateName::InReview), "in review", Tone::Yellow),
        (counts.in_state(StateName::Failed), "failed", Tone::Red),
        (counts.used_up(), "out of budget", Tone::Yellow),
        (counts.ready(), "ready", Tone::Green),
        (counts.in_state(StateName::Waiting), "waiting", Tone::Plain),
        (blocked(counts), "blocked", Tone::Plain),
        (counts.paused(), "paused", Tone::Dim),
        (counts.in_state(StateName::Done), "done", Tone::Green),
        (counts.in_state(StateName::Abandoned), "abandoned", Tone::Dim),
    ];
    counted.into_iter().filter(|(n, ..)| *n > 0).collect()
}
