//! What is there of attempts: their folders, their shims, and processes that carry their marks. Looks only;
//! ends and changes nothing.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use wg_core::attempt::{Attempt, ProcessIdentity, barred};
use wg_core::id::AttemptRef;
use wg_core::port::{Store, StoreError};
use wg_core::time::Timestamp;

use super::{Finding, Findings, Shim, Stray};
use crate::files::{AttemptFolder, GraphFolder, Run};
use crate::socket::Client;
use crate::supervise::linux::{self, Verdict};
use crate::supervise::{self, Look, PROTOCOL_VERSION, ShimAnswer, ShimRequest};

/// How long a shim may take to answer a greeting.
const GREETING: Duration = Duration::from_secs(1);
/// How long a shim that was only just started may take until its socket is there.
const BIRTH: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);
/// How often an attempt that changes while it is looked at is looked at anew.
const LOOKS: u32 = 5;
/// Longest answer to a greeting.
const ANSWER_MAX: usize = 64 * 1024;

/// What is there of all live attempts of this host, and of those that are over.
pub fn findings(store: &mut dyn Store, graph: &GraphFolder, host: &str) -> Result<Findings, StoreError> {
    let mut live: Vec<(Attempt, Option<String>)> = Vec::new();
    store.read(&mut |read| {
        live.clear();
        for attempt in read.live_attempts()? {
            if attempt.host == host {
                let barred = barred(read, attempt.reference, attempt.fence)?;
                live.push((attempt, barred));
            }
        }
        Ok(())
    })?;
    // Without a look at all processes no strays are found; live attempts are judged by their own files.
    let marks = linux::marked().unwrap_or_default();
    let strays = strays(store, marks)?;
    let mut attempts: Vec<Finding> = thread::scope(|scope| {
        let looks: Vec<_> = live
            .into_iter()
            .map(|(attempt, barred)| scope.spawn(move || examine(graph, attempt, barred)))
            .collect();
        looks.into_iter().filter_map(|look| look.join().ok()).collect()
    });
    let booted = linux::booted_at().unwrap_or_default();
    for finding in &mut attempts {
        finding.started |= may_have_started_before(booted, &finding.attempt);
    }
    Ok(Findings { attempts, strays })
}

/// Whether an attempt is older than the machine's start: no file of it was synced, so that its `started` mark
/// is missing says nothing (`supervision.md`, *Who owns what*). A clock that was set back after the attempt was
/// made, and before the machine lost its power, hides it.
#[must_use]
pub fn may_have_started_before(booted: Timestamp, attempt: &Attempt) -> bool {
    attempt.created_at < booted
}

/// What is there of one attempt.
#[must_use]
pub fn examine(graph: &GraphFolder, attempt: Attempt, barred: Option<String>) -> Finding {
    let folder = graph.attempt(attempt.reference);
    let run = Run::from(&attempt);
    let mut looks = LOOKS;
    let (started, exit, shim) = loop {
        match supervise::look(&folder, run) {
            Look::Ended(record) => break (true, Some(Box::new(record)), Shim::Gone),
            Look::Held => match holder(&folder, run) {
                Some(shim) => break (false, None, shim),
                // It left while it was looked at.
                None if looks > 0 => looks -= 1,
                None => break (false, None, Shim::Unknown("its lock is taken again and again".into())),
            },
            Look::Fresh => break (false, None, Shim::Gone),
            Look::Left(_) => break (true, None, Shim::Gone),
            Look::Unclear(why) => break (false, None, Shim::Unknown(why)),
        }
    };
    Finding { attempt, barred, started, exit, shim }
}

/// The shim that holds an attempt's lock: one that answers as this very run, or at least is the process that
/// it wrote down. Nothing where the lock is free by now.
fn holder(folder: &AttemptFolder, run: Run) -> Option<Shim> {
    let deadline = Instant::now() + BIRTH;
    loop {
        let greeted = greet(folder, run);
        if let Some(identity) = &greeted
            && let Verdict::Alive(_) = linux::verdict(identity)
        {
            return Some(Shim::Alive(identity.clone()));
        }
        if Instant::now() >= deadline {
            break;
        }
        // It was just starting, or is leaving just now.
        match supervise::look(folder, run) {
            Look::Held => thread::sleep(PAUSE),
            _ => return None,
        }
    }
    Some(match folder.read_shim() {
        Ok(Some(file)) if file.run == run => match linux::verdict(&file.shim) {
            Verdict::Alive(_) => Shim::Alive(file.shim),
            Verdict::Dead => Shim::Unknown("its lock is held by another process than its shim".into()),
            Verdict::Unknown(why) => Shim::Unknown(why),
        },
        Ok(_) => Shim::Unknown("its lock is held, but nothing says by whom".into()),
        Err(error) => Shim::Unknown(error.to_string()),
    })
}

fn greet(folder: &AttemptFolder, run: Run) -> Option<ProcessIdentity> {
    let mut client = Client::connect(&folder.door(), ANSWER_MAX).ok()?;
    client.send(&ShimRequest::Hello { version: PROTOCOL_VERSION, run }, GREETING).ok()?;
    match client.receive(GREETING).ok()? {
        ShimAnswer::Hello { run: found, .. } if found == run => {}
        _ => return None,
    }
    client.send(&ShimRequest::Status, GREETING).ok()?;
    match client.receive(GREETING).ok()? {
        ShimAnswer::Status(status) => Some(status.shim),
        _ => None,
    }
}

/// Processes with the mark of an attempt of this graph that is over.
fn strays(
    store: &mut dyn Store,
    marked: BTreeMap<String, Vec<ProcessIdentity>>,
) -> Result<Vec<Stray>, StoreError> {
    let marked: Vec<_> = marked
        .into_iter()
        .filter_map(|(mark, processes)| Some((reference_in(&mark)?, mark, processes)))
        .collect();
    let mut strays = Vec::new();
    if marked.is_empty() {
        return Ok(strays);
    }
    store.read(&mut |read| {
        strays.clear();
        for (reference, mark, processes) in &marked {
            // The nonce in the mark tells our attempts from those of other graphs.
            let ours = read.attempt(*reference)?.map(|(attempt, _)| attempt);
            if let Some(attempt) = ours.filter(|attempt| !attempt.is_live() && attempt.mark() == *mark) {
                strays.push(Stray { attempt, processes: processes.clone() });
            }
        }
        Ok(())
    })?;
    Ok(strays)
}

fn reference_in(mark: &str) -> Option<AttemptRef> {
    mark.split('.').next()?.parse().ok()
}
