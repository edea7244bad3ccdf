//! `wg export`: the graph as JSON lines.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use wg_core::port::Read;
use wg_store::export::{ExportError, export};

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;

/// Write the graph as JSON lines
///
/// The same graph gives the same bytes, so the file can be kept in git and compared. `wg import` reads it. What an
/// attempt did, and the operations, stay in the graph.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to; absent or -: standard output. A file that is there is replaced once the new one is whole
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Told<'a> {
    file: &'a Path,
    tasks: u64,
}

/// Writes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let Some(file) = args.file.filter(|file| file != Path::new("-")) else {
        return ctx.read_into_output(|read, out| export(read, out).map(drop).map_err(to_output));
    };
    let path = ctx.env.folder().join(&file);
    let tasks = ctx.read(|read| into_file(read, &path))?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { file: &file, tasks })?);
    }
    let tasks = text::count(tasks, "task", "tasks");
    Ok(writeln!(ctx.out, "{tasks} written to {}", file.display())?)
}

fn to_output(error: ExportError) -> Failure {
    match error {
        ExportError::Store(error) => error.into(),
        ExportError::Write(error) => error.into(),
    }
}

/// Beside the file first, so that a disk that is full leaves the old one; what is no file (`/dev/stderr`, a pipe)
/// is written to as it is.
fn into_file(read: &mut dyn Read, path: &Path) -> Result<u64> {
    let failed = |error: &io::Error| Failure::file("write", path, error);
    let direct = fs::metadata(path).is_ok_and(|found| !found.is_file());
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let target = if direct { path.to_owned() } else { PathBuf::from(draft) };
    let mut file = File::create(&target).map_err(|error| failed(&error))?;
    let written = export(read, &mut file).map_err(|error| match error {
        ExportError::Store(error) => error.into(),
        ExportError::Write(error) => failed(&error),
    });
    if direct {
        return written;
    }
    let kept = written.and_then(|tasks| {
        file.sync_all().and_then(|()| fs::rename(&target, path)).map_err(|error| failed(&error))?;
        Ok(tasks)
    });
    if kept.is_err() {
        // It is ours alone, and of no use to anybody.
        let _ = fs::remove_file(&target);
    }
    kept
}
