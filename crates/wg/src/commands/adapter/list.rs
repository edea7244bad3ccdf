//! `wg adapter list`: the adapters, and why one, or a program that one runs, is paused.

use std::collections::BTreeSet;

use serde::Serialize;
use wg_core::attempt::AttemptKind;
use wg_core::control::program_of;
use wg_core::id::ChatNumber;
use wg_core::port::Read;
use wg_core::time::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::output::{Cell, Column, Table, style::Tone};

/// List the adapters, and why one is paused
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Listed {
    adapters: Vec<Adapter>,
}

#[derive(Serialize)]
struct Adapter {
    name: String,
    /// The command line that this is about; absent: all of the adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    /// This program has it.
    known: bool,
    /// It is used for tasks that name none.
    default: bool,
    running: usize,
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// The adapter of each attempt that is live, and what would pause with it.
fn running(read: &mut dyn Read) -> Result<Vec<(String, String)>> {
    let mut running = Vec::new();
    for attempt in read.live_attempts()? {
        let chat = match ChatNumber::of_task(&attempt.task).filter(|_| attempt.kind == AttemptKind::Handler) {
            Some(number) => read.chat(number)?,
            None => None,
        };
        let by = chat.map_or_else(|| attempt.adapter.clone(), |(chat, _)| chat.run.provider().into_owned());
        running.push((attempt.adapter, by));
    }
    Ok(running)
}

/// Lists them.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let policy = ctx.surroundings()?.policy;
    let now = ctx.now();
    let (control, live) = ctx.read(|read| Ok((read.control()?.0, running(read)?)))?;
    // One that this program does not have may be paused all the same: by another version of it.
    let stopped = control
        .adapters
        .keys()
        .filter(|name| program_of(name).is_none() || control.adapter_pause(name, now).is_some());
    let here = || policy.adapters.iter().chain(&policy.chats_only);
    let names: BTreeSet<&String> = here().chain(stopped).collect();
    let adapters: Vec<Adapter> = names
        .into_iter()
        .map(|name| {
            let pause = control.adapter_pause(name, now);
            let (adapter, program) = match program_of(name) {
                Some((adapter, program)) => (adapter, Some(program)),
                None => (name.as_str(), None),
            };
            let runs = |(runs, by): &&(String, String)| runs == adapter && program.is_none_or(|_| by == name);
            Adapter {
                known: here().any(|known| known == adapter),
                default: policy.default_adapter.as_ref() == Some(name),
                running: live.iter().filter(runs).count(),
                paused: pause.is_some(),
                reason: pause.map(|pause| pause.reason.clone()),
                since: pause.map(|pause| pause.at),
                until: pause.and_then(|pause| pause.until),
                name: adapter.to_owned(),
                program: program.map(str::to_owned),
            }
        })
        .collect();
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Listed { adapters })?);
    }
    let mut table = Table::new([
        Column::flexible("ADAPTER", 12),
        Column::fixed("STATE"),
        Column::fixed("RUNNING").to_the_right().leaves(3),
        Column::fixed("SINCE").leaves(2),
        Column::fixed("UNTIL").leaves(1),
        Column::flexible("WHY", 12).leaves(4),
    ]);
    for adapter in &adapters {
        let (state, tone) = match adapter {
            Adapter { paused: true, .. } => ("paused", Tone::Yellow),
            Adapter { known: false, .. } => ("unknown here", Tone::Dim),
            Adapter { default: true, .. } => ("ready, default", Tone::Green),
            Adapter { .. } => ("ready", Tone::Green),
        };
        let time =
            |at: Option<Timestamp>| Cell::new(at.map(|at| ctx.time(at)).unwrap_or_default(), Tone::Dim);
        table.row([
            match &adapter.program {
                Some(program) => Cell::from(format!("{}: {program}", adapter.name)),
                None => Cell::from(&adapter.name),
            },
            Cell::new(state, tone),
            Cell::from(adapter.running.to_string()),
            time(adapter.since),
            time(adapter.until),
            Cell::from(adapter.reason.as_deref().unwrap_or_default()),
        ]);
    }
    Ok(ctx.out.table(&table)?)
}
