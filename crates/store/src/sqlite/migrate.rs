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
pub(super) const MIGRATIONS: &[Migration] = &[include_str!("../migrations/sqlite/0001_graph.sql")];

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
