//! `wg attempt output`: what an attempt's agent wrote.

use std::io::{self, Write};

use serde::Serialize;
use wg_core::id::{AttemptRef, TaskId};
use wg_dispatch::files::{AttemptFolder, FileError, GraphFolder};
use wg_dispatch::supervise::output::{copy_whole, tail};

use super::follow;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;

/// Bytes of the end that are looked through for lines.
const LOOKED_THROUGH: u64 = 8 * 1024 * 1024;

/// Print what an attempt's agent wrote, also while it runs
///
/// Its standard output and standard error as they came. Of very long output the middle is missing, which is marked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The attempt, as in agent-7, or a task whose last one is meant
    #[arg(value_name = "ATTEMPT|TASK")]
    attempt: String,
    /// Go on with what it writes until it ends
    #[arg(short, long)]
    follow: bool,
    /// Only the first N lines
    #[arg(long, value_name = "N", conflicts_with_all = ["tail", "follow"])]
    head: Option<usize>,
    /// Only the last N lines
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
}

impl Args {
    /// Whether it waits for more.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follow
    }
}

#[derive(Serialize)]
struct Written<'a> {
    attempt: AttemptRef,
    task: &'a TaskId,
    running: bool,
    text: &'a str,
}

/// Prints it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let attempt = ctx.read(|read| resolve::attempt_of(read, &args.attempt))?;
    let folder = GraphFolder::new(ctx.folder()?).attempt(attempt.reference);
    if args.follow {
        return follow::run(ctx, &attempt, &folder, args.tail);
    }
    if !ctx.out.form.json && args.head.is_none() && args.tail.is_none() {
        ctx.out.page();
        let mut broken = None;
        let copied = copy_whole(&folder, &mut Watched { to: &mut ctx.out, broken: &mut broken });
        return match broken {
            Some(error) => Err(error.into()),
            None => absent_is_nothing(ctx, copied),
        };
    }
    let mut bytes = Vec::new();
    let read = match args.tail {
        Some(lines) => last_lines(&folder, lines).map(|(text, _)| bytes = text),
        None => copy_whole(&folder, &mut bytes),
    };
    absent_is_nothing(ctx, read)?;
    if let Some(lines) = args.head {
        bytes.truncate(end_of_line(&bytes, lines));
    }
    if !ctx.out.form.json {
        return Ok(ctx.out.write_all(&bytes)?);
    }
    let text = String::from_utf8_lossy(&bytes);
    let running = attempt.is_live();
    Ok(ctx.out.json(&Written { attempt: attempt.reference, task: &attempt.task, running, text: &text })?)
}

/// An attempt that has written nothing yet, or whose files were removed, is no error of who looks.
fn absent_is_nothing(ctx: &mut Context, read: std::result::Result<(), FileError>) -> Result<()> {
    match read {
        Ok(()) => Ok(()),
        Err(FileError::Absent(_)) => Ok(ctx.out.note("it has written nothing, or its files were removed")?),
        Err(error) => Err(Failure::refused("its output can't be read").because(error)),
    }
}

/// The last lines, and how many bytes were written in all.
pub fn last_lines(folder: &AttemptFolder, lines: usize) -> std::result::Result<(Vec<u8>, u64), FileError> {
    let (mut text, seen) = tail(folder, LOOKED_THROUGH)?;
    let body = text.strip_suffix(b"\n").unwrap_or(&text);
    let ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let from = match lines {
        0 => text.len(),
        lines => ends.map(|(at, _)| at + 1).nth(lines - 1).unwrap_or(0),
    };
    text.drain(..from);
    Ok((text, seen))
}

fn end_of_line(text: &[u8], lines: usize) -> usize {
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    match lines {
        0 => 0,
        lines => ends.map(|(at, _)| at + 1).nth(lines - 1).unwrap_or(text.len()),
    }
}

/// Tells errors of our own output from those of the file that is read.
struct Watched<'a> {
    to: &'a mut dyn Write,
    broken: &'a mut Option<io::Error>,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes).inspect_err(|error| *self.broken = Some(io::Error::from(error.kind())))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_with_and_without_an_end() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = AttemptFolder::new(scratch.path());
        let last = |text: &str, lines| {
            std::fs::write(folder.output(), text).unwrap();
            String::from_utf8(last_lines(&folder, lines).unwrap().0).unwrap()
        };
        assert_eq!(last("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last("a\nb\nc", 2), "b\nc");
        assert_eq!(last("a\n", 9), "a\n");
        assert_eq!(last("a\n", 0), "");
        assert_eq!(end_of_line(b"a\nb\nc", 2), 4);
        assert_eq!(end_of_line(b"a\nb", 5), 3);
        assert_eq!(end_of_line(b"a\nb", 0), 0);
    }
}
