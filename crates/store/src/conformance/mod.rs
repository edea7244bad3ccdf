//! One suite for every store. A [`Backend`] opens handles of one new graph; [`suite!`] runs every case on it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod chat;
mod commit;
mod derived;
mod derived_chats;
mod graph;
mod history;
mod pauses;
mod rows;
mod schedule;
mod used;
mod watch;

use wg_core::command::Command;
use wg_core::id::{Actor, OpSeq, TaskId};
use wg_core::port::{Read, Store, StoreError, Write};
use wg_core::task::Task;
use wg_core::time::Timestamp;

use crate::memory::MemoryStore;
use crate::sqlite;

/// A graph that handles can be opened of.
pub(crate) trait Backend {
    fn new() -> Self;
    fn handle(&self) -> Box<dyn Store>;
    /// What the backend itself finds wrong with the graph.
    fn faults(&self) -> Vec<String>;
}

pub(crate) struct Memory(MemoryStore);

impl Backend for Memory {
    fn new() -> Self {
        Self(MemoryStore::new())
    }
    fn handle(&self) -> Box<dyn Store> {
        Box::new(self.0.clone())
    }
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}

pub(crate) struct Sqlite(tempfile::TempDir);

impl Backend for Sqlite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(sqlite::create(folder.path()).unwrap());
        Self(folder)
    }
    fn handle(&self) -> Box<dyn Store> {
        sqlite::open(self.0.path()).unwrap()
    }
    fn faults(&self) -> Vec<String> {
        [sqlite::check(self.0.path()).unwrap(), sqlite::check_used(self.0.path()).unwrap()].concat()
    }
}

/// Runs each case on each backend.
macro_rules! suite {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $case() { super::$case::<crate::conformance::Memory>(); })+
        }
        mod sqlite {
            $(#[test] fn $case() { super::$case::<crate::conformance::Sqlite>(); })+
        }
    };
}
use suite;

/// Second `n` of the suite's time.
pub(crate) fn at(n: i64) -> Timestamp {
    Timestamp::from_nanos(n * 1_000_000_000)
}

pub(crate) fn id(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

pub(crate) fn task(text: &str) -> Task {
    Task::new(id(text), format!("Task {text}"), at(0))
}

/// A task after others.
pub(crate) fn after(text: &str, others: &[&str]) -> Task {
    let mut task = task(text);
    task.after = others.iter().map(|other| id(other)).collect();
    task
}

pub(crate) fn ann() -> Actor {
    Actor::User("ann".into())
}

pub(crate) fn command() -> Command {
    Command::PauseDispatch
}

/// Reads, and gives what was read.
pub(crate) fn read<T>(
    store: &mut dyn Store,
    mut work: impl FnMut(&mut dyn Read) -> Result<T, StoreError>,
) -> T {
    let mut answer = None;
    store
        .read(&mut |view| {
            answer = Some(work(view)?);
            Ok(())
        })
        .unwrap();
    answer.unwrap()
}

/// Writes one operation, at second 1.
pub(crate) fn write(
    store: &mut dyn Store,
    mut work: impl FnMut(&mut dyn Write) -> Result<(), StoreError>,
) -> OpSeq {
    let mut seq = OpSeq(0);
    store
        .write(&mut |view| {
            seq = view.begin_operation(at(1), &ann(), &command())?;
            work(view)
        })
        .unwrap();
    seq
}
