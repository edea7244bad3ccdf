//! Databases that are not what they should be: it is said, nothing is written over, and nothing wrong is
//! taken for right.
#![expect(clippy::unwrap_used, reason = "tests")]

mod graph;

use std::fs;
use std::path::Path;

use graph::{answers, fill};
use tempfile::TempDir;
use wg_core::port::StoreError;
use wg_store::sqlite;

/// A folder with a graph whose database is one file: no log.
fn whole() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = sqlite::create(folder.path()).unwrap();
    fill(&mut *store, 120);
    drop(store);
    let copy = sqlite::backup(folder.path()).unwrap();
    let single = tempfile::tempdir().unwrap();
    fs::copy(copy, single.path().join("wg.db")).unwrap();
    single
}

/// The same with other bytes.
fn changed(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wg.db"), bytes).unwrap();
    folder
}

fn is_damaged<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Damaged { .. }))
}

/// Opened in each way, and the file is as it was.
fn refused(folder: &Path) -> bool {
    let before = fs::read(folder.join("wg.db")).unwrap();
    let refused = is_damaged(&sqlite::open(folder))
        && is_damaged(&sqlite::open_read_only(folder))
        && is_damaged(&sqlite::check(folder))
        && is_damaged(&sqlite::backup(folder));
    assert_eq!(fs::read(folder.join("wg.db")).unwrap(), before, "it is left as it is");
    refused
}

#[test]
fn a_restored_backup_is_the_graph() {
    let folder = whole();
    let expected = answers(&mut *sqlite::open(folder.path()).unwrap()).unwrap();
    assert!(expected.len() > 500);
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    assert_eq!(answers(&mut *sqlite::open_read_only(folder.path()).unwrap()), Ok(expected));
}

#[test]
fn a_database_that_was_cut_is_refused() {
    let bytes = fs::read(whole().path().join("wg.db")).unwrap();
    for length in
        [0, 1, 99, 100, 511, 512, 4_095, 4_096, 4_097, bytes.len() / 2, bytes.len() - 4_096, bytes.len() - 1]
    {
        let folder = changed(&bytes[..length]);
        assert!(refused(folder.path()), "cut to {length} of {} bytes", bytes.len());
    }
}

/// A graph with its log: the database as it was before the log was copied and after, and the log.
fn before_and_after_a_copy() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = (folder.path().join("wg.db"), folder.path().join("wg.db-wal"));
    let mut store = sqlite::create(folder.path()).unwrap();
    fill(&mut *store, 15);
    drop(store);
    let (before, log) = (fs::read(&database).unwrap(), fs::read(log).unwrap());
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
    let after = fs::read(&database).unwrap();
    assert!(before.len() < after.len() && !log.is_empty());
    (before, after, log)
}

#[test]
fn a_copy_of_the_log_that_was_interrupted_is_no_damage() {
    let (before, after, log) = before_and_after_a_copy();
    let expected = answers(&mut *sqlite::open(changed(&after).path()).unwrap()).unwrap();
    for pages in 1..before.len() / 4_096 {
        let mut half = before.clone();
        half[..pages * 4_096].copy_from_slice(&after[..pages * 4_096]);
        let folder = changed(&half);
        fs::write(folder.path().join("wg.db-wal"), &log).unwrap();
        let said = answers(&mut *sqlite::open_read_only(folder.path()).unwrap());
        assert_eq!(said.as_ref(), Ok(&expected), "after {pages} pages");
        assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    }
}

#[test]
fn a_database_that_was_cut_is_refused_beside_its_log_too() {
    let (_, after, log) = before_and_after_a_copy();
    // This log holds other pages than those that are missing: it begins anew after a copy.
    let folder = changed(&after);
    fill(&mut *sqlite::open(folder.path()).unwrap(), 1);
    let other = fs::read(folder.path().join("wg.db-wal")).unwrap();
    assert_ne!(other, log);
    let folder = changed(&after[..after.len() / 2]);
    fs::write(folder.path().join("wg.db-wal"), &other).unwrap();
    assert!(refused(folder.path()));
    assert_eq!(fs::read(folder.path().join("wg.db-wal")).unwrap(), other);
}

#[test]
fn the_log_of_an_empty_database_is_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = sqlite::create(folder.path()).unwrap();
    fill(&mut *store, 5);
    drop(store);
    let log = fs::read(folder.path().join("wg.db-wal")).unwrap();
    assert!(!log.is_empty());
    fs::write(folder.path().join("wg.db"), []).unwrap();
    assert!(refused(folder.path()));
    assert_eq!(fs::read(folder.path().join("wg.db-wal")).unwrap(), log);
}

#[test]
fn what_is_no_database_of_ours_is_refused() {
    for bytes in [&b"not a database, but long enough to be looked at "[..], &[0; 8_192], &[0xff; 8_192]] {
        assert!(refused(changed(&bytes.repeat(20)).path()));
    }
    let folder = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(folder.path().join("wg.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1")
        .unwrap();
    assert!(refused(folder.path()), "somebody else's");
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let folder = whole();
    let connection = rusqlite::Connection::open(folder.path().join("wg.db")).unwrap();
    let mut open = sqlite::open(folder.path()).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    let is_newer =
        |answer: Result<(), StoreError>| matches!(answer, Err(StoreError::Newer { found: 99, known: 3, .. }));
    assert!(is_newer(sqlite::open(folder.path()).map(drop)));
    assert!(is_newer(sqlite::open_read_only(folder.path()).map(drop)));
    assert!(is_newer(sqlite::check(folder.path()).map(drop)));
    assert!(is_newer(open.read(&mut |_| Ok(()))), "changed under a running program");
    assert!(is_newer(open.write(&mut |_| Ok(()))), "changed under a running program");
}

#[test]
fn a_folder_without_a_graph_is_said_and_a_graph_is_not_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    for answer in [sqlite::open(folder.path()).map(drop), sqlite::open_read_only(folder.path()).map(drop)] {
        assert!(matches!(answer, Err(StoreError::Absent(_))), "{answer:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "looking leaves nothing");
    let inner = folder.path().join("deep/.wg");
    drop(sqlite::create(&inner).unwrap());
    let before = fs::read(inner.join("wg.db")).unwrap();
    assert!(matches!(sqlite::create(&inner).map(drop), Err(StoreError::Unsupported(_))));
    assert_eq!(fs::read(inner.join("wg.db")).unwrap(), before);
}

/// Turns one bit after another, over all pages: where the check finds nothing, every answer is right; where
/// an answer comes at all, so are the texts in it.
#[test]
fn a_turned_bit_is_never_taken_for_right() {
    let bytes = fs::read(whole().path().join("wg.db")).unwrap();
    let folder = changed(&bytes);
    let expected = answers(&mut *sqlite::open_read_only(folder.path()).unwrap()).unwrap();
    drop(folder);
    let pages = bytes.len() / 4_096;
    let (mut said, mut harmless) = (0, 0);
    // A fixed walk over all pages that meets heads, cells and free space alike.
    let rounds = std::env::var("WG_TEST_BITS").map_or(120, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let page = round % pages;
        let within = if round % 3 == 0 { round / 3 % 110 } else { round * 2_654_435_761 % 4_096 };
        let at = page * 4_096 + within;
        let mut turned = bytes.clone();
        turned[at] ^= 1 << (round % 8);
        let folder = changed(&turned);
        let clean = match sqlite::check(folder.path()) {
            Ok(found) => found.is_empty(),
            Err(StoreError::Damaged { .. } | StoreError::Newer { .. } | StoreError::Unsupported(_)) => false,
            Err(other) => panic!("byte {at}, bit {}: {other:?}", round % 8),
        };
        let read = sqlite::open_read_only(folder.path()).and_then(|mut store| answers(&mut *store));
        if clean {
            harmless += 1;
            assert_eq!(read.as_ref(), Ok(&expected), "byte {at}, bit {}", round % 8);
        } else {
            said += 1;
            assert!(
                !matches!(read, Err(StoreError::Full | StoreError::Busy(_) | StoreError::Deadline)),
                "byte {at}, bit {}: {read:?}",
                round % 8
            );
        }
        assert_eq!(fs::read(folder.path().join("wg.db")).unwrap(), turned, "it is left as it is");
    }
    assert!(said > rounds / 5, "{said} said, {harmless} harmless");
}

/// What the indexes and rows of chats should say follows from the chats: any other word is found.
#[test]
fn rows_of_chats_that_do_not_follow_are_found() {
    let folder = whole();
    let bytes = fs::read(folder.path().join("wg.db")).unwrap();
    for (sql, told) in [
        ("UPDATE chats SET standing = 1 WHERE number = 1", "chat-1: its row does not follow from it"),
        ("UPDATE chats SET waiting = 0 WHERE number = 1", "chat-1: its row does not follow from it"),
        (
            "UPDATE chats SET change = (SELECT change FROM chats WHERE number = 4) WHERE number = 1",
            "chat-1: its row",
        ),
        ("UPDATE chats SET change = 1 WHERE number = 1", "a record can't be read"),
        ("DELETE FROM chats WHERE number = 1", "chats that are recorded and not listed"),
        ("DELETE FROM chats WHERE number = 1", "chats that are not there and have entries or messages"),
        ("DELETE FROM entries WHERE chat = 1 AND number = 1", "entries of chats that are missing"),
        ("DELETE FROM entries WHERE chat = 1", "chat-1: messages stand somewhere that are not there"),
        ("UPDATE entries SET chat = 999 WHERE chat = 1", "chats that are not there and have entries"),
        ("UPDATE entries SET at = at + 1 WHERE chat = 1", "entry 1 of chat-1 is not as it was written"),
        (
            "UPDATE inbox SET kills = 2 WHERE chat = 1 AND number = 1",
            "the standing of message 1 of chat-1 is not",
        ),
        (
            "UPDATE inbox SET state = 7 WHERE chat = 1 AND number = 1",
            "the standing of message 1 of chat-1 is none",
        ),
        (
            "UPDATE consumers SET ping_until = 5 WHERE chat = 1",
            "who consumed chat-1 is not as it was written",
        ),
        (
            "UPDATE tasks SET lane = '' WHERE id = '.chat-1'",
            "task .chat-1: its columns do not follow from it",
        ),
        ("UPDATE counts SET tasks = tasks + 1 WHERE lane = '.'", "the counts do not follow from the tasks"),
    ] {
        let folder = changed(&bytes);
        let connection = rusqlite::Connection::open(folder.path().join("wg.db")).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
        drop(connection);
        let found = sqlite::check(folder.path()).unwrap();
        assert!(found.iter().any(|line| line.contains(told)), "{sql}: {found:?}");
    }
}
