//! Following what an agent writes: it sleeps until the attempt's folder or the graph changes.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::id::AttemptRef;
use wg_dispatch::files::{AttemptFolder, FileError, OutputCount, Run};
use wg_dispatch::supervise::output::{copy_whole, tail};

use super::output::last_lines;
use crate::context::Context;
use crate::error::{Failure, Kind, Result};

/// What is printed of an attempt that is followed, and how it ended.
#[derive(Serialize)]
struct Piece<'a> {
    attempt: AttemptRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
}

/// Prints what there is (or its last lines) and what comes, until the attempt is over.
pub fn run(ctx: &mut Context, attempt: &Attempt, folder: &AttemptFolder, last: Option<usize>) -> Result<()> {
    let watched = Watched::new(ctx, folder)?;
    let mut printed = 0;
    if let Some(lines) = last {
        match last_lines(folder, lines) {
            Ok((text, seen)) => {
                print(ctx, attempt.reference, &text)?;
                printed = seen;
            }
            Err(FileError::Absent(_)) => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    loop {
        // The record of the end is there before the graph says so, and all output before the record.
        let finished = ctx.read(|read| {
            let now = read.attempt(attempt.reference)?.map(|(attempt, _)| attempt);
            Ok(now.and_then(|now| now.outcome().map(ToString::to_string)))
        })?;
        let (text, seen) = news(folder, printed, exit(folder, attempt))?;
        print(ctx, attempt.reference, &text)?;
        printed = seen.max(printed);
        if let Some(outcome) = &finished {
            if ctx.out.form.json {
                ctx.out.json(&Piece { attempt: attempt.reference, text: None, outcome: Some(outcome) })?;
            } else {
                ctx.out.flush()?;
                ctx.out.note(&format!("{} is over: {outcome}", attempt.reference))?;
            }
            return Ok(());
        }
        ctx.out.flush()?;
        watched.wait(folder)?;
    }
}

/// What the exit record counts, once there is one.
fn exit(folder: &AttemptFolder, attempt: &Attempt) -> Option<OutputCount> {
    let record = folder.read_exit().ok().flatten();
    record.filter(|record| record.run == Run::from(attempt)).map(|record| record.output)
}

/// What was written after the first `printed` bytes, as far as it is kept, and how many bytes there are now.
fn news(folder: &AttemptFolder, printed: u64, over: Option<OutputCount>) -> Result<(Vec<u8>, u64)> {
    if let Some(count) = over {
        return Ok((rest(folder, printed, count)?, count.seen));
    }
    let mut wanted = 0;
    loop {
        let (text, seen) = match tail(folder, wanted) {
            Ok(found) => found,
            Err(FileError::Absent(_)) => return Ok((Vec::new(), printed)),
            Err(error) => return Err(unreadable(error)),
        };
        let missing = seen.saturating_sub(printed);
        // More may have come between two looks; no more than this is kept where less came than was asked for.
        if missing <= wanted || (text.len() as u64) < wanted {
            return Ok((marked(text, missing), seen));
        }
        wanted = missing;
    }
}

/// The end of output that grows no more, which stands in order in its file, its cut marked.
fn rest(folder: &AttemptFolder, printed: u64, count: OutputCount) -> Result<Vec<u8>> {
    let left = usize::try_from(count.seen.saturating_sub(printed)).unwrap_or(usize::MAX);
    if left == 0 {
        return Ok(Vec::new());
    }
    let mut text = Vec::new();
    match copy_whole(folder, &mut text) {
        Ok(()) => {}
        Err(FileError::Absent(_)) => return Ok(text),
        Err(error) => return Err(unreadable(error)),
    }
    // As much lies before the cut as behind it.
    let half = usize::try_from(count.kept / 2).unwrap_or(usize::MAX);
    let from = match usize::try_from(printed) {
        _ if count.kept == count.seen || left <= half => text.len().saturating_sub(left),
        Ok(printed) if printed < half => printed,
        _ => half,
    };
    text.drain(..from.min(text.len()));
    Ok(text)
}

/// The last of `missing` bytes, behind a mark where they are not all of them.
fn marked(text: Vec<u8>, missing: u64) -> Vec<u8> {
    match missing.saturating_sub(text.len() as u64) {
        0 => text,
        cut => [format!("\n[wg: {cut} bytes of output are missing here]\n").into_bytes(), text].concat(),
    }
}

fn print(ctx: &mut Context, attempt: AttemptRef, text: &[u8]) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    if ctx.out.form.json {
        let text = String::from_utf8_lossy(text);
        return Ok(ctx.out.json(&Piece { attempt, text: Some(&text), outcome: None })?);
    }
    Ok(ctx.out.write_all(text)?)
}

fn unreadable(error: FileError) -> Failure {
    Failure::refused("its output can't be read").because(error)
}

/// What wakes it: the folder, and the graph.
struct Watched {
    files: OwnedFd,
    bell: OwnedFd,
    _watching: Box<dyn wg_core::port::WatchGuard>,
}

impl Watched {
    fn new(ctx: &mut Context, folder: &AttemptFolder) -> Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(deaf)?;
        let ring =
            bell.try_clone().map_err(|error| Failure::refused("can't wait for news").because(error))?;
        let watching = ctx.store()?.watch(Box::new(move || {
            // A bell that can't be rung any louder rings already.
            let _ = rustix::io::write(&ring, &1_u64.to_ne_bytes());
        }))?;
        let files = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(deaf)?;
        let watched = Self { files, bell, _watching: watching };
        watched.look_at(folder)?;
        Ok(watched)
    }

    /// The folder is made when the attempt starts, of which the graph tells.
    fn look_at(&self, folder: &AttemptFolder) -> Result<()> {
        let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
        match inotify::add_watch(&self.files, folder.path(), flags) {
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(deaf(error)),
        }
    }

    fn wait(&self, folder: &AttemptFolder) -> Result<()> {
        let output = rustix::stdio::stdout();
        let mut fds = [
            PollFd::new(&self.files, PollFlags::IN),
            PollFd::new(&self.bell, PollFlags::IN),
            PollFd::new(&output, PollFlags::empty()),
        ];
        match poll(&mut fds, None) {
            Ok(_) if fds[2].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                return Err(Failure::new(Kind::Closed, "the reader of the output has gone"));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(deaf(error)),
        }
        let (news, rung) = (fds[0].revents(), fds[1].revents());
        if news.contains(PollFlags::IN) {
            drain(&self.files)?;
        }
        if rung.contains(PollFlags::IN) {
            silence(&self.bell)?;
            self.look_at(folder)?;
        }
        Ok(())
    }
}

/// What is in the events does not matter: everything is looked at again.
fn drain(files: &OwnedFd) -> Result<()> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(files, &mut buffer);
    loop {
        match reader.next() {
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(deaf(error)),
        }
    }
}

fn silence(bell: &OwnedFd) -> io::Result<()> {
    match rustix::io::read(bell, &mut [0_u8; 8]) {
        Ok(_) | Err(Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn deaf(error: Errno) -> Failure {
    Failure::refused("can't wait for news").because(error)
}
