//! The formats of the database, one after the other. The number of a database's format is its
//! `user_version`: how many of these it has seen.

use rusqlite::{Connection, TransactionBehavior};
use wg_core::port::StoreError;

use super::backup;
use super::deadline::Deadline;
use super::gate::{Gate, WAIT};
use super::place::Place;
use super::trouble::Trouble;

/// `application_id` of our databases: "wkgr" in ASCII.
pub(super) const APPLICATION: u32 = 0x776b_6772;

/// One step of the format, as SQL.
pub(super) type Migration = &'static str;

/// All of them, in order; published ones never change.
pub(super) const MIGRATIONS: &[Migration] = &[
    include_str!("../migrations/sqlite/0001_graph.sql"),
    include_str!("../migrations/sqlite/0002_chats.sql"),
    include_str!("../migrations/sqlite/0003_used.sql"),
];

/// The newest format of a list.
pub(super) const fn newest(migrations: &[Migration]) -> u32 {
    // Fewer migrations than four billions.
    migrations.len() as u32
}

/// The format of a database; an error where it is none of ours, or a newer one.
pub(super) fn version(connection: &Connection, place: &Place, known: u32) -> Result<u32, Trouble> {
    let found: u32 = user_version(connection)?;
    let application: u32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if application != APPLICATION {
        return Err(Trouble::nonsense("it is a SQLite database, but none of workgraph's"));
    }
    if found == 0 {
        return Err(Trouble::nonsense("it has no format number"));
    }
    refuse_newer(found, place, known)?;
    Ok(found)
}

/// The number alone.
pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))
}

/// An error where a format is newer than what is known.
pub(super) fn refuse_newer(found: u32, place: &Place, known: u32) -> Result<(), StoreError> {
    if found <= known {
        return Ok(());
    }
    Err(StoreError::Newer { path: place.database().display().to_string(), found, known })
}

/// Brings an older database up to date, after a verified backup. Others may be at it too: whoever enters the
/// gate first does it.
pub(super) fn migrate(
    connection: &mut Connection,
    deadline: &Deadline,
    place: &Place,
    gate: &mut Gate,
    migrations: &[Migration],
) -> Result<(), Trouble> {
    let _inside = gate.enter(WAIT)?;
    let known = newest(migrations);
    let found = version(connection, place, known)?;
    if found == known {
        return Ok(());
    }
    deadline.lift();
    backup::backup(connection, place)?;
    apply(connection, found, migrations)
}

/// Applies what a database has not seen, each in a transaction of its own.
pub(super) fn apply(connection: &mut Connection, seen: u32, migrations: &[Migration]) -> Result<(), Trouble> {
    for (number, migration) in (1_u32..).zip(migrations).skip(seen as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use wg_core::command::Command;
    use wg_core::id::{Actor, OpSeq, TaskId};
    use wg_core::port::Store;
    use wg_core::task::Task;

    use super::*;
    use crate::sqlite::store::SqliteStore;
    use crate::sqlite::{FORMAT, create, open};

    /// Formats that no published program wrote: each adds a table.
    const NEXT: Migration = "CREATE TABLE next (x INTEGER); INSERT INTO next VALUES (2)";
    const LATER: Migration = "CREATE TABLE later (x INTEGER)";
    const BROKEN: Migration = "CREATE TABLE broken (x INTEGER); INSERT INTO nowhere VALUES (1)";

    fn formats(more: &[Migration]) -> Vec<Migration> {
        [MIGRATIONS, more].concat()
    }

    /// A graph in today's format with one task.
    fn graph() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a scratch folder");
        create::create(folder.path(), MIGRATIONS).expect("a new graph");
        write(&mut open::for_writing(folder.path(), MIGRATIONS).expect("a graph"));
        folder
    }

    fn write(store: &mut SqliteStore) {
        let at = wg_core::time::Timestamp::from_nanos(1);
        let task = Task::new(TaskId::slug("a task"), "A task", at);
        let written = store.write(&mut |view| {
            view.begin_operation(at, &Actor::User("ann".into()), &Command::PauseDispatch)?;
            view.put_task(&task)
        });
        assert_eq!(written, Ok(()));
    }

    fn last(store: &mut SqliteStore) -> OpSeq {
        let mut last = OpSeq(0);
        let read = store.read(&mut |view| {
            last = view.last_operation()?;
            Ok(())
        });
        assert_eq!(read, Ok(()));
        last
    }

    fn format_of(path: &Path) -> u32 {
        user_version(&Connection::open(path).expect("a database")).expect("a number")
    }

    fn backups(folder: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(folder.join("backups")) else { return Vec::new() };
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn an_older_database_is_brought_up_to_date_after_a_backup() {
        let folder = graph();
        let formats = formats(&[NEXT, LATER]);
        let mut store = open::for_writing(folder.path(), &formats).expect("a graph");
        assert_eq!(last(&mut store), OpSeq(1), "what was there is there");
        drop(store);
        assert_eq!(format_of(&folder.path().join("wg.db")), FORMAT + 2);
        assert_eq!(backups(folder.path()), [format!("wg-000000000001-v{FORMAT}.db")]);
        let backup = format!("backups/wg-000000000001-v{FORMAT}.db");
        assert_eq!(format_of(&folder.path().join(backup)), FORMAT);
        drop(open::for_reading(folder.path(), &formats).expect("a graph"));
        assert_eq!(backups(folder.path()).len(), 1, "once");
        let older = open::for_writing(folder.path(), MIGRATIONS).map(drop);
        let Err(StoreError::Newer { found, known, .. }) = older else { panic!("{older:?}") };
        assert_eq!((found, known), (FORMAT + 2, FORMAT));
    }

    #[test]
    fn a_reader_brings_an_older_database_up_to_date_too() {
        let folder = graph();
        let mut store = open::for_reading(folder.path(), &formats(&[NEXT])).expect("a graph");
        assert_eq!(last(&mut store), OpSeq(1));
        assert_eq!(backups(folder.path()).len(), 1);
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let folder = graph();
        let formats = formats(&[NEXT, BROKEN]);
        assert!(open::for_writing(folder.path(), &formats).is_err());
        assert_eq!(format_of(&folder.path().join("wg.db")), FORMAT + 1, "the one before it stands");
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'broken'";
        let connection = Connection::open(folder.path().join("wg.db")).expect("a database");
        assert_eq!(connection.query_row(tables, [], |row| row.get(0)), Ok(0));
        assert_eq!(backups(folder.path()), [format!("wg-000000000001-v{FORMAT}.db")]);
    }

    #[test]
    fn two_who_open_an_older_database_migrate_it_once() {
        let folder = graph();
        let formats = formats(&[NEXT]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop(open::for_writing(folder.path(), &formats).expect("a graph")));
            }
        });
        let connection = Connection::open(folder.path().join("wg.db")).expect("a database");
        assert_eq!(connection.query_row("SELECT count(*) FROM next", [], |row| row.get(0)), Ok(1));
    }

    #[test]
    fn the_last_five_backups_are_kept() {
        let folder = graph();
        let mut store = open::for_writing(folder.path(), MIGRATIONS).expect("a graph");
        for _ in 0..7 {
            store.backup().expect("a backup");
            write(&mut store);
        }
        let expected: Vec<_> = (3..=7).map(|seq| format!("wg-{seq:012}-v{FORMAT}.db")).collect();
        assert_eq!(backups(folder.path()), expected);
        store.backup().expect("a backup");
        store.backup().expect("the same again");
        assert_eq!(backups(folder.path()).len(), 5);
    }
}
