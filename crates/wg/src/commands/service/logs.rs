//! `wg service logs`: what the dispatcher has noted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::io::Errno;
use wg_dispatch::log_file::LogFile;

use super::folder;
use crate::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::output::text;

/// Older files that are looked for lines.
const OLDER: u32 = 100;

/// Show what the dispatcher has noted
#[derive(Debug, clap::Args)]
pub struct Args {
    /// So many lines, the latest last
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    lines: usize,
    /// Go on with what it notes from now on, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

/// Shows it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let folder = folder(ctx)?;
    let path = folder.log();
    // Watched before the first look, so that nothing falls in between.
    let watch = args.follow.then(|| watch(&folder.service())).transpose()?;
    let failed = |error: io::Error| Failure::file("read", &path, &error);
    let mut log = match File::open(&path) {
        Ok(log) => Some(BufReader::new(log)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let mut last = VecDeque::new();
    if let Some(log) = &mut log {
        keep_last(log, args.lines, &mut last).map_err(failed)?;
    }
    for n in 1..=OLDER {
        let missing = args.lines - last.len();
        let Ok(older) = File::open(LogFile::older(&path, n)) else { break };
        let mut before = VecDeque::new();
        keep_last(&mut BufReader::new(older), missing, &mut before).map_err(failed)?;
        before.append(&mut last);
        last = before;
    }
    if last.is_empty() && !args.follow {
        return Ok(ctx.out.note("no dispatcher has noted anything yet")?);
    }
    for line in last {
        print(ctx, &line)?;
    }
    match watch {
        Some(watch) => follow(ctx, &path, log, &watch),
        None => Ok(()),
    }
}

/// The last `most` whole lines of what is left to read.
fn keep_last(from: &mut impl BufRead, most: usize, lines: &mut VecDeque<String>) -> io::Result<()> {
    let mut line = Vec::new();
    while most > 0 && from.read_until(b'\n', &mut line)? > 0 {
        if lines.len() == most {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
    Ok(())
}

fn print(ctx: &mut Context, line: &str) -> Result<()> {
    Ok(writeln!(ctx.out, "{}", text::block(line))?)
}

fn watch(service: &Path) -> Result<OwnedFd> {
    let failed = |error: Errno| Failure::file("watch", service, &error.into());
    let absent = |error: io::Error| Failure::file("make", service, &error);
    std::fs::create_dir_all(service).map_err(absent)?;
    let watch =
        inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).map_err(failed)?;
    let events = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&watch, service, events).map_err(failed)?;
    Ok(watch)
}

/// Prints what is added to the log, and goes over to the next file when it is turned over.
fn follow(ctx: &mut Context, path: &Path, mut log: Option<BufReader<File>>, watch: &OwnedFd) -> Result<()> {
    let failed = |error: io::Error| Failure::file("read", path, &error);
    let mut pending = Vec::new();
    loop {
        loop {
            if let Some(log) = &mut log {
                let mut more = Vec::new();
                log.read_to_end(&mut more).map_err(failed)?;
                pending.extend_from_slice(&more);
            }
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                print(ctx, String::from_utf8_lossy(&line).trim_end())?;
            }
            // The old file is read to its end before the new one is begun.
            match next(path, log.as_ref()).map_err(failed)? {
                Some(next) => log = Some(next),
                None => break,
            }
        }
        ctx.out.flush()?;
        await_change(watch)?;
    }
}

/// The file that stands there now, where it is another one than the one that is read.
fn next(path: &Path, log: Option<&BufReader<File>>) -> io::Result<Option<BufReader<File>>> {
    let there = match File::open(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = |file: &File| file.metadata().map(|data| (data.dev(), data.ino()));
    let same = match log {
        Some(log) => name(log.get_ref())? == name(&there)?,
        None => false,
    };
    Ok((!same).then(|| BufReader::new(there)))
}

fn await_change(watch: &OwnedFd) -> Result<()> {
    let broken = |error: Errno| Failure::refused("can't wait for changes").because(error);
    let output = rustix::stdio::stdout();
    let mut fds = [PollFd::new(watch, PollFlags::IN), PollFd::new(&output, PollFlags::empty())];
    match poll(&mut fds, None) {
        Ok(_) if fds[1].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
            return Err(Failure::new(Kind::Closed, "the reader of the output has gone"));
        }
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(broken(error)),
    }
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut buffer);
    loop {
        match events.next() {
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(broken(error)),
        }
    }
}
