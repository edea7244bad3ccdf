//! The write gate: writers queue on a lock of `write.lock` before they begin. SQLite's own waiting polls and
//! is unfair; the kernel's queue does neither, and a writer that dies leaves it at once.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wg_core::port::StoreError;

/// How long a writer waits for the others: longer than the longest write by design, an import of 100,000
/// tasks, several times over.
pub(super) const WAIT: Duration = Duration::from_secs(30);

/// The way into writing, for one store. Its lock belongs to an open file of its own, so that two stores of
/// one process exclude each other as two processes do.
#[derive(Debug)]
pub(super) struct Gate {
    path: PathBuf,
    file: Option<File>,
}

/// Being inside; leaving is dropping it.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass<'g> {
    gate: &'g mut Gate,
}

impl Gate {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Waits for the others, at most so long.
    pub(super) fn enter(&mut self, wait: Duration) -> Result<Pass<'_>, StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        let file = match file.try_lock() {
            Ok(()) => file,
            Err(TryLockError::WouldBlock) => self.queue(file, wait)?,
            Err(TryLockError::Error(error)) => return Err(self.told(&error)),
        };
        self.file = Some(file);
        Ok(Pass { gate: self })
    }

    fn open(&self) -> Result<File, StoreError> {
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path);
        opened.map_err(|error| self.told(&error))
    }

    /// Waits in the kernel's queue. The wait itself can't be given a time, so a thread of its own does it;
    /// where that comes too late it finds nobody who wants the lock and lets it go.
    fn queue(&self, file: File, wait: Duration) -> Result<File, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let waiting =
            thread::Builder::new().name("write-gate".into()).stack_size(64 * 1024).spawn(move || {
                let locked = file.lock().map(|()| file);
                // Unlocking is dropping the file, and the receiver may be gone.
                let _ = sender.send(locked);
            });
        waiting.map_err(|error| self.told(&error))?;
        match receiver.recv_timeout(wait) {
            Ok(locked) => locked.map_err(|error| self.told(&error)),
            Err(_) => Err(StoreError::Busy(format!(
                "others have been writing for {} s; `{}` is locked",
                wait.as_secs(),
                self.path.display()
            ))),
        }
    }

    fn told(&self, error: &io::Error) -> StoreError {
        let path = self.path.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly(format!("{path}: {error}"))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            io::ErrorKind::NotFound => StoreError::Absent(path.to_string()),
            _ => StoreError::Failed(format!("{path}: {error}")),
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Said and not left to closing: a process that was just forked elsewhere may share the open file.
        if let Some(file) = &self.gate.file
            && file.unlock().is_err()
        {
            self.gate.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_inside_and_the_next_waits_its_time_and_no_longer() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("write.lock");
        let (mut first, mut second) = (Gate::new(path.clone()), Gate::new(path));
        let inside = first.enter(WAIT).expect("nobody else");
        let error = second.enter(Duration::from_millis(20)).expect_err("the first is inside");
        assert!(matches!(error, StoreError::Busy(_)), "{error}");
        let waiting = thread::spawn(move || second.enter(WAIT).map(drop));
        drop(inside);
        assert_eq!(waiting.join().expect("no panic"), Ok(()));
        // The wait that was given up must not keep the lock for ever.
        drop(first.enter(WAIT).expect("everybody has left"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let error = Gate::new(folder.path().join("x/write.lock")).enter(WAIT).map(drop);
        assert!(matches!(error, Err(StoreError::Absent(_))), "{error:?}");
    }
}
