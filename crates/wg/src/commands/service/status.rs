//! `wg service status`: how things stand with the dispatcher, with or without one.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use wg_core::attempt::{Attempt, AttemptState};
use wg_core::control::{AdapterPause, Control, Pause, program_of};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;
use wg_dispatch::control::client::{self, ClientError};
use wg_dispatch::control::message::{Running, Stage, Status, Unknown};
use wg_dispatch::daemon_lock::{Holder, holder};
use wg_dispatch::supervise::linux::{Verdict, verdict};

use super::folder;
use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};

/// Show how things stand with the dispatcher and its agents
///
/// Without a dispatcher it tells what the graph knows, and which agents are seen to live.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// All that is told.
#[derive(Serialize)]
struct Told {
    running: bool,
    /// It holds its lock but does not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    slots: usize,
    agents: Vec<Running>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Unknown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Pause>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    adapters: BTreeMap<String, AdapterPause>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unwritten: BTreeMap<ChatNumber, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_look: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stopping: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// Shows it.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let folder = folder(ctx)?;
    let told = match client::status(folder.path()) {
        Ok(status) => answered(status),
        Err(ClientError::NotRunning) => unanswered(ctx, holder(&folder), None)?,
        Err(error) => unanswered(ctx, holder(&folder), Some(error.to_string()))?,
    };
    if ctx.out.form.json {
        return Ok(ctx.out.json(&told)?);
    }
    show(ctx, &told)
}

fn answered(status: Status) -> Told {
    Told {
        running: true,
        silent: false,
        process: Some(status.pid),
        program: Some(status.program),
        host: Some(status.host),
        since: Some(status.since),
        slots: status.slots,
        agents: status.running,
        unknown: status.unknown,
        paused: status.paused,
        adapters: status.adapters,
        unwritten: status.unwritten,
        next_look: status.next_timer,
        stopping: status.stopping,
        trouble: status.trouble,
    }
}

/// What the graph and the processes tell.
fn unanswered(ctx: &mut Context, holder: Option<Holder>, trouble: Option<String>) -> Result<Told> {
    let slots = ctx.surroundings()?.policy.max_agents;
    let (control, live): (Control, Vec<Attempt>) =
        ctx.read(|read| Ok((read.control()?.0, read.live_attempts()?)))?;
    let mut unknown = Vec::new();
    let agents = live.iter().map(|attempt| seen(attempt, &mut unknown)).collect();
    Ok(Told {
        running: holder.is_some(),
        silent: holder.is_some(),
        process: holder.as_ref().map(|holder| holder.process.pid),
        program: holder.as_ref().map(|holder| holder.program.clone()),
        host: None,
        since: holder.map(|holder| holder.since),
        slots,
        agents,
        unknown,
        paused: control.paused,
        adapters: control.adapters,
        unwritten: BTreeMap::new(),
        next_look: None,
        stopping: false,
        trouble,
    })
}

fn seen(attempt: &Attempt, unknown: &mut Vec<Unknown>) -> Running {
    let stage = match attempt.shim.as_ref().map(verdict) {
        Some(Verdict::Alive(_)) if attempt.stop.is_some() => Stage::Ending,
        Some(Verdict::Alive(_)) => Stage::Running,
        Some(Verdict::Unknown(why)) => {
            unknown.push(Unknown { attempt: attempt.reference, why });
            Stage::Unknown
        }
        // Over, or never begun: the next dispatcher sees to it.
        Some(Verdict::Dead) => Stage::Ending,
        None => Stage::Starting,
    };
    let since = match attempt.state {
        AttemptState::Running { since } => since,
        AttemptState::Starting | AttemptState::Finished { .. } => attempt.created_at,
    };
    let (attempt, task, adapter) = (attempt.reference, attempt.task.clone(), attempt.adapter.clone());
    Running { attempt, task, adapter, stage, since }
}

fn show(ctx: &mut Context, told: &Told) -> Result<()> {
    let paint = ctx.out.paint();
    let process = told.process.map(|process| format!("process {process}")).unwrap_or_default();
    let since = told.since.map(|since| format!(", since {}", ctx.time(since))).unwrap_or_default();
    let program = told.program.as_ref().map(|program| format!(", wg {program}")).unwrap_or_default();
    let (word, tone, more) = match told {
        Told { running: false, .. } => ("none runs", Tone::Yellow, String::new()),
        Told { silent: true, .. } => ("does not answer", Tone::Red, format!(" ({process}{since}{program})")),
        Told { stopping: true, .. } => ("leaving", Tone::Yellow, format!(" ({process}{since}{program})")),
        Told { .. } => ("runs", Tone::Green, format!(" ({process}{since}{program})")),
    };
    writeln!(ctx.out, "dispatcher   {}{more}", paint.tone(tone, word))?;
    let busy = told.agents.len();
    writeln!(ctx.out, "agents       {busy} of {}", told.slots)?;
    if let Some(pause) = &told.paused {
        let since = ctx.time(pause.at);
        let paused = paint.tone(Tone::Yellow, "paused");
        writeln!(ctx.out, "dispatching  {paused} by {} {since}; wg service resume", pause.by)?;
    }
    let now = ctx.now();
    for (adapter, pause) in &told.adapters {
        if pause.until.is_some_and(|until| until <= now) {
            continue;
        }
        let until = pause.until.map(|until| format!(" until {}", ctx.time(until))).unwrap_or_default();
        let paused = paint.tone(Tone::Yellow, "paused");
        writeln!(
            ctx.out,
            "adapter      {} {paused}{until}: {}; wg adapter resume {}",
            text::line(adapter),
            text::line(&pause.reason),
            program_of(adapter).map_or(adapter.as_str(), |(adapter, _)| adapter)
        )?;
    }
    for (chat, why) in &told.unwritten {
        let history = format!("of {chat} can't be written down: {}", text::line(why));
        writeln!(ctx.out, "history      {}; wg doctor", paint.tone(Tone::Red, &history))?;
    }
    if let Some(at) = told.next_look {
        writeln!(ctx.out, "looks again  {}", ctx.time(at))?;
    }
    if let Some(trouble) = &told.trouble {
        writeln!(ctx.out, "trouble      {}", paint.tone(Tone::Red, trouble))?;
    }
    if !told.agents.is_empty() {
        writeln!(ctx.out)?;
        let table = table(ctx, &told.agents);
        ctx.out.table(&table)?;
    }
    for unknown in &told.unknown {
        writeln!(ctx.out, "{} {}: {}", unknown.attempt, paint.tone(Tone::Red, "unknown"), unknown.why)?;
    }
    let hint = match told {
        Told { running: false, .. } => "wg service start",
        Told { silent: true, .. } => "wg service stop ends it by force; agents go on",
        Told { .. } => return Ok(()),
    };
    Ok(writeln!(ctx.out, "{}", paint.dim(hint))?)
}

fn table(ctx: &Context, agents: &[Running]) -> Table {
    let mut table = Table::new([
        Column::fixed("ATTEMPT"),
        Column::flexible("TASK", 8),
        Column::fixed("STAGE"),
        Column::fixed("SINCE").leaves(2),
        Column::fixed("ADAPTER").leaves(1),
    ]);
    for Running { attempt, task, adapter, stage, since } in agents {
        let (word, tone) = match stage {
            Stage::Starting => ("starting", Tone::Plain),
            Stage::Running => ("running", Tone::Blue),
            Stage::Ending => ("ending", Tone::Plain),
            Stage::Unknown => ("unknown", Tone::Red),
        };
        row(&mut table, *attempt, task, Cell::new(word, tone), &ctx.time(*since), adapter);
    }
    table
}

fn row(table: &mut Table, attempt: AttemptRef, task: &TaskId, stage: Cell, since: &str, adapter: &str) {
    table.row([
        Cell::from(attempt.to_string()),
        Cell::new(task.as_str(), Tone::Cyan),
        stage,
        Cell::new(since, Tone::Dim),
        Cell::new(adapter, Tone::Dim),
    ]);
}
