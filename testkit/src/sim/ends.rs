//! Ending an attempt from outside, and looking at what is there of one: as `supervise::end_attempt` and
//! `recover::examine` do on a real host, in steps between which anything may happen.

use std::collections::BTreeSet;
use std::time::Duration;

use wg_core::attempt::{Attempt, ExitStatus, ProcessIdentity, barred};
use wg_core::port::Store;
use wg_dispatch::files::{ExitRecord, Run, Started, Talk};
use wg_dispatch::recover::{Finding, Findings, Shim, Stray, may_have_started_before};
use wg_dispatch::supervise::shim::step::Event;

use super::host::{Holder, Role};
use super::mutation::Mutation;
use super::world::World;

/// How long a shim that is just starting may take to its socket.
const BIRTH_PATIENCE: Duration = Duration::from_secs(2);
/// Beyond the grace, for a tree to be gone.
const GONE_PATIENCE: Duration = Duration::from_secs(20);

/// Who has an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The dispatcher.
    Dispatcher,
    /// A command.
    Command(u64),
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// To look who has the lock.
    Look,
    /// A shim was asked, with this number and start time, and has so long.
    Asked { shim: ProcessIdentity, until: Duration },
    /// The lock is ours.
    Under { also: BTreeSet<(u32, u64)>, empty: u32, given_up: bool },
}

/// Somebody who ends an attempt.
#[derive(Debug)]
pub(super) struct EndRun {
    pub(super) owner: Owner,
    pub(super) attempt: Attempt,
    stage: Stage,
    patience: Duration,
    /// What the shim said.
    pub(super) answer: Option<ExitRecord>,
}

/// What came of it.
pub(super) type EndResult = Result<Option<Box<ExitRecord>>, String>;

impl World {
    pub(super) fn begin_end(&mut self, owner: Owner, attempt: Attempt) {
        let id = self.number();
        let patience = self.mono + BIRTH_PATIENCE;
        self.ends.insert(id, EndRun { owner, attempt, stage: Stage::Look, patience, answer: None });
    }

    /// Ends that can go on now.
    pub(super) fn busy_ends(&self) -> Vec<u64> {
        let busy = |end: &EndRun| match &end.stage {
            Stage::Under { .. } => true,
            Stage::Asked { shim, until } => {
                end.answer.is_some() || !self.host.is_alive(shim) || *until <= self.mono
            }
            Stage::Look => {
                let folder = self.host.folders.get(&end.attempt.reference);
                let held = folder.is_some_and(|folder| folder.lock.is_some());
                !held || self.shim_of(end.attempt.reference).is_some() || end.patience <= self.mono
            }
        };
        self.ends.iter().filter(|(_, end)| busy(end)).map(|(id, _)| *id).collect()
    }

    /// When those who wait lose their patience.
    pub(super) fn end_wakes(&self) -> impl Iterator<Item = Duration> {
        self.ends.values().map(|end| match end.stage {
            Stage::Asked { until, .. } => until,
            Stage::Look | Stage::Under { .. } => end.patience,
        })
    }

    pub(super) fn end_acts(&mut self, id: u64) {
        let Some(mut end) = self.ends.remove(&id) else { return };
        let result = match end.stage.clone() {
            Stage::Look => self.look_who(id, &mut end),
            Stage::Asked { shim, .. } => self.asked(&mut end, &shim),
            Stage::Under { also, empty, given_up } => self.under(id, &mut end, also, empty, given_up),
        };
        match result {
            None => drop(self.ends.insert(id, end)),
            Some(result) => {
                self.unlock(id, &end.attempt);
                let (reference, ok) = (end.attempt.reference, result.is_ok());
                self.trace.note(|| format!("end {id} of {reference} by {:?}: gone {ok}", end.owner));
                self.end_done(end.owner, &end.attempt, result);
            }
        }
    }

    fn look_who(&mut self, id: u64, end: &mut EndRun) -> Option<EndResult> {
        let reference = end.attempt.reference;
        if let Some(record) = self.exit_of(&end.attempt) {
            return Some(Ok(Some(record)));
        }
        let unlocked = self.host.folder(reference).lock.is_none();
        if unlocked {
            self.host.folder(reference).lock = Some(Holder::Ender(id));
            end.stage = Stage::Under { also: BTreeSet::new(), empty: 0, given_up: false };
            return None;
        }
        if let Some(pid) = self.shim_of(reference) {
            let identity = self.host.identity(pid)?;
            let shim = self.shims.get_mut(&pid)?;
            // It says whom it means: a shim of another run refuses.
            if shim.run == Run::from(&end.attempt) {
                shim.waiters.push(id);
                let grace = self.config.kill_grace;
                shim.news.push(Event::Stop { grace });
                let farewell = if shim.pipes.is_some() { Talk::FAREWELL_GRACE } else { Duration::ZERO };
                let until = self.mono + farewell + grace + GONE_PATIENCE;
                end.stage = Stage::Asked { shim: identity, until };
                return None;
            }
        }
        self.end_stuck_shim(id, end)
    }

    fn asked(&mut self, end: &mut EndRun, shim: &ProcessIdentity) -> Option<EndResult> {
        if let Some(record) = end.answer.take().filter(|record| record.tree_gone) {
            return Some(Ok(Some(Box::new(record))));
        }
        end.patience = self.mono + BIRTH_PATIENCE;
        end.stage = Stage::Look;
        if self.host.is_alive(shim) {
            end.patience = self.mono;
        }
        None
    }

    /// Whoever has the lock does not do what it is for.
    fn end_stuck_shim(&mut self, id: u64, end: &mut EndRun) -> Option<EndResult> {
        let reference = end.attempt.reference;
        let written = self.host.folder(reference).shim.clone().map(|file| file.shim);
        let known = [written, end.attempt.shim.clone()];
        let by_number = self.mutation == Some(Mutation::NumberAlone);
        let holder = known.into_iter().flatten().find(|identity| {
            self.host.is_alive(identity) || (by_number && self.host.processes.contains_key(&identity.pid))
        });
        let Some(holder) = holder else {
            return Some(Err("its lock is held, but by whom is not known".into()));
        };
        let tree = self.host.descendants(holder.pid);
        let also = tree.iter().filter_map(|pid| Some((*pid, self.host.processes.get(pid)?.start_time)));
        let also: BTreeSet<(u32, u64)> = also.collect();
        self.kill(holder.pid);
        self.bury();
        if self.host.folder(reference).lock.is_some() {
            return Some(Err("its shim is gone, but its lock is held by another process".into()));
        }
        self.host.folder(reference).lock = Some(Holder::Ender(id));
        end.stage = Stage::Under { also, empty: 0, given_up: false };
        None
    }

    fn under(
        &mut self,
        id: u64,
        end: &mut EndRun,
        also: BTreeSet<(u32, u64)>,
        empty: u32,
        given_up: bool,
    ) -> Option<EndResult> {
        let (reference, run) = (end.attempt.reference, Run::from(&end.attempt));
        if !given_up {
            if let Some(record) = self.exit_of(&end.attempt) {
                return Some(Ok(Some(record)));
            }
            let at = self.wall;
            let folder = self.host.folder(reference);
            if folder.started.is_none() {
                let shim = ProcessIdentity { boot: String::new(), pid_namespace: 0, pid: 0, start_time: id };
                folder.started = Some(Started { run, shim, agent: None, at });
                if also.is_empty() {
                    return Some(Ok(None));
                }
            }
            end.stage = Stage::Under { also, empty, given_up: true };
            return None;
        }
        if self.random.per_mille(self.faults.blind) {
            if self.mutation == Some(Mutation::UnknownTakenForDead) {
                return Some(Ok(None));
            }
            return Some(Err("/proc can't be read".into()));
        }
        let found = self.tree_from_outside(&run, &also);
        if found.is_empty() {
            if empty == 1 {
                return Some(Ok(self.exit_of(&end.attempt)));
            }
            end.stage = Stage::Under { also, empty: empty + 1, given_up };
            return None;
        }
        let group_only = self.mutation == Some(Mutation::GroupKillOnly);
        for pid in &found {
            let in_group = self.host.processes.get(pid).is_some_and(|process| process.in_group);
            if !group_only || in_group {
                self.kill(*pid);
            }
        }
        if group_only {
            return Some(Ok(self.exit_of(&end.attempt)));
        }
        end.stage = Stage::Under { also, empty: 0, given_up };
        None
    }

    /// What carries the mark, what was seen below the shim, and everything below these.
    fn tree_from_outside(&self, run: &Run, also: &BTreeSet<(u32, u64)>) -> BTreeSet<u32> {
        let mut found = self.host.marked(run);
        found.extend(also.iter().filter_map(|(pid, start)| {
            let same = self.host.processes.get(pid).is_some_and(|process| process.start_time == *start);
            same.then_some(*pid)
        }));
        for pid in found.clone() {
            found.extend(self.host.descendants(pid));
        }
        found
    }

    /// SIGKILL, by one who is to have checked whom it hits.
    pub(super) fn kill(&mut self, pid: u32) {
        if self.host.processes.get(&pid).is_some_and(|process| process.role == Role::Stranger) {
            self.oracle.fail(format!("process {pid}, which is somebody else's, was killed"));
        }
        self.host.end(pid, ExitStatus::Signal(9));
    }

    fn unlock(&mut self, id: u64, attempt: &Attempt) {
        let folder = self.host.folder(attempt.reference);
        if folder.lock == Some(Holder::Ender(id)) {
            folder.lock = None;
        }
    }

    /// Those of one who died: their locks are free again.
    pub(super) fn forget_ends(&mut self, owner: Owner) {
        let theirs: Vec<u64> =
            self.ends.iter().filter(|(_, end)| end.owner == owner).map(|(id, _)| *id).collect();
        for id in theirs {
            if let Some(end) = self.ends.remove(&id) {
                self.unlock(id, &end.attempt);
            }
        }
    }

    /// The exit record of this very run that says that its tree is gone.
    pub(super) fn exit_of(&self, attempt: &Attempt) -> Option<Box<ExitRecord>> {
        let record = self.host.folders.get(&attempt.reference)?.exit.clone()?;
        let unread = self.mutation == Some(Mutation::RecordUnread);
        (record.run == Run::from(attempt) && record.tree_gone && !unread).then(|| Box::new(record))
    }

    /// What `recover::examine` would find of an attempt.
    pub(super) fn examine(&mut self, attempt: Attempt) -> Finding {
        let mut why = None;
        let mut store = self.port();
        store
            .read(&mut |read| {
                why = barred(read, attempt.reference, attempt.fence)?;
                Ok(())
            })
            .expect("reading is never refused");
        let folder = self.host.folder(attempt.reference).clone();
        let record = folder.exit.filter(|record| record.run == Run::from(&attempt)).map(Box::new);
        if let Some(exit) = record.filter(|_| self.mutation != Some(Mutation::RecordUnread)) {
            return Finding { attempt, barred: why, started: true, exit: Some(exit), shim: Shim::Gone };
        }
        let shim = match folder.lock {
            None => Shim::Gone,
            Some(Holder::Shim(pid)) if !self.random.per_mille(self.faults.blind) => {
                self.host.identity(pid).map_or(Shim::Gone, Shim::Alive)
            }
            Some(_) if self.mutation == Some(Mutation::UnknownTakenForDead) => Shim::Gone,
            Some(_) => Shim::Unknown("its lock is held, but nothing says by whom".into()),
        };
        let started = shim == Shim::Gone && folder.started.is_some();
        Finding { attempt, barred: why, started, exit: None, shim }
    }

    /// What a dispatcher finds at its start, and `wg doctor` at any time.
    pub(super) fn findings(&mut self) -> Findings {
        let mut live: Vec<Attempt> = Vec::new();
        let mut over: Vec<Attempt> = Vec::new();
        let mut store = self.port();
        store
            .read(&mut |read| {
                live = read.live_attempts()?;
                over =
                    read.attempts(wg_core::port::Page::ALL)?.into_iter().filter(|a| !a.is_live()).collect();
                Ok(())
            })
            .expect("reading is never refused");
        let booted = self.booted_at();
        let mut attempts: Vec<Finding> = live.into_iter().map(|attempt| self.examine(attempt)).collect();
        for finding in &mut attempts {
            finding.started |= may_have_started_before(booted, &finding.attempt);
        }
        let strays = over.into_iter().filter_map(|attempt| {
            let marked = self.host.marked(&Run::from(&attempt));
            let processes: Vec<_> = marked.into_iter().filter_map(|pid| self.host.identity(pid)).collect();
            (!processes.is_empty()).then_some(Stray { attempt, processes })
        });
        Findings { attempts, strays: strays.collect() }
    }
}
