//! Attempts: what the graph says of them against what is there, and what is there of attempts that the graph does
//! not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use wg_core::id::{AttemptRef, ChatNumber};
use wg_dispatch::daemon_lock::{self, DaemonLock};
use wg_dispatch::files::{self, AttemptFolder, GraphFolder, LaunchSpec, Run};
use wg_dispatch::host::host_name;
use wg_dispatch::recover::{Concluder, Conclusion, Repair, Step, findings, plan};
use wg_dispatch::supervise::{End, EndRequest, end_attempt};

use super::{Fix, Line, Standing};
use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;
use crate::wire::SystemClock;

const AREA: &str = "attempts";
/// How long a dispatcher that runs may take to put right what it sees: it does so at once.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Files of an attempt that the graph does not know, as after going back to a backup.
#[derive(Debug, Clone)]
pub struct Leftover {
    from: AttemptFolder,
    /// Where they are moved.
    pub to: PathBuf,
}

pub(super) fn look(ctx: &mut Context, folder: &Path) -> Result<Vec<Line>> {
    let graph = GraphFolder::new(folder);
    let host = match host_name(&graph) {
        Ok(host) => host,
        Err(error) => return Ok(vec![Line::new(AREA, Standing::Note, format!("not looked at: {error}"))]),
    };
    let watched = daemon_lock::holder(&graph).is_some();
    let deadline = Instant::now() + PATIENCE;
    let repairs = loop {
        let repairs = plan(&findings(ctx.store()?, &graph, &host)?);
        let quiet = repairs.iter().all(Repair::is_well);
        // What a dispatcher is at just now looks like something to be put right.
        if quiet || !watched || Instant::now() >= deadline {
            break repairs;
        }
        thread::sleep(PAUSE);
    };
    let mut lines = leftovers(ctx, &graph)?;
    let live = repairs.iter().filter(|repair| repair.is_well()).count();
    for repair in repairs.iter().filter(|repair| !repair.is_well()) {
        let line = Line::problem(AREA, repair.to_string());
        lines.push(match &repair.step {
            Step::Unknown { .. } => line.hint(format!("wg kill {}", repair.reference())),
            _ if watched => line.hint("the dispatcher should do that: wg service logs, wg service restart"),
            _ => line.fixed_by(Fix::Recover),
        });
    }
    if lines.is_empty() {
        let running = text::count(live as u64, "runs", "run");
        let how = if live > 0 && !watched { ", held by their shims" } else { "" };
        lines.push(Line::ok(AREA, format!("{running}{how}; no process and no file is left over")));
    }
    Ok(lines)
}

/// Folders of attempts that are not in the graph. One that begins just now is in it before its folder is made.
fn leftovers(ctx: &mut Context, graph: &GraphFolder) -> Result<Vec<Line>> {
    let entries = fs::read_dir(graph.attempts()).into_iter().flatten().flatten();
    let found: BTreeSet<AttemptRef> = entries
        .filter_map(|entry| {
            entry.file_name().to_str().filter(|name| name.starts_with("agent-"))?.parse().ok()
        })
        .collect();
    let unknown = ctx.read(|read| {
        let mut unknown = Vec::new();
        for reference in &found {
            if read.attempt(*reference)?.is_none() {
                unknown.push(*reference);
            }
        }
        Ok(unknown)
    })?;
    let lines = unknown.into_iter().map(|reference| {
        let from = graph.attempt(reference);
        let to = graph.path().join("leftover").join(reference.to_string());
        let what = format!("{reference}: the graph does not know it, but its files are there");
        Line::problem(AREA, what).fixed_by(Fix::Leftover(Leftover { from, to }))
    });
    Ok(lines.collect())
}

/// Ends what is left of an attempt that the graph does not know, and moves its files out of the way of the next
/// attempt of that name.
pub(super) fn clear(leftover: &Leftover) -> std::result::Result<(), String> {
    let Leftover { from, to } = leftover;
    let launch = files::read::<LaunchSpec>(&from.launch()).ok().map(|launch| launch.run);
    let run: Option<Run> = from.read_shim().ok().flatten().map(|shim| shim.run).or(launch);
    if let Some(run) = run {
        let shim = from.read_shim().ok().flatten().map(|file| file.shim);
        let request = EndRequest { folder: from, run, shim: shim.as_ref(), grace: LaunchSpec::KILL_GRACE };
        if let End::Unknown(why) = end_attempt(&request) {
            return Err(why);
        }
    }
    let moved = (|| {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        let free = (0..).map(|n| if n == 0 { to.clone() } else { to.with_extension(n.to_string()) });
        let free = free.into_iter().find(|path| !path.exists()).unwrap_or_else(|| to.clone());
        fs::rename(from.path(), free)
    })();
    moved.map_err(|error: std::io::Error| error.to_string())
}

/// Does what the plan says, with the dispatcher's lock held, so that none begins meanwhile; gives what could not be
/// put right, by attempt.
pub(super) fn recover(ctx: &mut Context, folder: &Path) -> Result<Vec<(String, String)>> {
    let graph = GraphFolder::new(folder);
    let now = ctx.now();
    let _lock = DaemonLock::take(&graph, "wg doctor", now)
        .map_err(|error| Failure::refused("attempts can't be put right").because(error))?;
    let host = host_name(&graph).map_err(|error| Failure::file("use", &graph.service(), &error))?;
    let (actor, config) = (ctx.actor()?, config::dispatch_config(ctx.config()?));
    let concluder =
        Concluder { graph: &graph, host: &host, actor: &actor, config: &config, clock: &SystemClock };
    let store = ctx.store()?;
    let repairs = plan(&findings(store, &graph, &host)?);
    let mut unrepaired = Vec::new();
    concluder.repair(store, &repairs, &mut |attempt, conclusion| {
        if let Conclusion::Unknown(why) = conclusion {
            unrepaired.push((attempt.to_string(), why.clone()));
        }
    })?;
    // What handlers had said last is in the graph now, and belongs into the histories.
    for repair in repairs.iter().filter(|repair| !repair.is_well()) {
        let Some(chat) = ChatNumber::of_task(&repair.attempt.task) else { continue };
        if let Err(why) = super::chats::complete(ctx, folder, chat) {
            unrepaired.push((repair.reference().to_string(), why));
        }
    }
    Ok(unrepaired)
}
