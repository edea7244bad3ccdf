//! `wg service start`: starts the dispatcher, in the background or in the foreground.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::Serialize;
use wg_core::id::Actor;
use wg_dispatch::control::client;
use wg_dispatch::control::message::Request;
use wg_dispatch::daemon_lock::{Holder, LockError, holder};
use wg_dispatch::files::GraphFolder;
use wg_dispatch::supervise::linux;
use wg_dispatch::{ServeError, ServeOptions, serve};

use super::folder;
use crate::config::Config;
use crate::context::{Access, Context};
use crate::error::{Failure, Kind, Result};
use crate::migrate::Migration;
use crate::output::{sink, text};
use crate::wire::{self, SystemClock};
use crate::{config, daemon};

/// How long a dispatcher may take to look at what is there before it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Start the dispatcher, which runs what is ready
///
/// It goes on in the background, on its own, until `wg service stop`; its log is `wg service logs`. Comes back
/// when it answers. One dispatcher runs per graph: a second one is refused, and says who has it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Be the dispatcher, until SIGTERM or Ctrl-C: for containers and unit files
    #[arg(long)]
    foreground: bool,
    /// Leave the session of who started us, and let go of its terminal once up
    #[arg(long, hide = true, requires = "foreground")]
    detached: bool,
    /// Leave when who started us ends
    #[arg(long, hide = true, requires = "foreground", conflicts_with = "detached")]
    with_parent: bool,
}

#[derive(Serialize)]
struct Told {
    process: u32,
    slots: usize,
}

/// Starts it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    if args.foreground {
        return foreground(&args, ctx);
    }
    check(ctx)?;
    if let Some(holder) = holder(&folder(ctx)?) {
        return Err(taken(&holder));
    }
    let process = detached(ctx)?;
    let slots = ctx.surroundings()?.policy.max_agents;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { process, slots })?);
    }
    let agents = text::count(slots as u64, "agent", "agents");
    writeln!(ctx.out, "dispatcher started: process {process}, up to {agents} at once")?;
    let (control, _) = ctx.read(|read| Ok(read.control()?))?;
    if control.paused.is_some() {
        ctx.out.note("dispatching is paused, so nothing starts: wg service resume")?;
    }
    Ok(())
}

/// What would keep a dispatcher from starting is told before one is started.
pub(super) fn check(ctx: &mut Context) -> Result<()> {
    ctx.config()?;
    ctx.store().map(drop)
}

fn taken(holder: &Holder) -> Failure {
    let Holder { process, program, since } = holder;
    Failure::new(Kind::Conflict, "a dispatcher runs for this graph already")
        .because(format!("process {} (wg {program}) has its lock, since {since}", process.pid))
        .hint("wg service status")
}

/// Starts one in the background and waits until it answers; gives its process.
pub(super) fn detached(ctx: &mut Context) -> Result<u32> {
    let graph = ctx.folder()?.to_owned();
    let failed = |error: std::io::Error| Failure::refused("the dispatcher can't be started").because(error);
    let mut command = daemon::command(&graph);
    command.arg("--detached").stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(project) = graph.parent() {
        command.current_dir(project);
    }
    let mut child = command.spawn().map_err(failed)?;
    // It says one line when it is up, or nothing, and why on its standard error.
    let mut up = child.stdout.take().expect("it is piped");
    let mut fds = [PollFd::new(&up, PollFlags::IN)];
    let patience = Timespec::try_from(PATIENCE).expect("a minute");
    if poll(&mut fds, Some(&patience)).is_ok_and(|ready| ready == 0) {
        return Err(Failure::new(
            Kind::Later,
            format!("the dispatcher is not up yet (process {})", child.id()),
        )
        .hint("wg service status")
        .hint("wg service logs"));
    }
    let mut line = String::new();
    BufReader::new(&mut up).read_line(&mut line).map_err(failed)?;
    if line.is_empty() {
        let mut said = String::new();
        if let Some(mut errors) = child.stderr.take() {
            errors.read_to_string(&mut said).map_err(failed)?;
        }
        let status = child.wait().map_err(failed)?;
        return Err(did_not_start(&said, status));
    }
    client::call(&graph, Request::Ping)
        .map_err(|error| Failure::refused("the dispatcher started, but does not answer").because(error))?;
    Ok(child.id())
}

/// What it said of itself, as our own failure.
fn did_not_start(said: &str, status: std::process::ExitStatus) -> Failure {
    let part = |label: &str| said.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
    let kind = if status.code() == Some(4) { Kind::Conflict } else { Kind::Refused };
    let what =
        part("error:").map_or_else(|| format!("the dispatcher did not start ({status})"), str::to_owned);
    let mut failure = Failure::new(kind, what).hint("wg service logs");
    failure.cause = part("cause:").or(said.trim().lines().last()).map(str::to_owned);
    failure
}

/// Is the dispatcher.
fn foreground(args: &Args, ctx: &mut Context) -> Result<()> {
    // Before anything is opened here: what is open now is of who started us, and would be held for good.
    linux::close_inherited();
    if args.detached {
        linux::leave_session();
    }
    if args.with_parent {
        let failed =
            |error: rustix::io::Errno| Failure::refused("can't follow who started us").because(error);
        set_parent_process_death_signal(Some(Signal::TERM)).map_err(failed)?;
    }
    let graph = absolute(ctx.folder()?)?;
    let config = config::serve_config(ctx.config()?, &graph)?;
    let folder = GraphFolder::new(&graph);
    // A second one is refused before it touches the first one's log.
    if let Some(holder) = holder(&folder) {
        return Err(taken(&holder));
    }
    daemon::log(&folder, config.log, !args.detached && !args.with_parent)?;
    take_over(&graph);
    let (stored, env) = (graph.clone(), ctx.env.clone());
    let detached = args.detached;
    let ready = move || {
        sink::announce(&format!("the dispatcher runs: process {}", linux::own_pid()));
        if detached {
            sink::let_go();
        }
    };
    let options = ServeOptions {
        graph: folder,
        open_store: Arc::new(move || wire::open(&stored, Access::Write)),
        config,
        reload: Arc::new(move || {
            let config = Config::load(&env, Some(&graph)).map_err(|failure| failure.in_a_line())?;
            config::serve_config(&config, &graph).map_err(|failure| failure.in_a_line())
        }),
        shim_program: PathBuf::from(daemon::OURS),
        clock: Arc::new(SystemClock),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: Box::new(ready),
    };
    serve(options).map_err(|error| match error {
        ServeError::Lock(LockError::Held(Some(holder))) => taken(&holder),
        ServeError::Lock(error @ LockError::Held(None)) => Failure::new(Kind::Conflict, error.to_string()),
        ServeError::Store(error) => Failure::from(error),
        other => Failure::refused(other.to_string()),
    })
}

/// What older programs left of their chats is taken over before anything is decided; a line in the log for each.
fn take_over(graph: &Path) {
    let Ok(mut store) = wire::open(graph, Access::Write) else { return };
    let host = wg_dispatch::host::host_name(&GraphFolder::new(graph)).unwrap_or_default();
    let actor = Actor::Dispatcher(host);
    let mut migration =
        Migration { store: store.as_mut(), folder: graph, actor, now: wire::now(), dry_run: false };
    if migration.has_something() {
        for line in migration.run() {
            tracing::info!("{line}");
        }
    }
}

fn absolute(graph: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(graph).map_err(|error| Failure::file("find", graph, &error))
}
