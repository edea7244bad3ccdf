//! The dispatcher's log file, `.wg/service/daemon.log`: it is turned over before it gets large.
//!
//! The binary puts it under a `tracing` subscriber. Every call to `write` is taken as whole lines: a line is
//! never divided between two files. What it never does: fail the daemon because a disk is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How large the log becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Bytes of one file.
    pub bytes: u64,
    /// Older files that are kept, as `daemon.log.1` and up.
    pub keep: u32,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { bytes: 5 * 1024 * 1024, keep: 5 }
    }
}

/// A log file that turns itself over.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    limits: LogLimits,
    file: File,
    size: u64,
}

impl LogFile {
    /// Opens the log for appending, and makes it where there is none.
    pub fn open(path: &Path, limits: LogLimits) -> io::Result<Self> {
        let file = open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), limits, file, size })
    }

    /// Where the `n`th older file is; 0 is the log itself.
    #[must_use]
    pub fn older(path: &Path, n: u32) -> PathBuf {
        if n == 0 {
            return path.to_owned();
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    }

    fn turn_over(&mut self) -> io::Result<()> {
        if self.limits.keep == 0 {
            self.file.set_len(0)?;
        } else {
            for n in (0..self.limits.keep).rev() {
                match fs::rename(Self::older(&self.path, n), Self::older(&self.path, n + 1)) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                }
            }
            self.file = open(&self.path)?;
        }
        self.size = 0;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl Write for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let length = lines.len() as u64;
        if self.size > 0 && self.size + length > self.limits.bytes {
            // A log that can't be turned over grows: better than one that loses what happened.
            let _ = self.turn_over();
        }
        self.file.write_all(lines)?;
        self.size += length;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn it_turns_over_at_its_size_and_keeps_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.log");
        let mut log = LogFile::open(&path, LogLimits { bytes: 100, keep: 2 }).unwrap();
        for n in 0..20 {
            log.write_all(format!("line {n:024}\n").as_bytes()).unwrap();
        }
        let read = |n| fs::read_to_string(LogFile::older(&path, n)).unwrap();
        for n in 0..=2 {
            let text = read(n);
            assert!(text.len() <= 100 && text.lines().all(|line| line.len() == 29), "{text}");
        }
        assert!(read(0).ends_with("19\n"));
        assert!(!LogFile::older(&path, 3).exists());
    }

    #[test]
    fn it_goes_on_where_another_process_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.log");
        for text in ["one\n", "two\n"] {
            LogFile::open(&path, LogLimits::default()).unwrap().write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn keeping_none_starts_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.log");
        let mut log = LogFile::open(&path, LogLimits { bytes: 10, keep: 0 }).unwrap();
        for _ in 0..5 {
            log.write_all(b"12345678\n").unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "12345678\n");
    }
}
