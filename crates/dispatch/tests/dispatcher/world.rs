//! A graph, a dispatcher and a clock that is turned by hand.

use std::time::Duration;

use wg_core::attempt::{Attempt, ExitStatus, Outcome, ProcessIdentity};
use wg_core::command::{Command, NewTask};
use wg_core::effect::EffectState;
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::port::{Page, Store};
use wg_core::submit::submit;
use wg_core::task::{RunSpec, Task, TaskState};
use wg_core::time::Timestamp;
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::{Dispatcher, Event, HostEffect, Launch};
use wg_dispatch::files::{EndedBy, ExitRecord, OutputCount, Run};
use wg_dispatch::recover::Findings;
use wg_store::memory::MemoryStore;

pub const HOST: &str = "box";

pub struct World {
    pub store: MemoryStore,
    pub dispatcher: Dispatcher,
    pub now: Timestamp,
    pub config: DispatchConfig,
}

impl World {
    /// A dispatcher that has just started on an empty graph.
    pub fn new(config: DispatchConfig) -> Self {
        let mut world = Self::unstarted(config);
        world.handle(vec![Event::Recovered(Box::default())]);
        world
    }

    /// A dispatcher that has not looked at anything yet.
    pub fn unstarted(config: DispatchConfig) -> Self {
        Self {
            store: MemoryStore::new(),
            dispatcher: Dispatcher::new(HOST.into(), config.clone(), 7),
            now: Timestamp::from_nanos(1_800_000_000_000_000_000),
            config,
        }
    }

    pub fn slots(max_agents: usize) -> Self {
        Self::new(DispatchConfig { max_agents, ..DispatchConfig::default() })
    }

    /// The dispatcher dies; another one starts, and finds this.
    pub fn restart(&mut self, findings: Findings) -> Vec<HostEffect> {
        self.dispatcher = Dispatcher::new(HOST.into(), self.config.clone(), 8);
        self.handle(vec![Event::Recovered(Box::new(findings))])
    }

    pub fn handle(&mut self, events: Vec<Event>) -> Vec<HostEffect> {
        self.dispatcher.handle(&mut self.store, events, self.now).unwrap()
    }

    /// Somebody has committed something.
    pub fn changed(&mut self) -> Vec<HostEffect> {
        self.handle(vec![Event::StoreChanged])
    }

    pub fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    pub fn command(&mut self, command: Command) {
        submit(&mut self.store, &Actor::User("ann".into()), command, self.now).unwrap();
    }

    pub fn report(&mut self, attempt: AttemptRef, command: Command) {
        submit(&mut self.store, &Actor::Agent(attempt), command, self.now).unwrap();
    }

    /// A task with a command, after others.
    pub fn add(&mut self, id: &str, after: &[&str]) {
        let run = RunSpec { exec: Some(format!("echo {id}")), ..RunSpec::default() };
        self.add_with(id, after, run);
    }

    pub fn add_with(&mut self, id: &str, after: &[&str], run: RunSpec) {
        let new = NewTask {
            title: id.into(),
            id: Some(task_id(id)),
            after: after.iter().map(|id| task_id(id)).collect(),
            run,
            ..NewTask::default()
        };
        self.command(Command::Add(Box::new(new)));
    }

    pub fn task(&mut self, id: &str) -> Task {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = read.task(&task_id(id))?.map(|(task, _)| task);
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    pub fn state(&mut self, id: &str) -> TaskState {
        self.task(id).state
    }

    pub fn attempt(&mut self, reference: AttemptRef) -> Attempt {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = read.attempt(reference)?.map(|(attempt, _)| attempt);
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    pub fn outcome(&mut self, reference: AttemptRef) -> Outcome {
        self.attempt(reference).outcome().unwrap().clone()
    }

    pub fn attempts(&mut self) -> Vec<Attempt> {
        let mut found = Vec::new();
        self.store
            .read(&mut |read| {
                found = read.attempts(Page::ALL)?;
                Ok(())
            })
            .unwrap();
        found.reverse();
        found
    }

    pub fn operations(&mut self) -> Vec<&'static str> {
        let mut verbs = Vec::new();
        self.store
            .read(&mut |read| {
                verbs = read
                    .operations_since(wg_core::id::OpSeq(0), usize::MAX)?
                    .iter()
                    .map(|operation| operation.command.verb())
                    .collect();
                Ok(())
            })
            .unwrap();
        verbs
    }

    /// Effects in the store that are not settled.
    pub fn open_effects(&mut self) -> usize {
        let mut open = 0;
        self.store
            .read(&mut |read| {
                let rows = read.open_effects()?;
                assert!(rows.iter().all(|row| row.state != EffectState::Settled));
                open = rows.len();
                Ok(())
            })
            .unwrap();
        open
    }

    /// A shim is up.
    pub fn spawned(&self, attempt: AttemptRef) -> Event {
        Event::Spawned { attempt, shim: shim(attempt), at: self.now }
    }

    /// The agent left with this status, everything is gone, and the shim too.
    pub fn exited(&mut self, attempt: AttemptRef, status: i32) -> Event {
        let exit = self.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(status)));
        Event::ShimGone { attempt, exit: Some(exit) }
    }

    pub fn exit(
        &mut self,
        attempt: AttemptRef,
        ended_by: EndedBy,
        status: Option<ExitStatus>,
    ) -> Box<ExitRecord> {
        let attempt = self.attempt(attempt);
        Box::new(ExitRecord {
            run: Run::from(&attempt),
            ended_by,
            status,
            started_at: Some(self.now),
            ended_at: self.now,
            tree_gone: true,
            output: OutputCount::default(),
            reported: false,
            events: 0,
        })
    }

    /// One task, started, with its shim up.
    pub fn running(id: &str) -> (Self, AttemptRef) {
        let mut world = Self::slots(4);
        world.add(id, &[]);
        let effects = world.changed();
        let attempt = only_spawn(&effects).attempt.reference;
        let event = world.spawned(attempt);
        world.handle(vec![event]);
        (world, attempt)
    }
}

pub fn task_id(id: &str) -> TaskId {
    TaskId::parse(id).unwrap()
}

pub fn shim(attempt: AttemptRef) -> ProcessIdentity {
    let pid = 1_000 + u32::try_from(attempt.0).unwrap();
    ProcessIdentity { boot: "b".into(), pid_namespace: 1, pid, start_time: 5 }
}

pub fn spawns(effects: &[HostEffect]) -> Vec<&Launch> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            HostEffect::Spawn(launch) => Some(&**launch),
            _ => None,
        })
        .collect()
}

#[track_caller]
pub fn only_spawn(effects: &[HostEffect]) -> Launch {
    let [launch] = spawns(effects)[..] else { panic!("not one spawn: {effects:?}") };
    launch.clone()
}

/// The tasks that are started, in order.
pub fn started(effects: &[HostEffect]) -> Vec<String> {
    spawns(effects).iter().map(|launch| launch.attempt.task.to_string()).collect()
}

pub fn ends(effects: &[HostEffect]) -> Vec<AttemptRef> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            HostEffect::End(attempt) => Some(attempt.reference),
            _ => None,
        })
        .collect()
}

pub fn examines(effects: &[HostEffect]) -> Vec<AttemptRef> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            HostEffect::Examine(attempt) => Some(attempt.reference),
            _ => None,
        })
        .collect()
}

/// The timer as it was last set by these effects.
pub fn timer(effects: &[HostEffect]) -> Option<Option<Timestamp>> {
    effects.iter().rev().find_map(|effect| match effect {
        HostEffect::SetTimer(at) => Some(*at),
        _ => None,
    })
}
