//! Programs that a test runs: to their end, or beside it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::wait::wait_until;

/// What a finished `wg` left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Its exit status; 128 + n for a signal.
    pub code: i32,
}

/// A program that runs beside the test. Dropping it kills it (not what it started).
#[derive(Debug)]
pub struct Started {
    child: Child,
    output: PathBuf,
}

impl Started {
    pub(crate) fn run(command: &mut Command, folder: &Path) -> Self {
        let output = tempfile::Builder::new().prefix("output-").tempfile_in(folder).expect("a file");
        let (file, path) = output.keep().expect("the file was just made");
        let errors = file.try_clone().expect("a descriptor");
        let child = command.stdout(file).stderr(errors).spawn().expect("the program starts");
        Self { child, output: path }
    }

    /// Its number; it is this process's for as long as this value lives.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far, errors among it.
    #[must_use]
    pub fn written(&self) -> String {
        fs::read(&self.output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Its exit status, once it has left.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn exited(&mut self) -> Option<i32> {
        self.child.try_wait().expect("our own child").map(code)
    }

    /// Waits until it leaves.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        wait_until("the end of a program", || self.exited().ok_or("it runs"))
    }

    /// Signals it.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn signal(&mut self, signal: Signal) {
        if self.exited().is_none() {
            // Not reaped yet, so the number is still its own.
            let pid = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(pid, signal).expect("our own child");
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A dispatcher in the foreground. Dropping it is `kill -9` of it and leaves its shims alone.
#[derive(Debug)]
pub struct Dispatcher {
    started: Started,
}

impl Dispatcher {
    pub(crate) fn of(started: Started) -> Self {
        Self { started }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.started.pid()
    }

    /// What it has written to its terminal.
    #[must_use]
    pub fn written(&self) -> String {
        self.started.written()
    }

    /// Ends it without a word, as a crash would.
    pub fn kill(mut self) {
        self.started.signal(Signal::KILL);
        self.started.wait();
    }

    /// Asks it to leave and gives its exit status.
    #[track_caller]
    pub fn stop(mut self) -> i32 {
        self.started.signal(Signal::TERM);
        self.started.wait()
    }
}

/// Runs to the end without ever blocking on a full pipe.
pub(crate) fn finish(command: &mut Command, input: Option<Vec<u8>>) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the program starts");
    let feeding = child.stdin.take().map(|mut stdin| {
        let input = input.unwrap_or_default();
        // A program that reads nothing closes the pipe: no failure of the test.
        std::thread::spawn(move || drop(stdin.write_all(&input)))
    });
    let mut errors = child.stderr.take().expect("piped");
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = errors.read_to_end(&mut bytes);
        bytes
    });
    let mut stdout = Vec::new();
    let _ = child.stdout.take().expect("piped").read_to_end(&mut stdout);
    let stderr = reading.join().expect("reading does not panic");
    if let Some(feeding) = feeding {
        feeding.join().expect("writing does not panic");
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = child.wait().expect("our own child");
    Output { stdout: text(&stdout), stderr: text(&stderr), code: code(status) }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
