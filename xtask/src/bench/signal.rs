//! Lines that agents write into a named pipe: the moment at which each runs, seen without asking `wg`.
//!
//! The pipe is held open for both directions, so that neither side ever waits for the other to come.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Lines that may wait to be looked at; more than any bench leaves unread at once.
const BACKLOG: usize = 1 << 18;

/// The reading end. Its thread ends with the program: a pipe held open for both directions has no end.
pub struct Signals {
    path: PathBuf,
    lines: Receiver<(Instant, String)>,
}

impl Signals {
    /// Makes the pipe in `folder` and begins to read it.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let path = folder.join("signals");
        let made = Command::new("mkfifo").arg(&path).status().context("starting mkfifo")?;
        ensure!(made.success(), "mkfifo {} failed", path.display());
        let pipe = std::fs::OpenOptions::new().read(true).write(true).open(&path)?;
        let (send, lines) = sync_channel(BACKLOG);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let Ok(line) = line else { return };
                if send.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { path, lines })
    }

    /// A shell command that writes `word` into the pipe.
    pub fn command(&self, word: &str) -> String {
        format!("echo {word} > {}", self.path.display())
    }

    /// The next line and the moment at which it came.
    pub fn next(&self, within: Duration) -> Result<(Instant, String)> {
        match self.lines.recv_timeout(within) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("no agent wrote anything for {} s", within.as_secs()),
            Err(RecvTimeoutError::Disconnected) => bail!("the pipe of the agents broke"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::Signals;

    #[test]
    fn what_commands_write_arrives_in_order_and_silence_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let signals = Signals::in_folder(folder.path()).expect("mkfifo works");
        for word in ["first", "second"] {
            let status = Command::new("sh").args(["-c", &signals.command(word)]).status();
            assert!(status.expect("sh runs").success());
        }
        let within = Duration::from_secs(20);
        assert_eq!(signals.next(within).expect("written").1, "first");
        assert_eq!(signals.next(within).expect("written").1, "second");
        assert!(signals.next(Duration::from_millis(1)).is_err());
    }
}
