//! The lock of an attempt: a file lock that its shim holds while it lives, and that the kernel releases.
//!
//! The descriptor is closed on exec, so no agent inherits it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub struct AttemptLock {
    _file: File,
}

impl AttemptLock {
    /// Takes the lock at `path` without waiting; `None` where somebody holds it.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Waits, for as long as it takes, until nobody holds the lock at `path`: for a thread that is parked here.
pub fn wait_until_free(path: &Path) -> io::Result<()> {
    open(path)?.lock_shared()
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
