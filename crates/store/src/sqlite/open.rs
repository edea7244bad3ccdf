//! Opening: what is looked at before anything is trusted, and how a connection is set.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, FileControl, MAIN_DB, OpenFlags};
use wg_core::port::StoreError;

use super::check;
use super::checkpoint::Frames;
use super::deadline::Deadline;
use super::gate::{Gate, WAIT};
use super::header::{self, Head};
use super::migrate::{self, Migration};
use super::place::{Place, Reach};
use super::store::SqliteStore;
use super::trouble::Trouble;

/// The first SQLite without a bug that damages a log with several writers.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long SQLite itself waits, by polling: for the short moment in which a first opener reads the log, and
/// for writers of other programs, who do not know the gate.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// For reading and writing.
pub(super) fn for_writing(folder: &Path, migrations: &[Migration]) -> Result<SqliteStore, StoreError> {
    let place = Place::new(folder);
    if place.reach()? == Reach::ReadOnly {
        return Err(StoreError::ReadOnly(format!("{} is read-only", folder.display())));
    }
    let mut gate = Gate::new(place.gate());
    let opened = writable(&place, &mut gate, migrations).map_err(|error| error.tell(&place))?;
    Ok(SqliteStore::new(place, opened, Some(gate), migrate::newest(migrations)))
}

/// For reading.
pub(super) fn for_reading(folder: &Path, migrations: &[Migration]) -> Result<SqliteStore, StoreError> {
    let place = Place::new(folder);
    let opened = match place.reach()? {
        // A log can be read only by who may write its index.
        Reach::Write => writable(&place, &mut Gate::new(place.gate()), migrations).and_then(|opened| {
            opened.connection.execute_batch("PRAGMA query_only = ON")?;
            Ok(opened)
        }),
        Reach::ReadOnly => readable(&place, migrate::newest(migrations)),
    };
    let opened = opened.map_err(|error| error.tell(&place))?;
    Ok(SqliteStore::new(place, opened, None, migrate::newest(migrations)))
}

/// A connection that is set and looked at.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) deadline: Deadline,
    pub(super) frames: Frames,
}

impl Opened {
    fn over(mut connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(96);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Else a statement that a partial index may serve is planned again for each new value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let deadline = Deadline::over(&mut connection)?;
        let frames = Frames::of(&mut connection)?;
        Ok(Self { connection, deadline, frames })
    }
}

fn writable(place: &Place, gate: &mut Gate, migrations: &[Migration]) -> Result<Opened, Trouble> {
    let head = look(place)?;
    let has_log = place.wal().exists();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut opened = Opened::over(Connection::open_with_flags(place.database(), flags)?)?;
    let mut persist = 1;
    opened.connection.file_control(Some(MAIN_DB), FileControl::PersistWal(&mut persist))?;
    opened.connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
    )?;
    let found = migrate::version(&opened.connection, place, migrate::newest(migrations))?;
    if head == Head::Short {
        let _inside = gate.enter(WAIT)?;
        // It may have been seen while somebody copied the log.
        if header::look(place)? == Head::Short {
            prove(&opened, place)?;
            Frames::copy(&opened.connection);
        }
    }
    if !has_log {
        // It stays from now on. SQLite is built (`.cargo/config.toml`) not to do this with every first commit.
        place.sync_folder()?;
    }
    let mode: String = opened.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        // Somebody put a copy in its place that another program had made.
        let _inside = gate.enter(WAIT)?;
        opened.connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    }
    if found < migrate::newest(migrations) {
        migrate::migrate(&mut opened.connection, &opened.deadline, place, gate, migrations)?;
    }
    Ok(opened)
}

/// In a read-only folder. With its log's index there, SQLite reads the log; with neither, the file is all
/// there is, and nobody can change it.
fn readable(place: &Place, known: u32) -> Result<Opened, Trouble> {
    let head = look(place)?;
    let log = std::fs::metadata(place.wal()).map_or(0, |found| found.len());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if log == 0 {
        let uri = format!("file:{}?immutable=1", escaped(&place.database()));
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(place.database(), flags)?
    };
    let opened = Opened::over(connection)?;
    let found = migrate::version(&opened.connection, place, known)?;
    if head == Head::Short && header::look(place)? == Head::Short {
        prove(&opened, place)?;
    }
    if found < known {
        let what = format!(
            "{} is read-only and its format {found} is old: open it once where it can be written",
            place.folder.display()
        );
        return Err(StoreError::Unsupported(what).into());
    }
    Ok(opened)
}

fn look(place: &Place) -> Result<Head, StoreError> {
    let linked = rusqlite::version_number();
    if linked < OLDEST_SQLITE {
        let what = format!("SQLite {linked} can damage a database, at least {OLDEST_SQLITE} is needed");
        return Err(StoreError::Unsupported(what));
    }
    place.refuse_network()?;
    header::look(place)
}

/// A file that is too short is whole only if its end is in the log, because a copy of the log was interrupted.
fn prove(opened: &Opened, place: &Place) -> Result<(), Trouble> {
    if std::fs::metadata(place.wal()).map_or(0, |found| found.len()) == 0 {
        return Err(Trouble::nonsense("its end is missing"));
    }
    match check::examine(&opened.connection, place, &opened.deadline)?.pop() {
        None => Ok(()),
        Some(what) => Err(Trouble::Nonsense(what)),
    }
}

/// A path within a URI.
fn escaped(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text
}
