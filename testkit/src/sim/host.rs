//! The machine that is simulated: processes, the folders of attempts, and who holds which lock. Only what
//! is; what happens to it is in the other files.

use std::collections::{BTreeMap, BTreeSet};

use wg_core::attempt::{ExitStatus, ProcessIdentity};
use wg_core::id::AttemptRef;
use wg_dispatch::files::{ExitRecord, Run, ShimFile, Started};

/// Process numbers are few, so that each is given again soon.
const PIDS: u32 = 32;
/// The number of `init`.
pub(super) const INIT: u32 = 1;

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A shim.
    Shim,
    /// The first process of an agent.
    Agent,
    /// Something that an agent started.
    Child,
    /// Somebody else's.
    Stranger,
}

/// A living process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) role: Role,
    /// The mark in its environment.
    pub(super) run: Option<Run>,
    pub(super) parent: u32,
    pub(super) start_time: u64,
    /// In the process group of its agent's first process.
    pub(super) in_group: bool,
    pub(super) ignores_term: bool,
}

/// Who has a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The shim with this number.
    Shim(u32),
    /// One that ends the attempt.
    Ender(u64),
}

/// An attempt's folder.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    pub(super) lock: Option<Holder>,
    pub(super) shim: Option<ShimFile>,
    pub(super) started: Option<Started>,
    pub(super) exit: Option<ExitRecord>,
    /// What an agent that is understood printed.
    pub(super) events: Vec<u8>,
    /// What one at work is told.
    pub(super) prompt: String,
}

/// A process that has just ended.
#[derive(Debug, Clone)]
pub(super) struct Death {
    pub(super) pid: u32,
    pub(super) process: Process,
    pub(super) status: ExitStatus,
}

/// The machine.
#[derive(Debug, Default)]
pub(super) struct Host {
    boot: u32,
    ticks: u64,
    pub(super) processes: BTreeMap<u32, Process>,
    pub(super) folders: BTreeMap<AttemptRef, Folder>,
    /// Ends that their parents have not heard of yet.
    pub(super) deaths: Vec<Death>,
}

impl Host {
    /// Starts a process; its number may have been another's.
    pub(super) fn start(&mut self, role: Role, run: Option<Run>, parent: u32, wish: usize) -> u32 {
        let free: Vec<u32> = (2..PIDS).filter(|pid| !self.processes.contains_key(pid)).collect();
        let pid = match free.as_slice() {
            [] => self.processes.keys().last().map_or(PIDS, |last| last + 1).max(PIDS),
            free => free[wish % free.len()],
        };
        self.ticks += 1;
        let process =
            Process { role, run, parent, start_time: self.ticks, in_group: true, ignores_term: false };
        self.processes.insert(pid, process);
        pid
    }

    pub(super) fn identity(&self, pid: u32) -> Option<ProcessIdentity> {
        let process = self.processes.get(&pid)?;
        Some(ProcessIdentity { boot: self.boot_id(), pid_namespace: 1, pid, start_time: process.start_time })
    }

    /// Whether this very process lives.
    pub(super) fn is_alive(&self, identity: &ProcessIdentity) -> bool {
        self.identity(identity.pid).as_ref() == Some(identity)
    }

    fn boot_id(&self) -> String {
        format!("boot-{}", self.boot)
    }

    /// Ends a process. Its children get the next parent: the shim above, where one lives.
    pub(super) fn end(&mut self, pid: u32, status: ExitStatus) {
        let Some(process) = self.processes.remove(&pid) else { return };
        let heir = self.subreaper(&process).unwrap_or(INIT);
        for child in self.processes.values_mut().filter(|child| child.parent == pid) {
            child.parent = heir;
        }
        if process.role == Role::Shim {
            for folder in self.folders.values_mut().filter(|f| f.lock == Some(Holder::Shim(pid))) {
                folder.lock = None;
            }
        }
        self.deaths.push(Death { pid, process, status });
    }

    /// The nearest living shim above a process that has just been taken out of the table.
    fn subreaper(&self, process: &Process) -> Option<u32> {
        let mut pid = process.parent;
        while let Some(above) = self.processes.get(&pid) {
            if above.role == Role::Shim {
                return Some(pid);
            }
            pid = above.parent;
        }
        None
    }

    /// Everything below a process.
    pub(super) fn descendants(&self, root: u32) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut todo = vec![root];
        while let Some(parent) = todo.pop() {
            for (pid, _) in self.processes.iter().filter(|(_, process)| process.parent == parent) {
                if found.insert(*pid) {
                    todo.push(*pid);
                }
            }
        }
        found
    }

    /// Living processes of a run's tree that carry its mark: not its shim.
    pub(super) fn marked(&self, run: &Run) -> BTreeSet<u32> {
        let carries = |process: &Process| process.run.as_ref() == Some(run) && process.role != Role::Shim;
        self.processes.iter().filter(|(_, process)| carries(process)).map(|(pid, _)| *pid).collect()
    }

    pub(super) fn folder(&mut self, attempt: AttemptRef) -> &mut Folder {
        self.folders.entry(attempt).or_default()
    }

    /// The machine starts anew: of processes and locks nothing stays, and of files that nobody synced only
    /// those that `keep` says.
    pub(super) fn reboot(&mut self, mut keep: impl FnMut() -> bool) {
        self.boot += 1;
        self.ticks = 0;
        self.processes.clear();
        self.deaths.clear();
        for folder in self.folders.values_mut() {
            folder.lock = None;
            folder.shim = folder.shim.take().filter(|_| keep());
            folder.started = folder.started.take().filter(|_| keep());
            folder.exit = folder.exit.take().filter(|_| keep());
            if !keep() {
                folder.events.truncate(folder.events.len() / 2);
            }
        }
    }
}
