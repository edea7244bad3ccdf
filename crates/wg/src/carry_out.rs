//! Carrying out what was committed: who asks for the end of an attempt ends its processes too, whether a
//! dispatcher runs or not, and says so only when they are provably gone.
//!
//! The order: the end is committed, so that nothing of the attempt can start any more; then its whole tree is
//! ended; then that is recorded. Whoever dies in between leaves the rest to the next dispatcher or to the same
//! command again.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use wg_core::id::{AttemptRef, TaskId};
use wg_dispatch::files::GraphFolder;
use wg_dispatch::host::host_name;
use wg_dispatch::recover::{Concluder, Conclusion};

use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::style::Tone;
use crate::output::{Output, text, time};
use crate::wire::{self, SystemClock};

/// What became of an attempt whose end was carried out.
#[derive(Debug, Serialize)]
pub struct Carried {
    attempt: AttemptRef,
    task: TaskId,
    gone: bool,
    /// Why it can't be told that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

/// Ends those of `attempts` whose end is wanted, all at once, and tells people of each as its end is verified.
/// A worker carries out nothing: its dispatcher does.
pub fn ends(ctx: &mut Context, attempts: &[AttemptRef]) -> Result<Vec<Carried>> {
    if attempts.is_empty() || ctx.worker().is_some() {
        return Ok(Vec::new());
    }
    let wanted = ctx.read(|read| {
        let mut wanted = BTreeMap::new();
        for reference in attempts {
            if let Some((attempt, _)) = read.attempt(*reference)?
                && attempt.is_live()
                && attempt.stop.is_some()
            {
                wanted.insert(*reference, attempt.task);
            }
        }
        Ok(wanted)
    })?;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    ctx.out.flush()?;
    let references: Vec<AttemptRef> = wanted.keys().copied().collect();
    let graph = GraphFolder::new(ctx.folder()?);
    let host = host_name(&graph).map_err(|error| Failure::file("use", &graph.service(), &error))?;
    let (actor, config) = (ctx.actor()?, config::dispatch_config(ctx.config()?));
    let concluder =
        Concluder { graph: &graph, host: &host, actor: &actor, config: &config, clock: &SystemClock };
    let many = text::count(wanted.len() as u64, "attempt is", "attempts are");
    let grace = time::coarse(config.kill_grace);
    ctx.out.note(&format!("{many} told to end; what is left of it after {grace} is killed"))?;
    let mut carried = Vec::with_capacity(wanted.len());
    let mut written = Ok(());
    let (store, out) = ctx.store_and_output()?;
    concluder.conclude(store, &references, &mut |attempt, conclusion| {
        let task = wanted[&attempt].clone();
        let unknown = match conclusion {
            Conclusion::Gone(_) => None,
            Conclusion::Unknown(why) => Some(why.clone()),
        };
        let one = Carried { attempt, task, gone: unknown.is_none(), unknown };
        // Ending goes on although nobody reads of it any more.
        if written.is_ok() && !out.form.json {
            written = tell(out, &one);
        }
        carried.push(one);
    })?;
    wire::poke(graph.path(), None);
    written?;
    Ok(carried)
}

fn tell(out: &mut Output, carried: &Carried) -> io::Result<()> {
    let Carried { attempt, task, unknown, .. } = carried;
    let paint = out.paint();
    let task = paint.cyan(task.as_str());
    match unknown {
        None => writeln!(out, "{attempt} of {task} is gone")?,
        Some(why) => {
            let unknown = paint.tone(Tone::Red, "it can't be told whether it is gone");
            writeln!(out, "{attempt} of {task}: {unknown}: {why}")?;
        }
    }
    out.flush()
}

/// Ends what a change wants ended; that this can't be verified is a failure.
pub fn ends_or_fails(ctx: &mut Context, attempts: &[AttemptRef]) -> Result<()> {
    verified(&ends(ctx, attempts)?)
}

/// Fails where an end could not be verified.
pub fn verified(carried: &[Carried]) -> Result<()> {
    let unknown: Vec<&Carried> = carried.iter().filter(|carried| !carried.gone).collect();
    let names: Vec<String> = unknown.iter().map(|carried| carried.attempt.to_string()).collect();
    let reasons: Vec<&str> = unknown.iter().filter_map(|carried| carried.unknown.as_deref()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!("it can't be told whether these are gone: {}", names.join(", ")))
        .because(reasons.join("; "))
        .hint(format!("wg kill {} tries again", names.join(" ")))
        .hint("wg doctor"))
}
