//! Making a graph: the database is finished under another name and then takes its place in one step, so that
//! there is never half a graph, and of two who make one at the same time one does.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use wg_core::port::StoreError;

use super::migrate::{self, Migration};
use super::place::Place;
use super::trouble::{self, Trouble};

pub(super) fn create(folder: &Path, migrations: &[Migration]) -> Result<(), StoreError> {
    let place = Place::new(folder);
    let told = |error: io::Error| tell(&error, folder);
    fs::create_dir_all(folder).map_err(told)?;
    place.refuse_network()?;
    if place.database().exists() {
        return Err(there_already(&place));
    }
    let unfinished = folder.join(format!("wg.db.new-{}", std::process::id()));
    let made = finish(&place, &unfinished, migrations);
    if made.is_err() {
        // It is ours alone, and of no use to anybody.
        let _ = fs::remove_file(&unfinished);
    }
    made
}

fn finish(place: &Place, unfinished: &Path, migrations: &[Migration]) -> Result<(), StoreError> {
    let told = |error: io::Error| tell(&error, &place.folder);
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told(error)),
        _ => {}
    }
    write(unfinished, migrations).map_err(|error| match error {
        Trouble::Sqlite(error) => match trouble::tell(&error, place) {
            // What can't be made is not there, and that is no news.
            StoreError::Absent(_) => StoreError::ReadOnly(place.folder.display().to_string()),
            error => error,
        },
        error => error.tell(place),
    })?;
    File::options().create(true).append(true).open(place.gate()).map_err(told)?;
    match rustix::fs::renameat_with(CWD, unfinished, CWD, place.database(), RenameFlags::NOREPLACE) {
        Ok(()) => place.sync_folder(),
        Err(Errno::EXIST) => Err(there_already(place)),
        Err(error) => Err(told(error.into())),
    }
}

/// Closing a database in WAL mode leaves one file, which says that it is in WAL mode.
fn write(path: &Path, migrations: &[Migration]) -> Result<(), Trouble> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unsupported("its file system can't hold a write-ahead log".into()).into());
    }
    migrate::apply(&mut connection, 0, migrations)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn there_already(place: &Place) -> StoreError {
    StoreError::Unsupported(format!("there is one already at {}", place.folder.display()))
}

fn tell(error: &io::Error, folder: &Path) -> StoreError {
    let what = format!("{}: {error}", folder.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(what),
        _ => StoreError::Failed(what),
    }
}
