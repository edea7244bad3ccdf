//! Shims: the real machine (`supervise::shim::step`) of each, and what its actions do to the simulated host.

use std::collections::VecDeque;
use std::time::Duration;

use wg_core::attempt::{Attempt, ExitStatus, barred};
use wg_core::id::AttemptRef;
use wg_core::port::Store;
use wg_dispatch::dispatcher::Launch;
use wg_dispatch::files::{ExitRecord, OutputCount, Run, ShimFile, Started, TalkInput};
use wg_dispatch::supervise::shim::step::{Action, Ending, Event, Limits, Machine, TalkLimits};

use super::agents::script;
use super::handlers;
use super::host::{Death, Holder, INIT, Role};
use super::mutation::Mutation;
use super::pipes::{Ask, Pipes};
use super::world::World;

/// From a worker's report to the end of a process that stays.
const LEAVE_GRACE: Duration = Duration::from_secs(60);

/// Longer than any run.
const ENDLESS: Duration = Duration::from_secs(1 << 32);

/// A living shim.
#[derive(Debug)]
pub(super) struct ShimRun {
    pub(super) attempt: AttemptRef,
    pub(super) run: Run,
    machine: Machine,
    born: Duration,
    /// What it is about to do, in order.
    actions: VecDeque<Action>,
    /// What supervisors asked for on their connections.
    pub(super) asked: VecDeque<(u64, Ask)>,
    /// The pipes of an agent that is talked to, from its start on; what they begin with before.
    pub(super) pipes: Option<Pipes>,
    talks: Option<Pipes>,
    /// What it has not heard of yet.
    pub(super) news: Vec<Event>,
    /// Children that have ended and are not waited for.
    zombies: Vec<(u32, ExitStatus)>,
    /// The agent's first process.
    first: Option<u32>,
    /// It is to write the agent's identity into its mark.
    to_note: bool,
    /// Its socket is there.
    pub(super) door_open: bool,
    /// Who waits for its end.
    pub(super) waiters: Vec<u64>,
    /// What the store truly said when it looked.
    barred: Option<String>,
    /// When its agent was executed.
    executed_at: Option<wg_core::time::Timestamp>,
}

impl ShimRun {
    /// Whether this is the first process of its agent.
    pub(super) fn is_first(&self, pid: u32) -> bool {
        self.first == Some(pid)
    }

    /// Whether that process is there.
    pub(super) fn has_agent(&self) -> bool {
        self.first.is_some()
    }
}

impl World {
    /// A dispatcher starts a shim.
    pub(super) fn start_shim(&mut self, launch: &Launch) -> u32 {
        let run = Run::from(&launch.attempt);
        let wish = self.random.below(1_000);
        let pid = self.host.start(Role::Shim, None, INIT, wish);
        let limits = Limits {
            timeout: launch.timeout,
            kill_grace: launch.kill_grace,
            leave_grace: LEAVE_GRACE,
            talk: launch.talk.as_ref().map(TalkLimits::from),
        };
        let talks = launch.talk.as_ref().map(|talk| Pipes {
            farewell: talk.farewell.clone(),
            closed: talk.input == TalkInput::Prompt,
            ..Pipes::default()
        });
        let (machine, actions) = Machine::begin(limits);
        self.oracle.shim_started(launch.attempt.reference);
        let shim = ShimRun {
            attempt: launch.attempt.reference,
            run,
            machine,
            born: self.mono,
            actions: actions.into(),
            asked: VecDeque::new(),
            pipes: None,
            talks,
            news: Vec::new(),
            zombies: Vec::new(),
            first: None,
            to_note: false,
            door_open: false,
            waiters: Vec::new(),
            barred: None,
            executed_at: None,
        };
        self.shims.insert(pid, shim);
        pid
    }

    /// The shim that holds an attempt's lock and listens.
    pub(super) fn shim_of(&self, attempt: AttemptRef) -> Option<u32> {
        match self.host.folders.get(&attempt)?.lock {
            Some(Holder::Shim(pid)) if self.shims.get(&pid).is_some_and(|shim| shim.door_open) => Some(pid),
            _ => None,
        }
    }

    /// Shims that have something to do now.
    pub(super) fn busy_shims(&self) -> Vec<u32> {
        let busy = |shim: &ShimRun| {
            shim.to_note
                || !shim.actions.is_empty()
                || !shim.news.is_empty()
                || !shim.zombies.is_empty()
                || !shim.asked.is_empty()
                || shim.pipes.as_ref().is_some_and(|pipes| !pipes.stdout.is_empty())
                || shim.machine.wake_at().is_some_and(|at| shim.born.saturating_add(at) <= self.mono)
        };
        self.shims.iter().filter(|(_, shim)| busy(shim)).map(|(pid, _)| *pid).collect()
    }

    /// When shims want to hear of the time.
    pub(super) fn shim_wakes(&self) -> impl Iterator<Item = Duration> {
        // A limit without an end never rings.
        let wakes =
            |shim: &ShimRun| shim.born.checked_add(shim.machine.wake_at().filter(|at| *at < ENDLESS)?);
        self.shims.values().filter_map(wakes)
    }

    /// A shim does the next thing: what it noted to do goes before what it has not heard of yet.
    pub(super) fn shim_acts(&mut self, pid: u32) {
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        if std::mem::take(&mut shim.to_note) {
            self.note_agent(pid);
            return;
        }
        if let Some(action) = shim.actions.pop_front() {
            let attempt = shim.attempt;
            self.trace.note(|| format!("shim {pid} of {attempt}: {action:?}"));
            if let Some(event) = self.perform(pid, action) {
                self.tell_shim(pid, event);
            }
            return;
        }
        if !shim.zombies.is_empty() {
            self.reap(pid);
            return;
        }
        let printed = shim.pipes.as_ref().is_some_and(|pipes| !pipes.stdout.is_empty());
        let (asked, news) = (!shim.asked.is_empty(), !shim.news.is_empty());
        if printed && (!(asked || news) || self.random.per_mille(500)) {
            self.pump(pid, false);
            return;
        }
        if asked && (!news || self.random.per_mille(500)) {
            let next = self.shims.get_mut(&pid).and_then(|shim| shim.asked.pop_front());
            if let Some((line, ask)) = next {
                self.serve(pid, line, ask);
            }
            return;
        }
        if news {
            let at = self.random.below(self.shims[&pid].news.len());
            let event = self.shims.get_mut(&pid).map(|shim| shim.news.remove(at));
            if let Some(event) = event {
                self.tell_shim(pid, event);
            }
            return;
        }
        self.tell_shim(pid, Event::Time);
    }

    pub(super) fn tell_shim(&mut self, pid: u32, event: Event) {
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        let now = self.mono.saturating_sub(shim.born);
        let about = self.trace.line(|| format!("shim {pid} of {} hears {event:?}", shim.attempt));
        let mut actions = shim.machine.step(event, now);
        let records = actions.iter().any(|action| matches!(action, Action::Record(_)));
        if self.mutation == Some(Mutation::ToldBeforeWritten) && records {
            actions.insert(0, Action::Tell);
        }
        shim.actions.extend(actions);
        self.trace.add(about);
    }

    fn reap(&mut self, pid: u32) {
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        let ended = std::mem::take(&mut shim.zombies);
        let first = ended.iter().find(|(child, _)| shim.first == Some(*child)).map(|(_, status)| *status);
        let others = self.host.processes.values().any(|process| process.parent == pid);
        match first {
            Some(status) => {
                if let Some(shim) = self.shims.get_mut(&pid) {
                    shim.first = None;
                }
                self.tell_shim(pid, Event::Exited { status, others });
            }
            None if !others => self.tell_shim(pid, Event::Childless),
            None => {}
        }
    }

    fn perform(&mut self, pid: u32, action: Action) -> Option<Event> {
        let run = self.shims.get(&pid)?.run;
        let attempt = run.attempt;
        match action {
            Action::Lock => {
                let identity = self.host.identity(pid);
                let folder = self.host.folder(attempt);
                if folder.lock.is_some() && self.mutation != Some(Mutation::StartNotExclusive) {
                    return Some(Event::LockBusy);
                }
                folder.lock = Some(Holder::Shim(pid));
                folder.shim = identity.map(|shim| ShimFile { run, shim });
                Some(Event::Locked)
            }
            Action::Check => Some(self.check(pid, run)),
            Action::Mark => {
                let (at, shim) = (self.wall, self.host.identity(pid)?);
                let folder = self.host.folder(attempt);
                if folder.started.is_some() && self.mutation != Some(Mutation::StartNotExclusive) {
                    return Some(Event::MarkThere);
                }
                folder.started = Some(Started { run, shim, agent: None, at });
                Some(Event::Marked)
            }
            Action::Spawn => {
                self.execute(pid, run);
                Some(Event::Spawned)
            }
            Action::TermGroup => {
                self.end_tree(pid, false, true);
                None
            }
            Action::TermAll => {
                let group_only = self.mutation == Some(Mutation::GroupKillOnly);
                self.end_tree(pid, false, group_only);
                None
            }
            Action::KillAll => {
                let group_only = self.mutation == Some(Mutation::GroupKillOnly);
                self.end_tree(pid, true, group_only);
                None
            }
            Action::Verify => {
                let left = self.host.marked(&run).len();
                Some(Event::Verified { gone: left == 0 || self.mutation == Some(Mutation::GroupKillOnly) })
            }
            Action::Record(ending) => {
                self.pump(pid, true);
                Some(self.record(pid, &ending))
            }
            Action::Tell => {
                self.tell_waiters(pid);
                None
            }
            Action::Poke => {
                self.poked(attempt);
                None
            }
            Action::Leave => {
                self.host.end(pid, ExitStatus::Code(0));
                None
            }
            Action::Farewell => {
                if let Some(pipes) = self.shims.get_mut(&pid).and_then(|shim| shim.pipes.as_mut()) {
                    pipes.say_farewell();
                }
                None
            }
            Action::Announce(_) => None,
        }
    }

    fn check(&mut self, pid: u32, run: Run) -> Event {
        let mut truth = None;
        let mut store = self.store.clone();
        store
            .read(&mut |read| {
                truth = barred(read, run.attempt, run.fence)?;
                Ok(())
            })
            .expect("memory can be read");
        if let Some(shim) = self.shims.get_mut(&pid) {
            shim.door_open = true;
            shim.barred.clone_from(&truth);
        }
        match truth {
            Some(why) if self.mutation != Some(Mutation::StoreUnchecked) => Event::Refused(why),
            _ => Event::Admitted,
        }
    }

    fn execute(&mut self, pid: u32, run: Run) {
        let wish = self.random.below(1_000);
        let agent = self.host.start(Role::Agent, Some(run), pid, wish);
        let kind = self.mood.is_kind();
        let mut pipes = self.shims.get_mut(&pid).and_then(|shim| shim.talks.take());
        if let Some(pipes) = pipes.as_mut().filter(|pipes| pipes.closed) {
            // It reads its prompt, and nothing else.
            pipes.stdin.push_back(self.host.folder(run.attempt).prompt.clone());
        }
        let acts = match pipes {
            Some(_) => handlers::script(&mut self.random, kind),
            None => script(&mut self.random, self.mood.hasty),
        };
        self.trace.note(|| format!("process {agent} is the agent of {}: {acts:?}", run.attempt));
        self.agents.insert(agent, acts);
        let wall = self.wall;
        if let Some(shim) = self.shims.get_mut(&pid) {
            shim.first = Some(agent);
            shim.pipes = pipes;
            shim.to_note = true;
            shim.executed_at = Some(wall);
            self.oracle.executed(run, shim.barred.as_deref());
        }
    }

    /// Writes who the agent is into the mark: a death before that leaves it open.
    fn note_agent(&mut self, pid: u32) {
        let Some(shim) = self.shims.get(&pid) else { return };
        let agent = shim.first.and_then(|first| self.host.identity(first));
        let attempt = shim.attempt;
        if let Some(started) = &mut self.host.folder(attempt).started {
            started.agent = agent;
        }
    }

    /// Signals what is below a shim: all of it, or its agent's group.
    fn end_tree(&mut self, shim: u32, kill: bool, group_only: bool) {
        for pid in self.host.descendants(shim) {
            let Some(process) = self.host.processes.get(&pid) else { continue };
            if (group_only && !process.in_group) || (!kill && process.ignores_term) {
                continue;
            }
            self.host.end(pid, ExitStatus::Signal(if kill { 9 } else { 15 }));
        }
        if self.mutation == Some(Mutation::GroupKillOnly) && kill {
            // Who does not look for others thinks that all is done when the group is.
            if let Some(shim) = self.shims.get_mut(&shim) {
                shim.news.push(Event::Childless);
            }
        }
    }

    fn record(&mut self, pid: u32, ending: &Ending) -> Event {
        let full = self.random.per_mille(self.faults.disk_full);
        let wall = self.wall;
        let Some(record) = self.record_of(pid, ending, wall) else { return Event::RecordFailed };
        if full {
            return Event::RecordFailed;
        }
        let attempt = record.run.attempt;
        self.host.folder(attempt).exit = Some(record);
        Event::Recorded
    }

    fn record_of(&self, pid: u32, ending: &Ending, at: wg_core::time::Timestamp) -> Option<ExitRecord> {
        let shim = self.shims.get(&pid)?;
        Some(ExitRecord {
            run: shim.run,
            ended_by: ending.because.clone(),
            status: ending.status,
            started_at: shim.executed_at,
            ended_at: at,
            tree_gone: ending.gone,
            output: OutputCount::default(),
            reported: ending.reported,
            events: self.host.folders.get(&shim.attempt).map_or(0, |folder| folder.events.len() as u64),
        })
    }

    fn tell_waiters(&mut self, pid: u32) {
        let Some(shim) = self.shims.get_mut(&pid) else { return };
        let waiters = std::mem::take(&mut shim.waiters);
        let attempt = shim.attempt;
        let record = self.host.folders.get(&attempt).and_then(|folder| folder.exit.clone());
        if record.is_none() {
            self.oracle.fail(format!("the end of {attempt} was told before it was written"));
        }
        for waiter in waiters {
            if let Some(end) = self.ends.get_mut(&waiter) {
                end.answer.clone_from(&record);
            }
        }
    }

    /// What the end of a process means to those who watch it.
    pub(super) fn buried(&mut self, death: &Death) {
        let Death { pid, process, status } = death;
        self.agents.remove(pid);
        match process.role {
            Role::Shim => {
                if let Some(shim) = self.shims.remove(pid)
                    && let Some(first) = shim.first.filter(|first| self.host.processes.contains_key(first))
                {
                    // PDEATHSIG.
                    self.host.end(first, ExitStatus::Signal(9));
                }
                self.lose_line(*pid);
                self.shim_died(*pid, process.start_time);
            }
            Role::Agent | Role::Child => {
                if process.role == Role::Agent
                    && let Some(run) = process.run
                {
                    self.oracle.agent_left(run, *status);
                }
                if let Some(shim) = self.shims.get_mut(&process.parent) {
                    shim.zombies.push((*pid, *status));
                }
            }
            Role::Stranger => {}
        }
    }

    /// As the dispatcher sees an attempt: for a person who reads a failure.
    pub(super) fn about(&self, attempt: &Attempt) -> String {
        let shim = self.shims.values().find(|shim| shim.attempt == attempt.reference);
        format!("{attempt:?}; shim: {:?}", shim.map(|shim| shim.machine.state()))
    }
}
