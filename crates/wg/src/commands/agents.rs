//! `wg agents`: what runs just now.

use std::path::Path;

use serde::Serialize;
use wg_core::attempt::{Attempt, AttemptState, Report};
use wg_dispatch::files::GraphFolder;

use crate::context::Context;
use crate::error::Result;
use crate::output::{Cell, Column, Table, style::Tone, text};
use crate::telling::attempts;
use crate::telling::record::AttemptRecord;

/// List the attempts that run
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Listed {
    agents: Vec<Agent>,
}

/// An attempt that is not over, with what its folder tells.
#[derive(Serialize)]
struct Agent {
    #[serde(flatten)]
    attempt: AttemptRecord,
    /// As `state`, and what was asked of it or reported by it.
    doing: &'static str,
    output_bytes: u64,
    /// The first process of the agent itself; `pid` is its shim's.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_pid: Option<u32>,
}

/// Lists them.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let live = ctx.read(|read| Ok(read.live_attempts()?))?;
    let folder = ctx.folder()?.to_owned();
    let agents: Vec<Agent> = live.iter().map(|attempt| agent(&folder, attempt)).collect();
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Listed { agents })?);
    }
    let mut table = Table::new([
        Column::fixed("ATTEMPT"),
        Column::flexible("TASK", 12),
        Column::fixed("STATE"),
        Column::fixed("ADAPTER").leaves(2),
        Column::fixed("SINCE"),
        Column::fixed("TOOK").leaves(1),
        Column::fixed("OUTPUT").to_the_right().leaves(3),
        Column::fixed("PID").to_the_right().leaves(4),
    ]);
    for (agent, attempt) in agents.iter().zip(&live) {
        table.row([
            Cell::from(attempt.reference.to_string()),
            Cell::new(attempt.task.as_str(), Tone::Cyan),
            Cell::new(agent.doing, if attempt.stop.is_some() { Tone::Yellow } else { Tone::Blue }),
            Cell::from(&attempt.adapter),
            Cell::new(ctx.time(attempt.created_at), Tone::Dim),
            Cell::new(attempts::took(ctx, attempt), Tone::Dim),
            Cell::from(text::bytes(agent.output_bytes)),
            Cell::new(agent.agent_pid.map(|pid| pid.to_string()).unwrap_or_default(), Tone::Dim),
        ]);
    }
    if table.is_empty() {
        return Ok(ctx.out.note("nothing runs")?);
    }
    Ok(ctx.out.table(&table)?)
}

fn agent(folder: &Path, attempt: &Attempt) -> Agent {
    let files = GraphFolder::new(folder).attempt(attempt.reference);
    let process = files.read_started().ok().flatten().and_then(|started| started.agent);
    Agent {
        attempt: AttemptRecord::of(attempt),
        doing: doing(attempt),
        output_bytes: std::fs::metadata(files.output()).map_or(0, |found| found.len()),
        agent_pid: process.map(|process| process.pid),
    }
}

/// Where it stands: what was asked of it or reported by it says more than that it runs.
fn doing(attempt: &Attempt) -> &'static str {
    match (&attempt.stop, &attempt.report, &attempt.state) {
        (Some(_), _, _) => "ending",
        (_, Some(Report::Done(_)), _) => "reported done",
        (_, Some(Report::Failed(_)), _) => "reported failed",
        (_, Some(Report::Waiting(_)), _) => "leaving to wait",
        (_, _, AttemptState::Starting) => "starting",
        (_, _, AttemptState::Running { .. } | AttemptState::Finished { .. }) => "running",
    }
}
