//! Whether an attempt's process tree is gone, shown without ending anything.

use std::io;

use wg_core::attempt::ProcessIdentity;

use super::linux;
use super::lock::AttemptLock;
use crate::files::{AttemptFolder, ExitRecord, FileError, Run, Started};

/// How an attempt's folder looks from outside, just now.
#[derive(Debug)]
pub enum Look {
    /// Its shim wrote how it ended.
    Ended(ExitRecord),
    /// A shim holds its lock.
    Held,
    /// Nobody holds its lock and nothing was ever executed: its launch can be repeated.
    Fresh,
    /// Nobody holds its lock; the agent was started and nobody wrote how it ended.
    Left(Started),
    /// It can't be told.
    Unclear(String),
}

/// Looks at an attempt's folder; changes nothing.
#[must_use]
pub fn look(folder: &AttemptFolder, run: Run) -> Look {
    match exit_of(folder, run) {
        Ok(Some(record)) => return Look::Ended(record),
        Ok(None) => {}
        Err(why) => return Look::Unclear(why),
    }
    match AttemptLock::try_take(&folder.lock()) {
        Ok(None) => Look::Held,
        Ok(Some(_lock)) => match (exit_of(folder, run), started_of(folder, run)) {
            // It may have ended between the two looks.
            (Ok(Some(record)), _) => Look::Ended(record),
            (_, Ok(Some(started))) => Look::Left(started),
            (_, Ok(None)) => Look::Fresh,
            (_, Err(why)) => Look::Unclear(why),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Look::Fresh,
        Err(error) => Look::Unclear(format!("{}: {error}", folder.lock().display())),
    }
}

/// What could be shown.
#[derive(Debug)]
pub enum Proof {
    /// Nothing of its tree is left, and nothing will be: no shim can start its agent any more.
    Gone(Option<ExitRecord>),
    /// Its shim holds its lock.
    Alive,
    /// It can't be shown.
    Unknown(String),
}

/// Shows that an attempt's tree is gone, and gives the attempt up: where nothing was executed yet, nothing
/// will be, because the `started` mark is made here, under the lock.
#[must_use]
pub fn prove_gone(folder: &AttemptFolder, run: Run) -> Proof {
    let record = match exit_of(folder, run) {
        Ok(record) => record,
        Err(why) => return Proof::Unknown(why),
    };
    if record.as_ref().is_some_and(|record| record.tree_gone) {
        return Proof::Gone(record);
    }
    match AttemptLock::try_take(&folder.lock()) {
        Ok(None) => Proof::Alive,
        Ok(Some(lock)) => prove_under(&lock, folder, run, record),
        // No folder: nothing can be started in it. What was started carries its mark.
        Err(error) if error.kind() == io::ErrorKind::NotFound => scan_twice(run, None, record),
        Err(error) => Proof::Unknown(format!("{}: {error}", folder.lock().display())),
    }
}

fn prove_under(_lock: &AttemptLock, folder: &AttemptFolder, run: Run, record: Option<ExitRecord>) -> Proof {
    match give_up(folder, run) {
        Ok(None) => Proof::Gone(record),
        Ok(Some(started)) => {
            let record = record.or_else(|| exit_of(folder, run).ok().flatten());
            if record.as_ref().is_some_and(|record| record.tree_gone) {
                return Proof::Gone(record);
            }
            scan_twice(run, started.agent.as_ref(), record)
        }
        Err(why) => Proof::Unknown(why),
    }
}

fn scan_twice(run: Run, agent: Option<&ProcessIdentity>, record: Option<ExitRecord>) -> Proof {
    for _ in 0..2 {
        match linux::scan(&run.mark(), agent) {
            Ok(scan) if scan.is_empty() => {}
            Ok(scan) => {
                let pids = scan.carriers.iter().map(linux::Process::pid).chain(scan.unsure.iter().copied());
                let pids: Vec<_> = pids.map(|pid| pid.to_string()).collect();
                return Proof::Unknown(format!("its shim is gone, but not process {}", pids.join(", ")));
            }
            Err(error) => return Proof::Unknown(format!("/proc can't be read: {error}")),
        }
    }
    Proof::Gone(record)
}

/// Under the lock: makes the `started` mark where it is not there, so that no shim executes the agent any
/// more; gives the mark that was there.
pub(super) fn give_up(folder: &AttemptFolder, run: Run) -> Result<Option<Started>, String> {
    if let Some(started) = started_of(folder, run)? {
        return Ok(Some(started));
    }
    let shim = linux::own_identity().map_err(|error| format!("/proc can't be read: {error}"))?;
    // Its time does not matter: no agent was started.
    let mark = Started { run, shim, agent: None, at: wg_core::time::Timestamp::default() };
    match folder.mark_started(&mark) {
        Ok(()) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The exit record of this run. One that can't be understood is as good as none, but for a newer one.
pub(super) fn exit_of(folder: &AttemptFolder, run: Run) -> Result<Option<ExitRecord>, String> {
    match folder.read_exit() {
        Ok(record) => Ok(record.filter(|record| record.run == run)),
        Err(FileError::Garbage { .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The `started` mark of this run. One that can't be understood was cut short by a death while it was
/// written: something may have been executed, or was about to be, by whom is not known.
fn started_of(folder: &AttemptFolder, run: Run) -> Result<Option<Started>, String> {
    match folder.read_started() {
        Ok(started) => Ok(started.filter(|started| started.run == run)),
        Err(FileError::Garbage { .. }) => {
            let shim = linux::own_identity().map_err(|error| format!("/proc can't be read: {error}"))?;
            Ok(Some(Started { run, shim, agent: None, at: wg_core::time::Timestamp::default() }))
        }
        Err(error) => Err(error.to_string()),
    }
}
