//! Carrying out what was committed: who asks for the end of an attempt ends its processes too, whether a
//! dispatcher runs or not, and says so only when they are provably gone.
//!
//! The order: the end is committed, so that nothing of the attempt can start any more; then its whole tree is
//! ended; then that is recorded. Whoever dies in between leaves the rest to the next dispatcher or to the same
//! command again.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use wg_core::attempt::AttemptKind;
use wg_core::id::{Actor, AttemptRef, ChatNumber, TaskId};
use wg_dispatch::files::{GraphFolder, Talk};
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
    #[serde(skip)]
    kind: AttemptKind,
    gone: bool,
    /// Why it can't be told that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

/// Ends those of `attempts` whose end is wanted, all at once, and tells people of each as its end is verified.
/// A worker carries out nothing: its dispatcher does. A chat's agent may ask for the end of others, so its shim, which
/// no agent can touch, carries that out; the agent's own end is left to the dispatcher, or nobody would hear of it.
pub fn ends(ctx: &mut Context, attempts: &[AttemptRef]) -> Result<Vec<Carried>> {
    let own = match ctx.worker() {
        Some(attempt) if attempt.kind == AttemptKind::Work => return Ok(Vec::new()),
        worker => worker.map(|attempt| attempt.reference),
    };
    let wanted = ctx.read(|read| {
        let mut wanted = BTreeMap::new();
        for reference in attempts {
            if Some(*reference) != own
                && let Some((attempt, _)) = read.attempt(*reference)?
                && attempt.is_live()
                && attempt.stop.is_some()
            {
                wanted.insert(*reference, (attempt.task, attempt.kind));
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
    // What is recorded is what was seen, and a shim has seen it as a dispatcher would.
    let actor = if own.is_some() { Actor::Dispatcher(host.clone()) } else { ctx.actor()? };
    let config = config::dispatch_config(ctx.config()?);
    let concluder =
        Concluder { graph: &graph, host: &host, actor: &actor, config: &config, clock: &SystemClock };
    ctx.out.note(&notice(wanted.values().map(|(_, kind)| *kind), config.kill_grace))?;
    let mut carried = Vec::with_capacity(wanted.len());
    let mut written = Ok(());
    let (store, out) = ctx.store_and_output()?;
    concluder.conclude(store, &references, &mut |attempt, conclusion| {
        let (task, kind) = wanted[&attempt].clone();
        let unknown = match conclusion {
            Conclusion::Gone(_) => None,
            Conclusion::Unknown(why) => Some(why.clone()),
        };
        let one = Carried { attempt, task, kind, gone: unknown.is_none(), unknown };
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

/// What is said while it is waited for.
fn notice(kinds: impl Iterator<Item = AttemptKind>, grace: Duration) -> String {
    let (mut agents, mut handlers) = (0, 0);
    for kind in kinds {
        match kind {
            AttemptKind::Work => agents += 1,
            AttemptKind::Handler => handlers += 1,
        }
    }
    let said = |n: u64, one: &str, many: &str, grace: Duration| {
        let it = if n == 1 { "it" } else { "them" };
        let told = text::count(n, one, many);
        format!("{told} told to end; what is left of {it} after {} is killed", time::coarse(grace))
    };
    match (agents, handlers) {
        (_, 0) => said(agents, "attempt is", "attempts are", grace),
        (0, _) => said(handlers, "handler is", "handlers are", Talk::FAREWELL_GRACE + grace),
        (_, _) => said(agents + handlers, "attempt is", "attempts are", Talk::FAREWELL_GRACE + grace),
    }
}

fn tell(out: &mut Output, carried: &Carried) -> io::Result<()> {
    let Carried { attempt, task, unknown, kind, .. } = carried;
    let paint = out.paint();
    let subject = match (kind, ChatNumber::of_task(task)) {
        (AttemptKind::Handler, Some(chat)) => {
            format!("{}: its handler {attempt}", paint.cyan(&chat.to_string()))
        }
        _ => format!("{attempt} of {}", paint.cyan(task.as_str())),
    };
    match unknown {
        None => writeln!(out, "{subject} is gone")?,
        Some(why) => {
            let unknown = paint.tone(Tone::Red, "it can't be told whether it is gone");
            writeln!(out, "{subject}: {unknown}: {why}")?;
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
