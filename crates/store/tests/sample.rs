//! Databases of every format that was ever published can be opened, read and gone on with.
#![expect(clippy::unwrap_used, reason = "tests")]

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::command::Command;
use wg_core::id::{Actor, AttemptRef, OpSeq, TaskId};
use wg_core::task::{Holder, TaskState};
use wg_core::time::Timestamp;
use wg_store::sqlite;

/// A folder with the graph of a sample.
fn written(sample: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("wg.db")).unwrap();
    connection.execute_batch(sample).unwrap();
    folder
}

#[test]
fn format_1_can_be_read_and_gone_on_with() {
    let folder = written(include_str!("samples/graph-1.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    store
        .read(&mut |view| {
            let id = |text| TaskId::parse(text).unwrap();
            let (task, version) = view.task(&id("load-the-tables"))?.unwrap();
            assert_eq!(version, 3);
            assert_eq!(task.title, "Load all tables");
            assert_eq!(task.state, TaskState::InProgress { by: Holder::Person("ann".into()) });
            let (first, _) = view.attempt(AttemptRef(1))?.unwrap();
            assert_eq!(first.nonce, u64::MAX);
            assert_eq!(first.outcome(), Some(&Outcome::ExitedBadly { status: ExitStatus::Signal(9) }));
            assert!(view.attempt(AttemptRef(2))?.unwrap().0.stop.is_some());
            assert!(view.control()?.0.paused.is_some());
            assert_eq!(view.open_effects()?.len(), 2);
            assert_eq!(view.imported(&id("bd-1.2"))?.unwrap().notes["estimate"], "3");
            assert_eq!(view.last_operation()?, OpSeq(20));
            Ok(())
        })
        .unwrap();
    let at = Timestamp::from_nanos(2_000_000_000_000_000_000);
    let undo = Command::Undo { operation: Some(OpSeq(20)) };
    let receipt = wg_core::submit::submit(&mut *store, &Actor::User("ann".into()), undo, at).unwrap();
    assert_eq!(receipt.operation, OpSeq(21));
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
}
