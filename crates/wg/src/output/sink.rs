//! Where bytes go: the process's streams, a pager, or memory.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::{Command, Stdio};

/// Bytes that are gathered before they go to a stream.
const BUFFER: usize = 64 * 1024;

/// Where bytes go.
pub enum Sink {
    /// To standard output.
    Stdout {
        /// The stream.
        stream: BufWriter<io::Stdout>,
        /// The pager's command line, where one may be used.
        pager: Option<String>,
    },
    /// Held back until it is known whether it fits the screen.
    Held {
        /// What was written.
        bytes: Vec<u8>,
        /// The pager's command line.
        pager: String,
    },
    /// To standard error, at once.
    Stderr(io::Stderr),
    /// Into memory.
    Memory(Vec<u8>),
}

impl Sink {
    /// Standard output. `pager` is used for long output, and only on a terminal.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that has standard output")]
    pub(super) fn stdout(pager: Option<String>) -> Self {
        Self::Stdout { stream: BufWriter::with_capacity(BUFFER, io::stdout()), pager }
    }

    /// Standard error.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that has standard error")]
    pub(super) fn stderr() -> Self {
        Self::Stderr(io::stderr())
    }

    /// Memory.
    pub(super) fn memory() -> Self {
        Self::Memory(Vec::new())
    }

    /// Holds back what follows, where it may end in a pager.
    pub(super) fn hold_for_pager(&mut self) {
        if let Self::Stdout { pager, .. } = self
            && let Some(pager) = pager.take()
        {
            *self = Self::Held { bytes: Vec::new(), pager };
        }
    }

    /// Writes out what is held back.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Self::Held { bytes, pager } = self {
            let (bytes, pager) = (std::mem::take(bytes), std::mem::take(pager));
            let fits = height().is_none_or(|rows| lines(&bytes) < rows);
            *self = Self::stdout(None);
            if fits || !shown_in(&pager, &bytes) {
                self.write_all(&bytes)?;
            }
        }
        self.flush()
    }

    /// What was written into memory.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Stdout { .. } | Self::Held { .. } | Self::Stderr(_) => Vec::new(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout { stream, .. } => stream.write(bytes),
            Self::Held { bytes: held, .. } | Self::Memory(held) => held.write(bytes),
            Self::Stderr(stream) => stream.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout { stream, .. } => stream.flush(),
            Self::Held { .. } | Self::Memory(_) => Ok(()),
            Self::Stderr(stream) => stream.flush(),
        }
    }
}

/// A line with its time for the log that standard error is, of a process that no person called.
#[expect(clippy::disallowed_methods, reason = "this is the one place that has standard error")]
pub fn note_in_log(line: &str) {
    // A log that can't be written stops nothing.
    let _ = writeln!(io::stderr(), "{} {line}", crate::wire::now());
}

/// Standard error, for what is noted while a process runs.
#[must_use]
pub fn errors() -> Sink {
    Sink::stderr()
}

/// A line of a process that goes on, at once.
#[expect(clippy::disallowed_methods, reason = "this is the one place that has standard output")]
pub fn announce(line: &str) {
    let mut stdout = io::stdout();
    // Who started us may not want to know.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Lets go of standard output and error, so that whoever reads them sees their end.
pub fn let_go() {
    if let Ok(nothing) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        // There is nothing to be done about a system that refuses this, and nobody to be told.
        let _ = rustix::stdio::dup2_stdout(&nothing);
        let _ = rustix::stdio::dup2_stderr(&nothing);
    }
}

/// Whether standard output is a terminal.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that has standard output")]
pub fn on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Columns of the terminal that standard output is.
#[must_use]
pub fn width() -> Option<usize> {
    size().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Rows of the terminal that standard output is.
#[must_use]
pub fn height() -> Option<usize> {
    size().map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 0)
}

fn size() -> Option<rustix::termios::Winsize> {
    rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Shows `bytes` in a pager; false where it can't be started. A pager that is left early is no failure.
fn shown_in(pager: &str, bytes: &[u8]) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // The reader may leave before the end.
        let _ = input.write_all(bytes);
    }
    child.wait().is_ok_and(|status| status.code() != Some(127))
}
