//! One dispatcher per graph per host: a file lock that the kernel releases, with who has it written inside.
//!
//! The lock decides; what is written only names the holder. It is never taken just to look, so that looking
//! can't keep a dispatcher from starting.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wg_core::attempt::ProcessIdentity;
use wg_core::time::Timestamp;

use crate::files::GraphFolder;
use crate::supervise::linux::{self, Verdict};

/// Longest text that is read of a holder.
const HOLDER_MAX: u64 = 4 * 1024;
/// How long a lock may stay taken by one who is gone already: `doctor` holds it for a moment, too.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub process: ProcessIdentity,
    /// Its program's version.
    pub program: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another dispatcher has it.
    #[error("a dispatcher runs for this graph already{}", .0.as_ref().map_or_else(String::new, |h| format!(" (process {}, since {})", h.process.pid, h.since)))]
    Held(Option<Box<Holder>>),
    /// The system said no.
    #[error("the dispatcher's lock can't be taken: {0}")]
    Io(#[from] io::Error),
}

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct DaemonLock {
    file: File,
}

impl DaemonLock {
    /// Takes the lock, and makes the folder it stands in where there is none.
    pub fn take(graph: &GraphFolder, program: &str, now: Timestamp) -> Result<Self, LockError> {
        DirBuilder::new().recursive(true).mode(0o700).create(graph.service())?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(graph.dispatcher_lock())?;
        let mut waited = Duration::ZERO;
        while let Err(error) = file.try_lock() {
            if let TryLockError::Error(error) = error {
                return Err(error.into());
            }
            let holder = holder(graph);
            if holder.is_some() || waited >= PATIENCE {
                return Err(LockError::Held(holder.map(Box::new)));
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
        let process = linux::own_identity()?;
        let text = serde_json::to_vec(&Holder { process, program: program.to_owned(), since: now })
            .map_err(io::Error::from)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&text)?;
        Ok(Self { file })
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        // What is left there by a killed dispatcher names a process that is gone: no harm either way.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock of a graph's dispatcher: a living process that has written itself there.
#[must_use]
pub fn holder(graph: &GraphFolder) -> Option<Holder> {
    let mut text = Vec::new();
    File::open(graph.dispatcher_lock()).ok()?.take(HOLDER_MAX).read_to_end(&mut text).ok()?;
    let holder: Holder = serde_json::from_slice(&text).ok()?;
    matches!(linux::verdict(&holder.process), Verdict::Alive(_)).then_some(holder)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn the_second_is_told_who_has_it_and_the_next_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let graph = GraphFolder::new(folder.path());
        let now = Timestamp::from_nanos(7);
        assert_eq!(holder(&graph), None);
        let lock = DaemonLock::take(&graph, "1.2.3", now).unwrap();
        let Err(LockError::Held(Some(second))) = DaemonLock::take(&graph, "1.2.3", now) else {
            panic!("it is held")
        };
        assert_eq!((second.process.pid, second.since), (std::process::id(), now));
        drop(lock);
        assert_eq!(holder(&graph), None);
        DaemonLock::take(&graph, "1.2.3", now).unwrap();
    }

    #[test]
    fn what_a_killed_dispatcher_left_is_no_holder() {
        let folder = tempfile::tempdir().unwrap();
        let graph = GraphFolder::new(folder.path());
        std::fs::create_dir_all(graph.service()).unwrap();
        let mut process = linux::own_identity().unwrap();
        process.start_time += 1;
        let gone = Holder { process, program: "1".into(), since: Timestamp::default() };
        for text in [serde_json::to_string(&gone).unwrap(), "garbage".into(), String::new()] {
            std::fs::write(graph.dispatcher_lock(), &text).unwrap();
            assert_eq!(holder(&graph), None, "{text}");
            DaemonLock::take(&graph, "1", Timestamp::default()).unwrap();
        }
    }
}
