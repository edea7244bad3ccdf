//! `wg attempt show`: everything that is known of one attempt.

use std::fs;
use std::io::{self, Write};

use serde::Serialize;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState, ProcessIdentity, Report, Stop};
use wg_core::id::{AttemptRef, Fence, TaskId};
use wg_dispatch::files::{AttemptFolder, EndedBy, ExitRecord, GraphFolder, Started};
use wg_dispatch::supervise::sandbox::Level;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::output::{text, time};
use crate::telling::attempts;
use crate::telling::record::AttemptRecord;

/// Tell all about one attempt
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The attempt, as in agent-7, or a task whose last one is meant
    #[arg(value_name = "ATTEMPT|TASK")]
    attempt: String,
    /// Print what its agent was told to do, and nothing else
    #[arg(long)]
    prompt: bool,
}

/// What an agent was told.
#[derive(Serialize)]
struct Told<'a> {
    attempt: AttemptRef,
    task: &'a TaskId,
    prompt: &'a str,
}

/// An attempt with what its folder tells.
#[derive(Serialize)]
struct Shown {
    attempt: AttemptRecord,
    fence: Fence,
    mark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<Stop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shim: Option<ProcessIdentity>,
    /// The sandbox that it is in; absent where it is in none of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Started>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<ExitRecord>,
    /// Files that can't be understood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trouble: Vec<String>,
    files: Vec<FileOf>,
}

#[derive(Serialize)]
struct FileOf {
    name: String,
    bytes: u64,
}

/// Tells it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let attempt = ctx.read(|read| resolve::attempt_of(read, &args.attempt))?;
    let folder = GraphFolder::new(ctx.folder()?).attempt(attempt.reference);
    if args.prompt {
        return prompt(ctx, &attempt, &folder);
    }
    let mut trouble = Vec::new();
    let (started, exit) = (folder.read_started(), folder.read_exit());
    let started = started.unwrap_or_else(|error| {
        trouble.push(error.to_string());
        None
    });
    let exit = exit.unwrap_or_else(|error| {
        trouble.push(error.to_string());
        None
    });
    let launch = folder.read_launch().unwrap_or_else(|error| {
        trouble.push(error.to_string());
        None
    });
    let shown = Shown {
        attempt: AttemptRecord::of(&attempt),
        fence: attempt.fence,
        mark: attempt.mark(),
        report: attempt.report.clone(),
        stop: attempt.stop.clone(),
        timeout_seconds: attempt.timeout.map(|timeout| timeout.as_secs_f64()),
        shim: attempt.shim.clone(),
        sandbox: launch.as_ref().and_then(|launch| launch.sandbox.as_ref()).map(|sandbox| sandbox.level),
        started,
        exit,
        trouble,
        files: files(&folder),
    };
    if ctx.out.form.json {
        return Ok(ctx.out.json(&shown)?);
    }
    ctx.out.page();
    let paint = ctx.out.paint();
    let task = paint.cyan(attempt.task.as_str());
    writeln!(
        ctx.out,
        "{}: attempt {} of {task}",
        paint.bold(&attempt.reference.to_string()),
        attempt.number
    )?;
    let lines = lines(ctx, &attempt, &shown, &folder);
    let room = ctx.out.form.width.map_or(usize::MAX, |width| width.saturating_sub(11));
    for (label, said) in lines {
        let said = text::block(&said);
        let (first, rest) = said.split_once('\n').unwrap_or((&said, ""));
        writeln!(ctx.out, "{}  {}", paint.dim(&format!("{label:9}")), text::cut(first, room))?;
        for line in rest.lines() {
            writeln!(ctx.out, "{:11}{}", "", text::cut(line, room))?;
        }
    }
    Ok(())
}

/// Prints the prompt as it is in its file.
fn prompt(ctx: &mut Context, attempt: &Attempt, folder: &AttemptFolder) -> Result<()> {
    let path = folder.prompt();
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_prompt(attempt, folder)),
        Err(error) => return Err(Failure::file("read", &path, &error)),
    };
    if ctx.out.form.json {
        let told = Told { attempt: attempt.reference, task: &attempt.task, prompt: &text };
        return Ok(ctx.out.json(&told)?);
    }
    ctx.out.page();
    Ok(ctx.out.write_all(text.as_bytes())?)
}

/// Why there is none, as far as that can be told.
fn no_prompt(attempt: &Attempt, folder: &AttemptFolder) -> Failure {
    let reference = attempt.reference;
    let why = if attempt.adapter == "shell" {
        "its task has a command, which is run as it is: nobody is told anything"
    } else if attempt.kind == AttemptKind::Handler {
        "it serves a chat: its agent is told what is said there"
    } else if !folder.path().exists() {
        "its files were removed (retention.age, retention.size), or never made"
    } else {
        "none was written before it was over"
    };
    Failure::not_found(format!("there is no prompt of {reference}"))
        .because(why)
        .hint(format!("wg attempt show {reference}"))
}

/// What is said of it: a label and a text each.
fn lines(
    ctx: &Context,
    attempt: &Attempt,
    shown: &Shown,
    folder: &AttemptFolder,
) -> Vec<(&'static str, String)> {
    let mut lines = vec![("outcome", attempts::outcome(attempt).0)];
    let report = attempt.report.as_ref().map(|report| match report {
        Report::Done(None) => "done".to_owned(),
        Report::Done(Some(summary)) => format!("done: {}", text::line(summary)),
        Report::Failed(reason) => format!("failed: {}", text::line(reason)),
        Report::Waiting(on) => format!("waits for {on}"),
    });
    lines.extend(report.map(|report| ("report", report)));
    let stop = attempt.stop.as_ref();
    lines.extend(
        stop.map(|stop| ("stop", format!("{} by {}: {}", ctx.time(stop.at), stop.by, text::line(&stop.why)))),
    );
    let with = attempt.model.as_ref().map_or_else(String::new, |model| format!(", model {model}"));
    lines.push(("adapter", format!("{}{with}, on {}", attempt.adapter, attempt.host)));
    lines.extend(shown.sandbox.map(|level| ("sandbox", level.to_string())));
    let progress = &attempt.progress;
    lines.extend(progress.session.as_ref().map(|session| ("session", text::line(session))));
    let used = progress.usage();
    lines.extend((!used.is_empty()).then(|| ("used", attempts::used(&used))));
    lines.extend(progress.words.as_ref().map(|words| ("said", words.clone())));
    lines.push(("decided", ctx.time(attempt.created_at)));
    let began = shown.started.as_ref().map(|started| started.at);
    let began = shown.exit.as_ref().and_then(|exit| exit.started_at).or(began);
    let began = began.filter(|at| *at >= attempt.created_at);
    lines.extend(began.map(|at| {
        let after = time::coarse(at.since(attempt.created_at));
        ("started", format!("{}, {after} later", ctx.time(at)))
    }));
    if let AttemptState::Finished { at, .. } = &attempt.state {
        lines.push(("ended", format!("{}, took {}", ctx.time(*at), attempts::took(ctx, attempt))));
    }
    lines.extend(attempt.timeout.map(|timeout| ("timeout", time::coarse(timeout))));
    lines.push(("fence", format!("{} (mark {})", attempt.fence, shown.mark)));
    let shim = shown.started.as_ref().map(|started| &started.shim).or(attempt.shim.as_ref());
    lines.extend(shim.map(|shim| ("shim", process(shim))));
    let agent = shown.started.as_ref().and_then(|started| started.agent.as_ref());
    lines.extend(agent.map(|agent| ("agent", process(agent))));
    if let Some(exit) = &shown.exit {
        lines.push(("exit", how(exit)));
        let (seen, kept) = (exit.output.seen, exit.output.kept);
        let cut = if kept < seen { format!(", {} kept", text::bytes(kept)) } else { String::new() };
        lines.push(("output", format!("{} bytes{cut}", text::bytes(seen))));
    }
    lines.extend(shown.trouble.iter().map(|trouble| ("trouble", trouble.clone())));
    let listed: Vec<String> =
        shown.files.iter().map(|file| format!("{:>6}  {}", text::bytes(file.bytes), file.name)).collect();
    match listed.is_empty() {
        true => lines.push(("files", "none (any more)".to_owned())),
        false => lines.push(("files", format!("{}\n{}", folder.path().display(), listed.join("\n")))),
    }
    lines
}

fn process(process: &ProcessIdentity) -> String {
    format!("process {} (start time {}, boot {})", process.pid, process.start_time, process.boot)
}

fn how(exit: &ExitRecord) -> String {
    let status = exit.status.map(|status| format!("{status}, ")).unwrap_or_default();
    let by = match &exit.ended_by {
        EndedBy::Process => "left by itself".to_owned(),
        EndedBy::SpawnFailed { text, .. } => format!("could not be executed: {text}"),
        EndedBy::Unconfined { why } => format!("never executed: its sandbox can't be had: {why}"),
        EndedBy::Deadline => "ended by its deadline".to_owned(),
        EndedBy::Stop => "ended because somebody asked".to_owned(),
        EndedBy::Lingered => "ended because it did not leave when it was done".to_owned(),
        EndedBy::Alone => "ended because nobody was there any more".to_owned(),
        EndedBy::Refused { why } => format!("never executed: {why}"),
    };
    let gone = if exit.tree_gone { "nothing of it is left" } else { "something of it may be left" };
    format!("{status}{by}; {gone}")
}

fn files(folder: &AttemptFolder) -> Vec<FileOf> {
    let Ok(entries) = fs::read_dir(folder.path()) else { return Vec::new() };
    let mut files: Vec<FileOf> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let data = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(FileOf { name: entry.file_name().to_string_lossy().into_owned(), bytes: data.len() })
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}
