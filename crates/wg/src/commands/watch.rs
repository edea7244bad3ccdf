//! `wg watch`: operations as they happen.

use std::io::{self, Write};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use serde::Serialize;
use wg_core::id::OpSeq;
use wg_core::rejection::Rejection;

use crate::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::telling::history::Told;

/// Operations that are read at a time.
const BATCH: usize = 500;

/// Tell every change of the graph as it happens
///
/// A line for each operation; with --json a JSON document each. It sleeps while nothing changes, and needs no
/// dispatcher. It ends when its reader goes, or on Ctrl-C.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Begin after this operation (0: at the beginning), not with what happens from now on
    #[arg(long, value_name = "N")]
    since: Option<u64>,
    /// End after so many operations
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Serialize)]
struct Line<'a> {
    operation: &'a Told,
}

/// Tells them until nobody listens.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let broken = |error: rustix::io::Errno| Failure::refused("can't wait for changes").because(error);
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(broken)?;
    let ring = bell.try_clone().map_err(|error| Failure::refused("can't wait for changes").because(error))?;
    // Registered before the first look, so that nothing falls in between.
    let _watching = ctx.store()?.watch(Box::new(move || {
        // A bell that can't be rung any louder rings already.
        let _ = rustix::io::write(&ring, &1_u64.to_ne_bytes());
    }))?;
    let latest = ctx.read(|read| Ok(read.last_operation()?))?;
    let mut last = args.since.map_or(latest, OpSeq);
    if last > latest {
        return Err(Rejection::NoOperation(last).into());
    }
    let mut left = args.count.unwrap_or(u64::MAX);
    loop {
        let told = ctx.read(|read| {
            let operations = read.operations_since(last, BATCH)?;
            operations.into_iter().map(|operation| Told::of(read, operation)).collect::<Result<Vec<Told>>>()
        })?;
        for told in &told {
            last = told.seq;
            match ctx.out.form.json {
                true => ctx.out.json(&Line { operation: told })?,
                false => told.print(ctx)?,
            }
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
        ctx.out.flush()?;
        if told.len() == BATCH {
            continue;
        }
        let output = rustix::stdio::stdout();
        let mut fds = [PollFd::new(&bell, PollFlags::IN), PollFd::new(&output, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) if fds[1].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                return Err(Failure::new(Kind::Closed, "the reader of the output has gone"));
            }
            Ok(_) => silence(&bell)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(broken(error)),
        }
    }
}

fn silence(bell: &impl std::os::fd::AsFd) -> io::Result<()> {
    match rustix::io::read(bell, &mut [0_u8; 8]) {
        Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
