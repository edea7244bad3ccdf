//! The history of a chat as a file, `.wg/chat/chat-3/history.jsonl`: one numbered line for each entry, a mirror of
//! the rows, which are the truth.
//!
//! It is only appended to. What is missing at its end is completed from the rows, by the dispatcher at its start
//! and whenever something was said, and by commands while no dispatcher runs; what makes no sense is left as it
//! is and told.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use serde::Deserialize;
use wg_core::chat::Entry;
use wg_core::id::ChatNumber;
use wg_core::port::{Store, StoreError};

use crate::files::GraphFolder;

/// Entries that are written at a time.
const BATCH: usize = 256;
/// Bytes that are read at a time in the search for the last line, from the end.
const PIECE: u64 = 64 * 1024;
/// How often a file that somebody else completes just now is tried, and how long after.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(2);

/// Why a history could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The rows can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file can't be used.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its last line is none of ours.
    #[error("{0}: its last line makes no sense, so nothing is written behind it")]
    Garbage(PathBuf),
    /// It has more than the graph.
    #[error("{path} ends with entry {written}, but the graph has only {known}")]
    Ahead {
        /// Which.
        path: PathBuf,
        /// Its last entry.
        written: u64,
        /// The last one in the graph.
        known: u64,
    },
}

/// Writes what is missing at the end of a chat's history.
pub fn complete(graph: &GraphFolder, store: &mut dyn Store, chat: ChatNumber) -> Result<(), HistoryError> {
    let path = graph.history(chat);
    let io_error = |source| HistoryError::Io { path: path.clone(), source };
    let mut known = 0;
    store.read(&mut |read| {
        known = read.last_entry(chat)?;
        Ok(())
    })?;
    if known == 0 && !path.exists() {
        return Ok(());
    }
    let mut file = open(graph, chat).map_err(io_error)?;
    let (mut written, end) =
        last(&file).map_err(io_error)?.ok_or_else(|| HistoryError::Garbage(path.clone()))?;
    if written > known {
        return Err(HistoryError::Ahead { path, written, known });
    }
    let mut whole = end;
    // A writer that was killed left half a line.
    if file.metadata().map_err(io_error)?.len() > end {
        file.set_len(end).map_err(io_error)?;
    }
    while written < known {
        let mut entries: Vec<Entry> = Vec::new();
        store.read(&mut |read| {
            entries = read.entries_of(chat, written, BATCH)?;
            Ok(())
        })?;
        let Some(newest) = entries.last().map(|entry| entry.number) else { break };
        let mut text = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut text, entry).map_err(|error| io_error(error.into()))?;
            text.push(b'\n');
        }
        if let Err(error) = file.write_all(&text) {
            // On a full disk no half line stays.
            let _ = file.set_len(whole);
            return Err(io_error(error));
        }
        whole += text.len() as u64;
        written = newest;
    }
    Ok(())
}

/// How far a history is behind its rows; `None` where it is not.
pub fn behind(
    graph: &GraphFolder,
    store: &mut dyn Store,
    chat: ChatNumber,
) -> Result<Option<u64>, HistoryError> {
    let path = graph.history(chat);
    let io_error = |source| HistoryError::Io { path: path.clone(), source };
    let mut known = 0;
    store.read(&mut |read| {
        known = read.last_entry(chat)?;
        Ok(())
    })?;
    let written = match File::open(&path) {
        Ok(file) => last(&file).map_err(io_error)?.ok_or_else(|| HistoryError::Garbage(path.clone()))?.0,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(io_error(error)),
    };
    match written.cmp(&known) {
        std::cmp::Ordering::Greater => Err(HistoryError::Ahead { path, written, known }),
        std::cmp::Ordering::Equal => Ok(None),
        std::cmp::Ordering::Less => Ok(Some(known - written)),
    }
}

/// The file, for its owner only and for one writer at a time.
fn open(graph: &GraphFolder, chat: ChatNumber) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(graph.chat(chat))?;
    let file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(graph.history(chat))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is writing it"))
}

/// The number in the last whole line, and the place behind that line; `None` where it makes no sense.
fn last(file: &File) -> io::Result<Option<(u64, u64)>> {
    #[derive(Deserialize)]
    struct Numbered {
        number: u64,
    }
    let length = file.metadata()?.len();
    let Some(end) = newline_before(file, length)?.map(|at| at + 1) else { return Ok(Some((0, 0))) };
    let start = newline_before(file, end - 1)?.map_or(0, |at| at + 1);
    let size = usize::try_from(end - 1 - start).map_err(io::Error::other)?;
    let mut line = vec![0; size];
    file.read_exact_at(&mut line, start)?;
    Ok(serde_json::from_slice::<Numbered>(&line).ok().map(|line| (line.number, end)))
}

/// The place of the last newline before `end`.
fn newline_before(file: &File, mut end: u64) -> io::Result<Option<u64>> {
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        let mut piece = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
        file.read_exact_at(&mut piece, start)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(start + at as u64));
        }
        end = start;
    }
    Ok(None)
}
