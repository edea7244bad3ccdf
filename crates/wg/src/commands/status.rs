//! `wg status`: how things stand.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::control::Control;
use wg_core::id::{OpSeq, TaskId};
use wg_core::port::{CountRow, Counts, Read, TaskFilter, TaskOrder};
use wg_core::task::{StateName, Task, TaskState, Wait};
use wg_core::time::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::listing::first;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};
use crate::record::AttemptRecord;

/// Tasks of each kind that are named.
const NAMED: usize = 10;

/// Columns of the names.
const NAMES: usize = 10;

/// Say how things stand: what runs, what needs a person, what is paused
#[derive(Debug, clap::Args)]
pub struct Args {}

/// What is known of the graph as a whole.
struct Seen {
    counts: Counts,
    running: Vec<Attempt>,
    needs_you: Vec<(TaskId, String)>,
    control: Control,
    last: Option<(OpSeq, Timestamp)>,
}

#[derive(Serialize)]
struct Document<'a> {
    graph: PathBuf,
    operation: OpSeq,
    dispatcher: bool,
    tasks: TaskCounts,
    running: Vec<AttemptRecord>,
    needs_you: Vec<Need<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispatching_paused: Option<&'a wg_core::control::Pause>,
    paused_adapters: Vec<PausedAdapter<'a>>,
}

#[derive(Serialize)]
struct TaskCounts {
    total: u64,
    open: u64,
    ready: u64,
    blocked: u64,
    paused: u64,
    in_progress: u64,
    waiting: u64,
    in_review: u64,
    done: u64,
    failed: u64,
    abandoned: u64,
}

#[derive(Serialize)]
struct Need<'a> {
    task: &'a TaskId,
    why: &'a str,
}

#[derive(Serialize)]
struct PausedAdapter<'a> {
    adapter: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// Says it.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let graph = ctx.folder()?.to_owned();
    let dispatcher = crate::wire::dispatcher_listens(&graph);
    let now = ctx.now();
    let mut seen = ctx.read(look)?;
    seen.control.adapters.retain(|_, pause| pause.until.is_none_or(|until| now < until));
    if ctx.out.form.json {
        return Ok(ctx.out.json(&document(&seen, graph, dispatcher))?);
    }
    print(ctx, &seen, &graph.display().to_string(), dispatcher)
}

fn look(read: &mut dyn Read) -> Result<Seen> {
    let of = |state| TaskFilter { states: vec![state], ..TaskFilter::default() };
    let mut needs_you = Vec::new();
    for task in first(read, &of(StateName::InReview), TaskOrder::Schedule, NAMED)? {
        needs_you.push((task.id, "in review".to_owned()));
    }
    for task in first(read, &of(StateName::Waiting), TaskOrder::Schedule, 10 * NAMED)? {
        if let Task { id, state: TaskState::Waiting { on: Wait::Person(question) }, .. } = task {
            needs_you.push((id, question));
        }
    }
    for task in first(read, &of(StateName::Failed), TaskOrder::Completed, NAMED)? {
        if let Task { id, state: TaskState::Failed { reason }, .. } = task {
            needs_you.push((id, format!("failed: {reason}")));
        }
    }
    let seq = read.last_operation()?;
    let last = read.operation(seq)?.map(|operation| (seq, operation.at));
    let (control, _) = read.control()?;
    Ok(Seen { counts: read.counts()?, running: read.live_attempts()?, needs_you, control, last })
}

fn document(seen: &Seen, graph: PathBuf, dispatcher: bool) -> Document<'_> {
    let counts = &seen.counts;
    Document {
        graph,
        operation: seen.last.map(|(seq, _)| seq).unwrap_or_default(),
        dispatcher,
        tasks: TaskCounts {
            total: counts.total(),
            open: counts.in_state(StateName::Open),
            ready: counts.ready(),
            blocked: blocked(counts),
            paused: counts.paused(),
            in_progress: counts.in_state(StateName::InProgress),
            waiting: counts.in_state(StateName::Waiting),
            in_review: counts.in_state(StateName::InReview),
            done: counts.in_state(StateName::Done),
            failed: counts.in_state(StateName::Failed),
            abandoned: counts.in_state(StateName::Abandoned),
        },
        running: seen.running.iter().map(AttemptRecord::of).collect(),
        needs_you: seen.needs_you.iter().map(|(task, why)| Need { task, why }).collect(),
        dispatching_paused: seen.control.paused.as_ref(),
        paused_adapters: seen
            .control
            .adapters
            .iter()
            .map(|(adapter, pause)| PausedAdapter { adapter, reason: &pause.reason, until: pause.until })
            .collect(),
    }
}

fn print(ctx: &mut Context, seen: &Seen, graph: &str, dispatcher: bool) -> Result<()> {
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
    let runs = match (dispatcher, &seen.control.paused) {
        (false, _) => format!("{}: wg service start", paint.tone(Tone::Yellow, "not running")),
        (true, Some(pause)) => {
            let paused = format!("paused by {} {}", pause.by, ctx.time(pause.at));
            format!("{}: wg service resume", paint.tone(Tone::Yellow, &paused))
        }
        (true, None) => paint.tone(Tone::Green, "running"),
    };
    ctx.out.field("dispatcher", NAMES, &runs)?;
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
        let took = crate::attempts::took(ctx, attempt);
        let cells = [attempt.reference.to_string(), attempt.task.to_string(), took];
        table.row(cells.map(Cell::from));
    }
    section(ctx, &table)?;
    let mut table = Table::new([Column::flexible("NEEDS YOU", 10), Column::flexible("WHY", 10).leaves(1)]);
    for (task, why) in seen.needs_you.iter().take(NAMED) {
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

/// Open tasks that only a dependency holds back: what is paused is counted as that.
fn blocked(counts: &Counts) -> u64 {
    let held = |row: &&CountRow| row.state == StateName::Open && row.blocked && !row.paused;
    counts.rows.iter().filter(held).map(|row| row.tasks).sum()
}

fn counted(counts: &Counts) -> Vec<(u64, &'static str, Tone)> {
    let counted = [
        (counts.in_state(StateName::InProgress), "in progress", Tone::Blue),
        (counts.in_state(StateName::InReview), "in review", Tone::Yellow),
        (counts.in_state(StateName::Failed), "failed", Tone::Red),
        (counts.ready(), "ready", Tone::Green),
        (counts.in_state(StateName::Waiting), "waiting", Tone::Plain),
        (blocked(counts), "blocked", Tone::Plain),
        (counts.paused(), "paused", Tone::Dim),
        (counts.in_state(StateName::Done), "done", Tone::Green),
        (counts.in_state(StateName::Abandoned), "abandoned", Tone::Dim),
    ];
    counted.into_iter().filter(|(n, ..)| *n > 0).collect()
}
