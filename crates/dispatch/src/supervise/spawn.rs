//! Starting a shim, and holding on to one that runs already.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use wg_core::attempt::ProcessIdentity;

use super::linux::{self, Process, Verdict};
use crate::files::AttemptFolder;

/// The hidden verb of the binary that is the shim.
pub const SHIM_VERB: &str = "__shim";

/// Why no shim was started.
#[derive(Debug, thiserror::Error)]
#[error("the shim {program} can't be started: {source}")]
pub struct SpawnError {
    /// What was to be executed.
    pub program: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A shim that runs, or has run: its identity, and a pidfd that tells its end.
#[derive(Debug)]
pub struct Shim {
    process: Process,
    /// Where it is our own child: it is a zombie until it is waited for.
    child: Option<Child>,
}

impl Shim {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &ProcessIdentity {
        self.process.identity()
    }

    /// It, held.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Whether it has ended; if it was our child, it is no zombie after that.
    #[must_use]
    pub fn has_ended(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(Some(_))),
            None => self.process.has_ended(),
        }
    }
}

/// Starts the shim of the attempt in `folder`, where `launch.json` is: `program __shim FOLDER`.
///
/// The shim hands on from our environment what `launch.json` names in `inherit`. What it prints, which is
/// nothing unless something is wrong with it, goes to `shim.log`. This is one `posix_spawn`: nothing is set
/// here that would force a fork of the (larger) dispatcher.
pub fn start_shim(program: &Path, folder: &AttemptFolder) -> Result<Shim, SpawnError> {
    let failed = |source: io::Error| SpawnError { program: program.to_owned(), source };
    let log =
        OpenOptions::new().create(true).append(true).mode(0o600).open(folder.shim_log()).map_err(failed)?;
    let mut command = Command::new(program);
    // Its name in a list of processes, by whatever path the program is found.
    command.arg0("wg").arg(SHIM_VERB).arg(folder.path()).stdin(Stdio::null());
    command.stdout(log.try_clone().map_err(failed)?).stderr(log);
    let mut child = command.spawn().map_err(failed)?;
    // Its number is its own until it is waited for, which happens here or in `has_ended` only.
    match Process::of(child.id()) {
        Ok(process) => Ok(Shim { process, child: Some(child) }),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(failed(error))
        }
    }
}

/// Holds a shim that another dispatcher started.
pub fn adopt(identity: &ProcessIdentity) -> Result<Option<Shim>, String> {
    match linux::verdict(identity) {
        Verdict::Alive(process) => Ok(Some(Shim { process, child: None })),
        Verdict::Dead => Ok(None),
        Verdict::Unknown(why) => Err(why),
    }
}

impl Drop for Shim {
    /// A handle may be dropped before its shim ends (a dispatcher that leaves): nothing is killed.
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.try_wait();
        }
    }
}

/// Kills a shim that does not answer, by its identity.
pub(super) fn kill(process: &Process) -> io::Result<()> {
    process.signal(Signal::KILL)
}
