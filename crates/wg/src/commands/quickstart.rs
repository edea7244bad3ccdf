//! `wg quickstart`: the first minute.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use wg_core::command::Command;
use wg_core::port::Store;
use wg_core::submit::{Request, submit_batch};
use wg_dispatch::control::client;
use wg_dispatch::supervise::linux::Process;

use crate::config::{self, Value};
use crate::context::{Access, Context};
use crate::error::{Failure, Result};
use crate::output::text::wrap;
use crate::output::{Output, sink};
use crate::quickstart::picture::seconds;
use crate::quickstart::scene::{Scene, Stand};
use crate::quickstart::{Ending, News, Scratch, channel, play, story};
use crate::{carry_out, daemon, wire};

/// Agents at once.
const SLOTS: u64 = 4;
/// Long enough to be seen, short enough to be waited for; a graph's own default is 30 s.
const FIRST_PAUSE: Duration = Duration::from_millis(1_200);
/// How long a dispatcher that was asked to leave may take.
const LEAVING: Duration = Duration::from_secs(15);

/// See workgraph work: a small graph, done while you watch
///
/// Makes a graph of a dozen tasks in a scratch folder, starts a dispatcher on it, and shows how agents work
/// through it: side by side where they can, one after another where they must, and once more where one fails.
/// The agents are shell commands and need no account. Ctrl-C ends it and everything it started.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the folder for a look around
    #[arg(long)]
    keep: bool,
    /// Use this new or empty folder, and leave it
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// What came of it, for programs.
#[derive(Serialize)]
struct Told<'a> {
    tasks: usize,
    done: usize,
    attempts: usize,
    retried: Vec<&'a str>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'a Path>,
}

/// Plays it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let mut scratch = match &args.folder {
        Some(folder) => Scratch::named(&ctx.env, folder)?,
        None => Scratch::temporary(&ctx.env, ctx.now(), args.keep)?,
    };
    let graph = scratch.folder().join(crate::finding::locate::FOLDER);
    let mut store = prepare(ctx, scratch.folder(), &graph)?;
    let (tell, news) = channel();
    let changed = tell.clone();
    let _watching = store.watch(Box::new(move || {
        // Where there is no room, a change is told of already.
        let _ = changed.try_send(News::Changed);
    }))?;
    let dispatcher = Dispatcher::start(scratch.folder(), &graph, tell)?;
    let slots = usize::try_from(SLOTS).expect("a few");
    let ending = play(&mut ctx.out, store.as_mut(), news, slots);
    let left = dispatcher.end(ctx, &graph);
    match ending? {
        Ending::Over(scene) => {
            let good = scene.done() == scene.rows.len();
            if !good {
                scratch.keep();
            }
            tell_end(ctx, &scene, &scratch)?;
            left?;
            if good { Ok(()) } else { Err(Failure::refused("not every task could be done")) }
        }
        Ending::Stopped => {
            left?;
            Err(Failure::refused("stopped; nothing of it runs any more"))
        }
        Ending::Gone(why) => {
            Err(Failure::refused("the dispatcher left before the work was done").because(why))
        }
    }
}

/// Makes the graph.
fn prepare(ctx: &Context, folder: &Path, graph: &Path) -> Result<Box<dyn Store>> {
    std::fs::create_dir(graph).map_err(|error| Failure::file("make", graph, &error))?;
    drop(wire::create(graph)?);
    let settings = graph.join("config.toml");
    config::set(&settings, &config::MAX_AGENTS, &Value::Count(SLOTS))?;
    config::set(&settings, &config::RETRY_FIRST, &Value::Span(FIRST_PAUSE))?;
    // For whoever looks around afterwards; workers find theirs by their dispatcher.
    let bin = folder.join("bin");
    std::fs::create_dir(&bin)
        .and_then(|()| symlink(daemon::program(), bin.join("wg")))
        .map_err(|error| Failure::file("make", &bin, &error))?;
    let mut store = wire::open(graph, Access::Write)?;
    let actor = ctx.actor()?;
    let requests: Vec<Request> = story::tasks()
        .into_iter()
        .map(|task| Request { actor: actor.clone(), command: Command::Add(Box::new(task)) })
        .collect();
    for receipt in submit_batch(store.as_mut(), &requests, ctx.now())? {
        receipt?;
    }
    Ok(store)
}

/// The dispatcher of the scratch graph: our child, in a process group of its own, so that Ctrl-C reaches us
/// alone; should we be killed, the kernel tells it to leave.
struct Dispatcher {
    process: Process,
    waiter: JoinHandle<()>,
}

impl Dispatcher {
    fn start(folder: &Path, graph: &Path, tell: mpsc::Sender<News>) -> Result<Self> {
        let failed =
            |error: std::io::Error| Failure::refused("the dispatcher can't be started").because(error);
        let mut command = daemon::command(graph);
        command.arg("--with-parent").current_dir(folder);
        let child = command.process_group(0).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let process = Process::of(child.id()).map_err(failed)?;
        let waiter = thread::spawn(move || {
            let said = child.wait_with_output().map(|left| (left.status, left.stderr));
            let said = said.map_or_else(
                |error| error.to_string(),
                |(status, said)| {
                    let said = String::from_utf8_lossy(&said);
                    if said.trim().is_empty() { status.to_string() } else { said.trim().to_owned() }
                },
            );
            // Nobody listens any more where it was us who ended it.
            let _ = tell.blocking_send(News::Gone(said));
        });
        Ok(Self { process, waiter })
    }

    /// Ends it with all that it started, and comes back when nothing is left.
    fn end(self, ctx: &mut Context, graph: &Path) -> Result<()> {
        let by = ctx.actor()?.to_string();
        let asked =
            client::stop(graph, true, Some(by), false).and_then(|(_, mut talk)| talk.until_closed(LEAVING));
        if !asked.is_ok_and(|closed| closed) {
            // It was not up yet, or does not answer.
            let _ = self.process.signal(rustix::process::Signal::TERM);
            if !self.process.wait(LEAVING) {
                let _ = self.process.signal(rustix::process::Signal::KILL);
            }
        }
        // It ends at once now: it was seen to leave, or killed.
        let _ = self.waiter.join();
        end_agents(ctx, graph)
    }
}

/// Ends the agents that a dispatcher left behind: none, unless it was killed.
fn end_agents(ctx: &Context, graph: &Path) -> Result<()> {
    let (out, env) = (Output::to_memory(ctx.out.form), ctx.env.clone());
    let mut inside = Context::of_person(out, env, Access::Write, Some(graph.to_owned()));
    let live = inside.read(|read| Ok(read.live_attempts()?))?;
    let live: Vec<_> = live.iter().map(|attempt| attempt.reference).collect();
    if live.is_empty() {
        return Ok(());
    }
    inside.submit(Command::Kill { attempts: live.clone(), why: "the quickstart ended".into() })?;
    carry_out::ends_or_fails(&mut inside, &live)
}

fn tell_end(ctx: &mut Context, scene: &Scene, scratch: &Scratch) -> Result<()> {
    let attempts: usize = scene.rows.iter().map(|row| row.runs.len()).sum();
    let again = scene.rows.iter().filter(|row| row.runs.len() > 1);
    let retried: Vec<&str> = again.map(|row| row.id.as_str()).collect();
    let now = ctx.now();
    let took = scene.began().map(|began| scene.until(now).since(began)).unwrap_or_default();
    let folder = scratch.is_kept().then(|| scratch.folder());
    if ctx.out.form.json {
        let (tasks, done) = (scene.rows.len(), scene.done());
        let told = Told { tasks, done, attempts, retried, seconds: took.as_secs_f64(), folder };
        return Ok(ctx.out.json(&told)?);
    }
    let mut said = format!("{attempts} attempts");
    if !sink::on_terminal() {
        said = format!("{} of {} tasks done by {said} in {}", scene.done(), scene.rows.len(), seconds(took));
    }
    let mut news: Vec<String> = retried.iter().map(|id| format!("{id} was retried")).collect();
    let filed =
        scene.rows.iter().filter_map(|row| Some(format!("{} filed {}", row.filed_by.as_ref()?, row.id)));
    news.extend(filed);
    if !news.is_empty() {
        said = format!("{said}: {}", news.join(", "));
    }
    let width = ctx.out.form.width.map(|width| width.saturating_sub(2));
    for line in wrap(&format!("{said}."), width) {
        writeln!(ctx.out, "  {line}")?;
    }
    for row in &scene.rows {
        if let Stand::Failed(why) = &row.stand {
            writeln!(ctx.out, "  {}: {why}", row.id)?;
        }
    }
    writeln!(ctx.out)?;
    next(ctx, folder)?;
    Ok(ctx.out.flush()?)
}

/// What to type next.
fn next(ctx: &mut Context, folder: Option<&Path>) -> Result<()> {
    let paint = ctx.out.paint();
    let found = is_found(ctx);
    // Within the folder that is to be looked at, workers find it so, too.
    let wg = if found || folder.is_none() { "wg" } else { "bin/wg" };
    let (title, lines) = match folder {
        Some(folder) => (
            "Look around:",
            [
                format!("cd {}", folder.display()),
                format!("{wg} list --all; {wg} graph"),
                format!("{wg} show try-preview; {wg} op log"),
            ],
        ),
        None => (
            "In a project of yours:",
            [
                format!("{wg} init"),
                format!("{wg} add \"Say hello\" --exec \"echo hello\""),
                format!("{wg} service start"),
            ],
        ),
    };
    // Beside the commands where there is room, else above them.
    let beside = ctx.out.form.width.is_none_or(|width| width >= 72);
    let title = if ctx.out.form.width.is_some_and(|width| width < 30) { "Next:" } else { title };
    if !beside {
        writeln!(ctx.out, "  {}", paint.bold(title))?;
    }
    for (n, line) in lines.iter().enumerate() {
        match (beside, n) {
            (true, 0) => write!(ctx.out, "  {}  ", paint.bold(title))?,
            (true, _) => write!(ctx.out, "  {:wide$}  ", "", wide = title.len())?,
            (false, _) => write!(ctx.out, "  ")?,
        }
        writeln!(ctx.out, "{}", paint.cyan(line))?;
    }
    if !found && folder.is_none() {
        writeln!(ctx.out, "  {}", paint.dim(&format!("wg is {}", daemon::program().display())))?;
    }
    Ok(())
}

/// Whether the shell finds this very program by its name.
fn is_found(ctx: &Context) -> bool {
    let ours = daemon::program();
    let same = |path: &Path| std::fs::canonicalize(path).is_ok_and(|path| path == ours);
    let path = ctx.env.var("PATH").unwrap_or_default();
    path.split(':').any(|folder| same(&Path::new(folder).join("wg")))
}
