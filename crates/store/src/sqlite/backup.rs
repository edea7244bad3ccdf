//! Copies of the whole database in `backups/`: made by SQLite beside running readers, verified, the last few
//! kept. They are named by what they hold, not by a clock.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use wg_core::port::StoreError;

use super::check;
use super::migrate;
use super::place::Place;
use super::trouble::Trouble;

/// How many are kept.
const KEEP: usize = 5;
/// Pages between two steps of a copy.
const PAGES: i32 = 1_024;

/// Makes a copy; says where it is. Its format need not be the newest.
pub(super) fn backup(from: &Connection, place: &Place) -> Result<PathBuf, Trouble> {
    let folder = place.backups();
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(format!("{}: {error}", folder.display())),
    };
    fs::create_dir_all(&folder).map_err(told)?;
    let version = migrate::user_version(from)?;
    let last: u64 = from.query_row("SELECT coalesce(max(seq), 0) FROM operations", [], |row| row.get(0))?;
    // Digits that sort as numbers do.
    let path = folder.join(format!("wg-{last:012}-v{version}.db"));
    let unfinished = folder.join(format!("unfinished-{}.db", std::process::id()));
    let copied = copy(from, &unfinished).and_then(|()| {
        File::open(&unfinished).and_then(|file| file.sync_all()).map_err(told)?;
        fs::rename(&unfinished, &path).map_err(told)?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(told)?;
        Ok(())
    });
    if let Err(error) = copied {
        // It is ours alone, and of no use to anybody.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    forget_old(&folder).map_err(told)?;
    Ok(path)
}

fn copy(from: &Connection, path: &Path) -> Result<(), Trouble> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::Failed(format!("{}: {error}", path.display())).into());
        }
        _ => {}
    }
    let mut to = Connection::open(path)?;
    Backup::new(from, &mut to)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    check::quick(&to)?;
    to.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Removes all but the newest.
fn forget_old(folder: &Path) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("wg-") && name.ends_with(".db") {
            kept.push(entry.path());
        }
    }
    kept.sort();
    kept.reverse();
    kept.into_iter().skip(KEEP).try_for_each(fs::remove_file)
}
