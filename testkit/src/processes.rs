//! Finding processes by what they carry, and ending them by identity.
//!
//! A process belongs to a test when its environment holds the test's own folder as `HOME`, or its working
//! directory lies below it. Both outlive `setsid`, double forks and the death of every parent. It is
//! signalled only through a pidfd that was opened before the marks were read again, so never a later process
//! with the same number.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// What the processes of one test carry.
#[derive(Debug, Clone)]
pub struct Marks {
    folder: PathBuf,
    home: Vec<u8>,
}

/// A process that carries them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Its number.
    pub pid: u32,
    /// Its command line, words separated by spaces.
    pub command: String,
    /// Its environment, as `NAME=value`.
    pub environment: Vec<String>,
}

impl Marked {
    /// A variable of its environment.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether it belongs to an attempt's tree.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.variable("WG_ATTEMPT").is_some()
    }

    /// Whether it only keeps an agent in its sandbox.
    #[must_use]
    pub fn is_keeper(&self) -> bool {
        let program = self.command.split(' ').next().unwrap_or_default();
        program == "bwrap" || program.ends_with("/bwrap")
    }
}

impl Marks {
    /// The marks of a test that owns `folder` and gives its processes this `home`.
    #[must_use]
    pub fn new(folder: &Path, home: &Path) -> Self {
        let mut entry = b"HOME=".to_vec();
        entry.extend_from_slice(home.as_os_str().as_encoded_bytes());
        Self { folder: folder.to_owned(), home: entry }
    }

    /// Every living process that carries them, but for this one. Zombies are dead.
    #[must_use]
    pub fn scan(&self) -> Vec<Marked> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let me = u32::try_from(getpid().as_raw_nonzero().get()).unwrap_or(0);
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| *pid != me)
            .filter_map(|pid| self.look(pid))
            .collect()
    }

    /// The process with this number, if it lives and carries the marks.
    fn look(&self, pid: u32) -> Option<Marked> {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let environment = fs::read(proc.join("environ")).ok()?;
        let ours = environment.split(|byte| *byte == 0).any(|entry| entry == self.home)
            || fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.folder));
        if !ours || !is_alive(pid) {
            return None;
        }
        let words = |bytes: &[u8]| -> Vec<String> {
            let entries = bytes.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
            entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect()
        };
        let command = words(&fs::read(proc.join("cmdline")).ok()?).join(" ");
        Some(Marked { pid, command, environment: words(&environment) })
    }

    /// Signals a process that carries the marks; false where it is gone or another's by now.
    pub fn signal(&self, pid: u32, signal: Signal) -> bool {
        let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
        let Ok(pidfd) = pidfd_open(number, PidfdFlags::empty()) else { return false };
        self.look(pid).is_some() && pidfd_send_signal(&pidfd, signal).is_ok()
    }

    /// Kills everything that carries the marks, until two scans in a row find nothing; gives what would
    /// not die within half a minute.
    pub fn kill_all(&self) -> Vec<Marked> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut empty = 0;
        loop {
            let found = self.scan();
            if found.is_empty() {
                empty += 1;
                if empty == 2 {
                    return found;
                }
                continue;
            }
            empty = 0;
            if Instant::now() > deadline {
                return found;
            }
            for process in &found {
                self.signal(process.pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether a process has not exited: a zombie has.
fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name stands in brackets and may hold anything; the state follows the last one.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}
