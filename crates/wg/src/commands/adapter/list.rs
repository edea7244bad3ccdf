//! `wg adapter list`: the adapters, and why one is paused.

use std::collections::BTreeSet;

use serde::Serialize;
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

/// Lists them.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let policy = ctx.surroundings()?.policy;
    let now = ctx.now();
    let (control, live) = ctx.read(|read| Ok((read.control()?.0, read.live_attempts()?)))?;
    // One that this program does not have may be paused all the same: by another version of it.
    let names: BTreeSet<&String> = policy.adapters.iter().chain(control.adapters.keys()).collect();
    let adapters: Vec<Adapter> = names
        .into_iter()
        .map(|name| {
            let pause = control.adapter_pause(name, now);
            Adapter {
                known: policy.adapters.contains(name),
                default: policy.default_adapter.as_ref() == Some(name),
                running: live.iter().filter(|attempt| attempt.adapter == *name).count(),
                paused: pause.is_some(),
                reason: pause.map(|pause| pause.reason.clone()),
                since: pause.map(|pause| pause.at),
                until: pause.and_then(|pause| pause.until),
                name: name.clone(),
            }
        })
        .collect();
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Listed { adapters })?);
    }
    let mut table = Table::new([
        Column::fixed("ADAPTER"),
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
            Cell::from(&adapter.name),
            Cell::new(state, tone),
            Cell::from(adapter.running.to_string()),
            time(adapter.since),
            time(adapter.until),
            Cell::from(adapter.reason.as_deref().unwrap_or_default()),
        ]);
    }
    Ok(ctx.out.table(&table)?)
}
