//! The dispatcher as a process: which program it is, how one is started, and where what it notes goes.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use wg_dispatch::files::GraphFolder;
use wg_dispatch::log_file::{LogFile, LogLimits};

use crate::error::{Failure, Result};
use crate::output::{Sink, sink};
use crate::wire;

/// What this process and each that it starts find their own program by, whatever has become of its file: one
/// that was replaced or removed still is what the kernel holds. So a shim is always of the same version as the
/// dispatcher that starts it; after an upgrade, the path (`/usr/bin/wg (deleted)`) leads to another, or to none.
pub const OURS: &str = "/proc/self/exe";

/// The path of the program that this process runs, while it leads to it; else [`OURS`].
#[must_use]
pub fn program() -> PathBuf {
    let same = |path: &Path| {
        use std::os::unix::fs::MetadataExt;
        let [a, b] = [path, Path::new(OURS)].map(|path| std::fs::metadata(path).ok());
        a.zip(b).is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
    };
    std::fs::read_link(OURS).ok().filter(|path| same(path)).unwrap_or_else(|| PathBuf::from(OURS))
}

/// `wg service start --foreground` for the graph at `graph`, with nothing of a worker's environment.
#[must_use]
pub fn command(graph: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("--dir").arg(graph).args(["service", "start", "--foreground"]);
    for name in ["WG_DIR", "WG_SOCKET", "WG_ATTEMPT", "WG_TASK"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Has what this process notes written to the graph's log, and to standard error too where `aloud`.
pub fn log(graph: &GraphFolder, limits: LogLimits, aloud: bool) -> Result<()> {
    let path = graph.log();
    let failed = |error: io::Error| Failure::file("write", &path, &error);
    std::fs::create_dir_all(graph.service()).map_err(failed)?;
    let file = LogFile::open(&path, limits).map_err(failed)?;
    let log = Log { file, aloud: aloud.then(sink::errors) };
    tracing_subscriber::fmt()
        .with_writer(Mutex::new(log))
        .with_ansi(false)
        .with_target(false)
        .with_timer(Clock)
        .try_init()
        .map_err(|error| Failure::refused("can't note what happens").because(error))
}

/// The log file, and standard error for containers and unit files, which keep it.
struct Log {
    file: LogFile,
    aloud: Option<Sink>,
}

impl Write for Log {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if let Some(aloud) = &mut self.aloud {
            // Nobody may listen any more; the file stays.
            let _ = aloud.write_all(lines);
        }
        self.file.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Times in the log are written as everywhere else.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        write!(to, "{}", wire::now())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_is_the_one_that_runs() {
        assert_eq!(super::program(), std::env::current_exe().unwrap());
    }
}
