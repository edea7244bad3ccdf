//! Running a program for what it prints, but not for ever: after a limit it is killed with its whole group.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How long a program may take to say its version, or whether it is logged in.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of what it prints that are read.
const READ_MAX: u64 = 64 * 1024;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It left by itself, having printed this.
    Left(ExitStatus, String),
    /// It took too long.
    TooLong,
    /// It could not be run.
    Not(String),
}

/// Runs it with nothing to read, in `folder`. Whatever of its process group is left when it is over is killed.
pub(super) fn run<A: AsRef<OsStr>>(program: &Path, args: &[A], folder: &Path, limit: Duration) -> Ran {
    let spawned = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    match spawned {
        Ok(child) => watch(child, limit),
        Err(error) => Ran::Not(error.to_string()),
    }
}

fn watch(mut child: Child, limit: Duration) -> Ran {
    let group = Pid::from_child(&child);
    let until = Instant::now() + limit;
    let (tell, printed) = mpsc::sync_channel(1);
    if let Some(pipe) = child.stdout.take() {
        // Ends with the last process that holds the pipe; nobody waits for it longer than for the program.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.take(READ_MAX).read_to_end(&mut bytes);
            let _ = tell.send(bytes);
        });
    }
    let (tell, over) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        // Left to be reaped, so that the group's number belongs to nobody else until it was killed.
        let left = waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let _ = tell.send(left.is_ok());
    });
    let left = over.recv_timeout(until.saturating_duration_since(Instant::now()));
    let _ = kill_process_group(group, Signal::KILL);
    match (left, child.wait()) {
        (Ok(true), Ok(status)) => {
            let bytes = printed.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
            Ran::Left(status, String::from_utf8_lossy(&bytes).into_owned())
        }
        (Err(_), _) => Ran::TooLong,
        (_, Err(error)) => Ran::Not(error.to_string()),
        (Ok(false), Ok(status)) => Ran::Left(status, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Ran {
        run(Path::new("/bin/sh"), &["-c", script], Path::new("/"), limit)
    }

    #[test]
    fn what_it_prints_and_how_it_leaves_is_told() {
        match sh("echo 1.2.3; echo noise >&2; exit 3", LIMIT) {
            Ran::Left(status, text) => assert_eq!((status.code(), text.as_str()), (Some(3), "1.2.3\n")),
            other => panic!("{other:?}"),
        }
        assert!(matches!(run(Path::new("/nowhere"), &["x"], Path::new("/"), LIMIT), Ran::Not(_)));
    }

    #[test]
    fn a_flood_is_read_to_its_limit() {
        match sh("exec head -c 1000000 /dev/zero", LIMIT) {
            // It may be told that nobody reads on.
            Ran::Left(_, text) => assert_eq!(text.len() as u64, READ_MAX),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_takes_too_long_is_killed_with_its_group() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 1000 & echo $! >{0}.new; mv {0}.new {0}; wait", pid.display());
        assert_eq!(sh(&script, Duration::from_millis(700)), Ran::TooLong);
        assert!(is_gone(&pid), "its child is gone too");
        // One that leaves something behind holds nobody up.
        let script = format!("sleep 1000 & echo $! >{}; echo 1.0", pid.display());
        assert!(matches!(sh(&script, LIMIT), Ran::Left(status, text) if status.success() && text == "1.0\n"));
        assert!(is_gone(&pid));
    }

    /// Killed: not there any more, or a zombie that init has yet to reap.
    fn is_gone(pid: &Path) -> bool {
        let pid = std::fs::read_to_string(pid).unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
            if matches!(state, None | Some('Z' | 'X')) {
                return true;
            }
            if Instant::now() > until {
                return false;
            }
            std::thread::yield_now();
        }
    }
}
