//! The folder of a quickstart: made new, and removed again unless it is to be kept.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wg_core::time::Timestamp;

use crate::environment::Environment;
use crate::error::{Failure, Result};

/// Names that are tried.
const TRIES: i64 = 100;

/// A folder that nobody else uses.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    keep: bool,
}

impl Scratch {
    /// A new one for temporary things.
    pub fn temporary(env: &Environment, now: Timestamp, keep: bool) -> Result<Self> {
        let above = env.path("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
        let mut last = None;
        for n in 0..TRIES {
            let name = format!("wg-quickstart-{:06x}", (now.as_nanos() / 1_000 + n) & 0x00ff_ffff);
            let folder = above.join(name);
            match fs::DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Self { folder, keep }),
                Err(error) => last = Some(Failure::file("make", &folder, &error)),
            }
        }
        Err(last.expect("at least one name was tried"))
    }

    /// This one, which must be new or empty. It is always kept: who names a folder wants what is in it.
    pub fn named(env: &Environment, given: &Path) -> Result<Self> {
        let folder = env.folder().join(given);
        fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
        let mut entries = fs::read_dir(&folder).map_err(|error| Failure::file("read", &folder, &error))?;
        if entries.next().is_some() {
            return Err(Failure::refused(format!("{} is not empty", folder.display()))
                .hint("name a folder that is not there yet, or none"));
        }
        Ok(Self { folder, keep: true })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it stays.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.keep
    }

    /// It is to stay: something in it is worth a look.
    pub fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What can't be removed is in the folder for temporary things.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
