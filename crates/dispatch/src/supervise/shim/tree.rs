//! The agent's process tree, as its parent and subreaper sees it: starting its first process, signalling what
//! is there, hearing of ends.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use wg_core::attempt::{ExitStatus, ProcessIdentity};

use super::step::Event;
use crate::files::{AttemptFolder, LaunchSpec};
use crate::supervise::linux::{self, Children, Process};
use crate::supervise::sandbox::{Confinement, Level, Start, start};
use crate::supervise::sweep;

/// How long a verification waits for what it had to kill.
const VERIFY_PATIENCE: Duration = Duration::from_secs(2);

/// What the agent's first process has for its standard streams.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) stdin: Stdio,
    pub(super) stdout: Stdio,
    pub(super) stderr: Stdio,
}

/// The tree of one agent.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The first process; its number is its own until it was waited for.
    first: Option<u32>,
    identity: Option<ProcessIdentity>,
    /// The first process keeps the agent in its sandbox, and leaves with the agent's status: it is not the agent.
    is_keeper: bool,
}

impl Tree {
    /// Starts the agent.
    pub(super) fn spawn(&mut self, folder: &AttemptFolder, spec: &LaunchSpec, streams: Streams) -> Event {
        if let Some(Confinement { level, missing: Some(why), .. }) = &spec.sandbox {
            return Event::Unconfined(format!("{level}: {why}"));
        }
        match spawn(folder, spec, streams) {
            Ok(pid) => {
                self.first = Some(pid);
                self.identity = linux::identity_of(pid).ok();
                self.is_keeper = spec.sandbox.as_ref().is_some_and(|made| made.level == Level::Bubblewrap);
                Event::Spawned
            }
            Err((error, text)) => Event::SpawnFailed { errno: error.raw_os_error(), text },
        }
    }

    /// Who the first process is (or was).
    pub(super) fn identity(&self) -> Option<&ProcessIdentity> {
        self.identity.as_ref()
    }

    /// Takes the ends of children; gives what that means, if anything.
    pub(super) fn reap(&mut self) -> Option<Event> {
        let (reaped, others) = match linux::reap() {
            Children::Some(reaped) => (reaped, true),
            Children::None(reaped) => (reaped, false),
        };
        let first = reaped.into_iter().find(|(pid, _)| Some(*pid) == self.first);
        match first {
            Some((_, status)) => {
                self.first = None;
                let status = if self.is_keeper { of_agent(status) } else { status };
                Some(Event::Exited { status, others })
            }
            None if !others => Some(Event::Childless),
            None => None,
        }
    }

    /// SIGTERM to the agent's group. Its number is its leader's, which can't be another's until it was
    /// waited for; after that everything that is left is told. Who keeps an agent in its sandbox is left out: it
    /// knows nothing better than to go at once, and the agent is to have its time.
    pub(super) fn term_group(&self) {
        match self.first.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
            Some(group) if self.is_keeper => term_members(group),
            // No such group: it is about to end, and is heard of then.
            Some(group) => drop(kill_process_group(group, Signal::TERM)),
            None => signal_all(Signal::TERM),
        }
    }

    /// Whether nothing is left anywhere: the tree below us is empty, and no mark is found outside it (where
    /// it is killed).
    pub(super) fn verify(&self, mark: &str) -> bool {
        let mut below = Vec::new();
        linux::add_descendants(linux::own_pid(), &mut below);
        sweep::until_gone(mark, self.identity.as_ref(), below, VERIFY_PATIENCE).is_ok()
    }
}

/// How an agent left, of how the one that kept it did: a signal has the status that shells give it.
fn of_agent(status: ExitStatus) -> ExitStatus {
    match status {
        ExitStatus::Code(code @ 129..=192) => ExitStatus::Signal(code - 128),
        status => status,
    }
}

/// SIGTERM to all of a group but its leader.
fn term_members(group: Pid) {
    let mut tree: Vec<Process> = Vec::new();
    linux::add_descendants(linux::own_pid(), &mut tree);
    for process in tree {
        let pid = i32::try_from(process.pid()).ok().and_then(Pid::from_raw);
        if pid != Some(group) && getpgid(pid).is_ok_and(|its| its == group) {
            // One that has ended needs none.
            let _ = process.signal(Signal::TERM);
        }
    }
}

/// A signal to everything below us.
pub(super) fn signal_all(signal: Signal) {
    let mut tree: Vec<Process> = Vec::new();
    linux::add_descendants(linux::own_pid(), &mut tree);
    for process in tree {
        // One that may not be signalled is still there at the next sweep.
        let _ = process.signal(signal);
    }
}

/// The agent's first process, or the error and what it is about.
fn spawn(folder: &AttemptFolder, spec: &LaunchSpec, streams: Streams) -> Result<u32, (io::Error, String)> {
    let told = |what: String| {
        move |error: io::Error| {
            let text = format!("{what}: {error}");
            (error, text)
        }
    };
    let Some((name, args)) = spec.argv.split_first() else {
        return Err(told("the command".to_owned())(io::Error::from(Errno::INVAL)));
    };
    if !spec.cwd.is_dir() {
        return Err(told(format!("the folder {}", spec.cwd.display()))(io::Error::from(Errno::NOENT)));
    }
    let failed = told(name.clone());
    let given = |name: &str| spec.env.get(name).map(OsString::from);
    let handed_on =
        |name: &str| spec.inherit.iter().any(|known| known == name).then(|| env::var_os(name)).flatten();
    let variable = |name: &str| given(name).or_else(|| handed_on(name));
    let (mut command, more) = match &spec.sandbox {
        Some(confinement) => {
            let Start { program, args, env } =
                start(folder, spec, confinement, variable).map_err(|(error, what)| told(what)(error))?;
            let mut command = Command::new(program);
            command.args(args);
            (command, env)
        }
        None => {
            let mut command = Command::new(name);
            command.args(args);
            (command, Vec::new())
        }
    };
    command.current_dir(&spec.cwd).env_clear();
    command.envs(spec.inherit.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command.envs(&spec.env).envs(more);
    command.env("WG_ATTEMPT", spec.run.mark()).env("WG_TASK", &spec.task).env("WG_SOCKET", folder.door());
    command.stdin(streams.stdin).stdout(streams.stdout).stderr(streams.stderr);
    linux::own_session_and_fate(&mut command);
    // Its end is taken by `reap`, with those of everything that comes to us: the handle has nothing to add.
    command.spawn().map(|child| child.id()).map_err(failed)
}
