//! `wg service stop`: ends the dispatcher, and says what goes on without it.

use std::io::Write;
use std::time::Duration;

use rustix::process::Signal;
use serde::Serialize;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState};
use wg_core::chat::Drain;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_dispatch::control::client;
use wg_dispatch::daemon_lock::holder;
use wg_dispatch::files::{GraphFolder, Talk};
use wg_dispatch::supervise::linux::{Process, Verdict, verdict};

use super::folder;
use crate::carry_out;
use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;

/// How long a dispatcher that agreed to leave may take, beside what its agents take.
const LEAVING: Duration = Duration::from_secs(20);
/// How long one that does not answer may take after SIGTERM, and after SIGKILL.
const BY_FORCE: Duration = Duration::from_secs(5);

/// Stop the dispatcher; agents go on
///
/// Their shims hold them, and the next dispatcher takes them up again. Handlers of chats leave with it: who attaches
/// or writes later finds the same conversation. Works as well when the dispatcher hangs: then it is ended by force.
/// Comes back when it is gone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End the agents too; their tasks are open and paused then, as after `wg kill`
    #[arg(long)]
    kill_agents: bool,
}

/// How a dispatcher ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// It was asked, and left.
    Asked,
    /// It did not answer, and left on SIGTERM.
    Terminated,
    /// It did not do that either.
    Killed,
}

/// A dispatcher that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Stopped {
    pub(super) process: u32,
    pub(super) how: How,
}

#[derive(Serialize)]
struct Told<'a> {
    stopped: Option<Stopped>,
    /// Agents that go on.
    agents: Vec<Agent<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    attempt: AttemptRef,
    task: &'a TaskId,
}

/// Stops it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let stopped = stop(ctx, args.kill_agents, false)?;
    if !ctx.out.form.json {
        match stopped {
            Some(Stopped { process, how: How::Asked }) => {
                writeln!(ctx.out, "the dispatcher has left (process {process})")?;
            }
            Some(Stopped { process, .. }) => {
                writeln!(ctx.out, "the dispatcher did not answer and was ended (process {process})")?;
            }
            None => ctx.out.note("no dispatcher runs for this graph")?,
        }
        ctx.out.flush()?;
    }
    drain_handlers(ctx)?;
    if args.kill_agents {
        end_agents(ctx)?;
    }
    let agents = agents(ctx)?;
    if ctx.out.form.json {
        let agents =
            agents.iter().map(|agent| Agent { attempt: agent.reference, task: &agent.task }).collect();
        return Ok(ctx.out.json(&Told { stopped, agents })?);
    }
    go_on(ctx, &agents)
}

/// Ends the dispatcher, where one runs, and comes back when it is gone. Handlers of chats leave before it, but where
/// another dispatcher follows at once (`keep_chats`).
pub(super) fn stop(ctx: &mut Context, kill_agents: bool, keep_chats: bool) -> Result<Option<Stopped>> {
    let folder = folder(ctx)?;
    let Some(process) = dispatcher(&folder)? else { return Ok(None) };
    let by = ctx.actor()?.to_string();
    let grace = ctx.config()?.span(&config::STOP_GRACE).unwrap_or_default();
    let patience = match (kill_agents, keep_chats) {
        (false, true) => LEAVING,
        (true, true) => LEAVING + grace,
        (_, false) => LEAVING + Talk::FAREWELL_GRACE + grace,
    };
    let pid = process.pid();
    let asked = client::stop(folder.path(), kill_agents, Some(by), keep_chats).is_ok();
    if asked && process.wait(patience) {
        return Ok(Some(Stopped { process: pid, how: How::Asked }));
    }
    for (signal, how) in [(Signal::TERM, How::Terminated), (Signal::KILL, How::Killed)] {
        let failed = |error| Failure::refused(format!("process {pid} can't be ended")).because(error);
        process.signal(signal).map_err(failed)?;
        if process.wait(BY_FORCE) {
            return Ok(Some(Stopped { process: pid, how }));
        }
    }
    Err(Failure::refused(format!("the dispatcher (process {pid}) was killed, but is still there"))
        .because("it waits in the kernel, as for a disk that does not answer"))
}

/// The dispatcher of this graph, held by its identity.
pub(super) fn dispatcher(folder: &GraphFolder) -> Result<Option<Process>> {
    let Some(holder) = holder(folder) else { return Ok(None) };
    match verdict(&holder.process) {
        Verdict::Alive(process) => Ok(Some(process)),
        Verdict::Dead => Ok(None),
        Verdict::Unknown(why) => {
            Err(Failure::refused("it can't be told whether the dispatcher runs").because(why))
        }
    }
}

/// Lets go of handlers of chats that the dispatcher did not get to, or that run without one. Their chats are not
/// held by that.
fn drain_handlers(ctx: &mut Context) -> Result<()> {
    let handlers = ctx.read(|read| {
        let mut live = read.live_attempts()?;
        live.retain(|attempt| attempt.kind == AttemptKind::Handler);
        Ok(live)
    })?;
    for handler in handlers.iter().filter(|handler| handler.stop.is_none()) {
        if let Some(chat) = ChatNumber::of_task(&handler.task) {
            ctx.submit(Command::Chat(ChatCommand::Drain { chat, why: Drain::Service }))?;
        }
    }
    let handlers: Vec<AttemptRef> = handlers.iter().map(|handler| handler.reference).collect();
    carry_out::ends_or_fails(ctx, &handlers)
}

/// Ends what the dispatcher did not get to, or what runs without one.
fn end_agents(ctx: &mut Context) -> Result<()> {
    let live = ctx.read(|read| Ok(read.live_attempts()?))?;
    let live: Vec<AttemptRef> = live.iter().map(|attempt| attempt.reference).collect();
    if live.is_empty() {
        return Ok(());
    }
    ctx.submit(Command::Kill { attempts: live.clone(), why: "the service was stopped".into() })?;
    carry_out::ends_or_fails(ctx, &live)
}

/// Attempts whose agents run, handlers of chats apart.
pub(super) fn agents(ctx: &mut Context) -> Result<Vec<Attempt>> {
    let mut live = ctx.read(|read| Ok(read.live_attempts()?))?;
    live.retain(|attempt| {
        attempt.kind == AttemptKind::Work && matches!(attempt.state, AttemptState::Running { .. })
    });
    Ok(live)
}

/// Says what goes on without a dispatcher.
pub(super) fn go_on(ctx: &mut Context, agents: &[Attempt]) -> Result<()> {
    if agents.is_empty() {
        return Ok(());
    }
    let many = text::count(agents.len() as u64, "agent goes on", "agents go on");
    writeln!(ctx.out, "{many}:")?;
    for agent in agents {
        let task = ctx.out.paint().cyan(agent.task.as_str());
        writeln!(ctx.out, "  {}  {task}", agent.reference)?;
    }
    let hint = "wg service start takes them up again; wg service stop --kill-agents ends them";
    Ok(writeln!(ctx.out, "{}", ctx.out.paint().dim(hint))?)
}
