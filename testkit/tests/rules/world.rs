//! A graph in memory with a clock that moves a second a command.

use std::collections::BTreeSet;

use wg_core::attempt::{Attempt, Outcome};
use wg_core::command::{Command, Ended, NewTask, Start};
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::port::{Read, Store, StoreError};
use wg_core::rejection::Rejection;
use wg_core::submit::{Receipt, SubmitError, submit};
use wg_core::task::{RunSpec, Task, TaskState};
use wg_core::time::Timestamp;
use wg_store::memory::MemoryStore;

pub struct World {
    pub store: MemoryStore,
    pub now: Timestamp,
}

pub fn id(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

pub fn ann() -> Actor {
    Actor::User("ann".into())
}

pub fn dispatcher() -> Actor {
    Actor::Dispatcher("box".into())
}

pub fn seconds(n: u64) -> std::time::Duration {
    std::time::Duration::from_secs(n)
}

impl World {
    pub fn new() -> Self {
        Self { store: MemoryStore::new(), now: Timestamp::from_nanos(1_000_000_000_000_000_000) }
    }

    pub fn ask(&mut self, actor: &Actor, command: Command) -> Result<Receipt, Rejection> {
        self.now = self.now.plus(seconds(1));
        match submit(&mut self.store, actor, command, self.now) {
            Ok(receipt) => Ok(receipt),
            Err(SubmitError::Rejected(rejection)) => Err(rejection),
            Err(SubmitError::Store(error)) => panic!("{error}"),
        }
    }

    #[track_caller]
    pub fn does(&mut self, command: Command) -> Receipt {
        self.ask(&ann(), command).unwrap()
    }

    #[track_caller]
    pub fn refused(&mut self, command: Command) -> Rejection {
        self.ask(&ann(), command).expect_err("this is to be refused")
    }

    pub fn read<T>(&mut self, mut look: impl FnMut(&mut dyn Read) -> Result<T, StoreError>) -> T {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = Some(look(read)?);
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    /// Adds a shell task that comes after others.
    pub fn add(&mut self, name: &str, after: &[&str]) {
        let run = RunSpec { exec: Some("true".into()), ..RunSpec::default() };
        let after: BTreeSet<TaskId> = after.iter().map(|name| id(name)).collect();
        self.does(Command::Add(Box::new(NewTask { title: name.into(), after, run, ..NewTask::default() })));
    }

    pub fn find(&mut self, name: &str) -> Option<Task> {
        self.read(|read| Ok(read.task(&id(name))?.map(|(task, _)| task)))
    }

    #[track_caller]
    pub fn task(&mut self, name: &str) -> Task {
        self.find(name).unwrap()
    }

    #[track_caller]
    pub fn state(&mut self, name: &str) -> TaskState {
        self.task(name).state
    }

    pub fn attempt(&mut self, reference: AttemptRef) -> Attempt {
        self.read(|read| Ok(read.attempt(reference)?.map(|(attempt, _)| attempt))).unwrap()
    }

    /// Starts an attempt.
    #[track_caller]
    pub fn start(&mut self, name: &str) -> Attempt {
        let receipt = self.try_start(name).unwrap();
        self.attempt(receipt.attempts[0])
    }

    pub fn try_start(&mut self, name: &str) -> Result<Receipt, Rejection> {
        self.try_start_with(name, "shell")
    }

    pub fn try_start_with(&mut self, name: &str, adapter: &str) -> Result<Receipt, Rejection> {
        let start =
            Start { task: id(name), adapter: adapter.into(), model: None, host: "box".into(), nonce: 7 };
        self.ask(&dispatcher(), Command::StartAttempt(start))
    }

    /// Tells that an attempt ended.
    pub fn ends(&mut self, attempt: &Attempt, seen: Outcome) {
        let ended = Ended {
            attempt: attempt.reference,
            fence: attempt.fence,
            seen,
            at: self.now,
            jitter: 0,
            max_attempts: 3,
            first_pause: wg_core::retry::FIRST,
            configuration: 1,
        };
        self.ask(&dispatcher(), Command::AttemptEnded(ended)).unwrap();
    }

    pub fn done(&mut self, name: &str) {
        self.does(Command::Done { tasks: vec![id(name)], summary: None });
    }

    pub fn log(&mut self, name: &str) -> Vec<String> {
        self.read(|read| Ok(read.log_of(&id(name), None)?.into_iter().map(|entry| entry.message).collect()))
    }
}
