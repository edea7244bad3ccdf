//! `wg import`: brings a graph in from a file.

mod counted;
mod told;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use wg_core::command::Command;
use wg_core::rejection::Rejection;
use wg_core::submit::Receipt;
use wg_store::import::{Format, ImportError, Imported, Options};

use self::counted::Counted;
use self::told::Outcome;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::progress::Progress;

/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// Bring tasks in from a file
///
/// Reads what `wg export` writes, and the graphs of two other programs (graph.jsonl, with the histories of its
/// chats in the folder chat/ beside it, and issues.jsonl). Every line is accounted for. No chat starts by it. One
/// import is one operation, which `wg undo` takes back. Imported again, a file changes only what was not changed
/// here since, and never a state; what is not in it stays.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is written in: workgraph, wg or beads; found out where absent
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Say what would come of it, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import what can be read although some lines can't
    #[arg(long)]
    keep_going: bool,
    /// Let open tasks start; else they arrive paused
    #[arg(long)]
    run: bool,
}

/// Brings it in.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let options = Options {
        name: args.file.display().to_string(),
        format: args.format,
        keep_going: args.keep_going,
        run: args.run,
        now: ctx.now(),
        beside: beside(&args, ctx),
    };
    let mut progress =
        Progress::of(format!("reading {}", options.name), size(&args, ctx), !ctx.out.form.json);
    let Imported { import, report } = match read(&args, ctx, &options, &mut progress)? {
        Ok(imported) => imported,
        Err(error) => return refused(ctx, &args, error),
    };
    if import.tasks.is_empty() && import.chats.is_empty() {
        drop(progress);
        return told::tell(ctx, &report, &Outcome::Nothing("there is no task in it".into()));
    }
    let tasks = import.tasks.len();
    progress.then(&format!("taking in {tasks} tasks"));
    let command = Command::Import(Box::new(import));
    let outcome = if args.dry_run { ctx.rehearse(&command)? } else { ctx.try_submit(command)? };
    drop(progress);
    let outcome = match outcome {
        Ok(receipt) if args.dry_run => Outcome::Rehearsed(receipt.notes),
        Ok(Receipt { operation, notes, .. }) => Outcome::Done { operation, notes },
        Err(Rejection::Nothing(why)) => Outcome::Nothing(why),
        Err(rejection) => return Err(rejection.into()),
    };
    told::tell(ctx, &report, &outcome)?;
    if report.tasks.paused > 0 && !args.run && matches!(outcome, Outcome::Done { .. }) {
        ctx.out.note("open tasks arrived paused; `wg resume TASK` (or --all) lets them start")?;
    }
    Ok(())
}

/// Where what belongs to the file lies; nowhere where it comes from standard input.
fn beside(args: &Args, ctx: &Context) -> Option<PathBuf> {
    let path = ctx.env.folder().join(&args.file);
    path.parent().filter(|_| args.file != Path::new("-")).map(Path::to_owned)
}

fn size(args: &Args, ctx: &Context) -> u64 {
    std::fs::metadata(ctx.env.folder().join(&args.file)).map_or(0, |found| found.len())
}

fn read(
    args: &Args,
    ctx: &mut Context,
    options: &Options,
    progress: &mut Progress,
) -> Result<std::result::Result<Imported, ImportError>> {
    let path = ctx.env.folder().join(&args.file);
    if path.is_dir() {
        return Ok(wg_store::import::read_file(&path, options, None));
    }
    let mut input: Box<dyn BufRead> = if args.file == Path::new("-") {
        ctx.input()
    } else {
        match File::open(&path) {
            Ok(file) => Box::new(BufReader::with_capacity(BUFFER, file)),
            Err(source) => return Ok(Err(unopenable(options, source))),
        }
    };
    let mut counted = Counted::new(&mut *input, progress);
    ctx.read(|graph| Ok(wg_store::import::read(&mut counted, options, Some(graph))))
}

fn unopenable(options: &Options, source: io::Error) -> ImportError {
    ImportError::Unopenable { name: options.name.clone(), source }
}

/// Nothing was changed; where lines are the reason, they are told.
fn refused(ctx: &mut Context, args: &Args, error: ImportError) -> Result<()> {
    let message = error.to_string();
    Err(match error {
        ImportError::Problems { report } => {
            told::problems(ctx, &report)?;
            Failure::refused(message)
                .because("nothing was changed")
                .hint(format!("wg import {} --keep-going  (imports the rest)", args.file.display()))
        }
        ImportError::Unopenable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Failure::not_found(message).because(source)
        }
        ImportError::Unopenable { source, .. } => Failure::refused(message).because(source),
        ImportError::Folder { found: Some(file), .. } => {
            Failure::usage(message).hint(format!("wg import {}", file.display()))
        }
        ImportError::Store(error) => error.into(),
        _ => Failure::refused(message),
    })
}
