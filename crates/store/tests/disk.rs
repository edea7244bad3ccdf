//! Disks that are full or can't be written: a clear error, and the graph as it was.
//!
//! Each case runs in a process of its own that has the disk to itself: a small tmpfs, or a folder mounted
//! read-only, in namespaces of its own, which needs no rights. Where the system does not allow that, the
//! cases say so and check nothing.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_types, reason = "the cases are processes with a disk of their own")]
#![expect(clippy::print_stderr, reason = "a case that could not be run must not look like one that was")]

mod graph;

use std::path::PathBuf;
use std::process::Command;

use graph::{answers, fill};
use wg_core::id::{Actor, OpSeq};
use wg_core::port::{Store, StoreError};
use wg_core::task::Task;
use wg_store::sqlite;

const DISK: &str = "WG_TEST_DISK";

/// Runs a case again with `setup` done first, in namespaces of its own. `$1` is a folder for it.
fn alone(case: &str, setup: &str) {
    let allowed = Command::new("unshare").args(["-Urm", "true"]).output();
    if !allowed.is_ok_and(|answer| answer.status.success()) {
        eprintln!("{case}: NOT CHECKED: no mounts in user namespaces here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    if case.contains("read_only") {
        fill(&mut *sqlite::create(&folder.path().join("graph")).unwrap(), 20);
    }
    let script = format!("{setup} && exec \"$2\" {case} --exact --nocapture");
    let answer = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env(DISK, folder.path())
        .output()
        .unwrap();
    let said = [answer.stdout, answer.stderr].concat();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The disk of a case, within its process.
fn disk() -> Option<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from)
}

fn add(store: &mut dyn Store, bytes: usize) -> Result<OpSeq, StoreError> {
    let mut seq = OpSeq(0);
    store.write(&mut |view| {
        let actor = Actor::User("ann".into());
        seq = view.begin_operation(graph::at(1), &actor, &wg_core::command::Command::PauseDispatch)?;
        let mut task = Task::new(graph::id(i64::try_from(seq.0).unwrap() + 1_000), "more", graph::at(1));
        task.description = "x".repeat(bytes);
        view.put_task(&task)
    })?;
    Ok(seq)
}

#[test]
fn a_full_disk_is_said_and_the_graph_stays_as_it_was() {
    let Some(disk) = disk() else {
        return alone(
            "a_full_disk_is_said_and_the_graph_stays_as_it_was",
            "mount -t tmpfs -o size=3m tmpfs \"$1\"",
        );
    };
    let folder = disk.join(".wg");
    let mut store = sqlite::create(&folder).unwrap();
    fill(&mut *store, 40);
    std::fs::write(disk.join("rest"), vec![0; 640 << 10]).unwrap();
    let mut last = OpSeq(0);
    let error = loop {
        // Large ones first, then ever smaller ones, until the last page is taken.
        match add(&mut *store, 100_000).or_else(|_| add(&mut *store, 8_000)).or_else(|_| add(&mut *store, 10))
        {
            Ok(seq) => last = seq,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::Full);
    let expected = answers(&mut *store).unwrap();
    drop(store);
    for mut store in [sqlite::open(&folder).unwrap(), sqlite::open_read_only(&folder).unwrap()] {
        assert_eq!(answers(&mut *store).as_ref(), Ok(&expected), "reading goes on");
    }
    assert_eq!(add(&mut *sqlite::open(&folder).unwrap(), 10), Err(StoreError::Full));
    assert_eq!(sqlite::check(&folder), Ok(Vec::new()));
    assert!(matches!(sqlite::backup(&folder), Err(StoreError::Full)));
    assert!(matches!(sqlite::create(&disk.join("other")).map(drop), Err(StoreError::Full)));
    std::fs::remove_file(disk.join("rest")).unwrap();
    // What is freed is not enough for a backup, and enough to go on.
    let mut store = sqlite::open(&folder).unwrap();
    assert_eq!(add(&mut *store, 10), Ok(OpSeq(last.0 + 1)));
    assert_eq!(sqlite::check(&folder), Ok(Vec::new()));
}

#[test]
fn a_read_only_folder_can_be_read_and_says_why_it_can_t_be_written() {
    let Some(disk) = disk() else {
        return alone(
            "a_read_only_folder_can_be_read_and_says_why_it_can_t_be_written",
            "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"",
        );
    };
    let folder = disk.join("graph");
    let mut store = sqlite::open_read_only(&folder).unwrap();
    assert!(answers(&mut *store).unwrap().len() > 100);
    assert_eq!(sqlite::check(&folder), Ok(Vec::new()));
    let refused = |answer: Result<(), StoreError>| match answer {
        Err(StoreError::ReadOnly(what)) => what.contains(&folder.display().to_string()),
        _ => false,
    };
    assert!(refused(sqlite::open(&folder).map(drop)));
    assert!(refused(store.write(&mut |_| Ok(()))));
    assert!(refused(sqlite::backup(&folder).map(drop)));
    assert!(matches!(sqlite::create(&disk.join("other")).map(drop), Err(StoreError::ReadOnly(_))));
}

#[test]
fn a_read_only_folder_without_a_log_can_be_read() {
    let Some(disk) = disk() else {
        return alone(
            "a_read_only_folder_without_a_log_can_be_read",
            "cp \"$1\"/graph/wg.db \"$1\"/copy.db && rm \"$1\"/graph/* && mv \"$1\"/copy.db \"$1\"/graph/wg.db && \
             mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"",
        );
    };
    let mut store = sqlite::open_read_only(&disk.join("graph")).unwrap();
    answers(&mut *store).unwrap();
}

#[test]
fn what_was_opened_for_reading_refuses_to_write() {
    let folder = tempfile::tempdir().unwrap();
    drop(sqlite::create(folder.path()).unwrap());
    let mut store = sqlite::open_read_only(folder.path()).unwrap();
    assert!(matches!(add(&mut *store, 1), Err(StoreError::ReadOnly(_))));
}
