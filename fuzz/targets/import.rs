//! Any bytes as a file to import: every line is accounted for, and what was imported comes back from an export
//! of it as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wg_core::command::{Command, Import};
use wg_core::id::Actor;
use wg_core::port::Store;
use wg_core::submit::submit;
use wg_core::time::Timestamp;
use wg_store::import::{Format, ImportError, Imported, Options, Report, read};
use wg_store::memory::MemoryStore;

fuzz_target!(|bytes: &[u8]| {
    // The length decides, so that a real file is a seed as it stands.
    let format = Format::ALL.get(bytes.len() % 4).copied();
    let options = options(format, bytes.len() % 8 < 4, bytes.len() % 3 == 0);
    match read(&mut &*bytes, &options, None) {
        Ok(imported) => {
            account(bytes, &imported.report);
            assert_eq!(imported.import.tasks.len() as u64, imported.report.lines.tasks);
            come_back(imported);
        }
        Err(ImportError::Problems { report }) => account(bytes, &report),
        Err(_) => {}
    }
});

fn options(format: Option<Format>, keep_going: bool, run: bool) -> Options {
    Options { name: "fuzz".into(), format, keep_going, run, now: Timestamp::from_nanos(1) }
}

fn account(bytes: &[u8], report: &Report) {
    assert!(report.lines.accounted(), "{report:?}");
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let unfinished = bytes.last().is_some_and(|byte| *byte != b'\n');
    assert_eq!(report.lines.total, (ends + usize::from(unfinished)) as u64);
    let _ = report.told();
    for problem in &report.problems.first {
        assert!(problem.to_string().len() < 4_096, "{problem}");
    }
}

fn come_back(imported: Imported) {
    let first = export(imported.import);
    let options = options(None, false, true);
    let again = read(&mut first.as_bytes(), &options, None).expect("an export can be imported");
    assert_eq!(export(again.import), first);
}

/// The export of a new graph that has only this.
fn export(import: Import) -> String {
    let mut store = MemoryStore::new();
    if !import.tasks.is_empty() {
        let command = Command::Import(Box::new(import));
        submit(&mut store, &Actor::User("fuzz".into()), command, Timestamp::from_nanos(1))
            .expect("what was read can be taken in");
    }
    let mut out = Vec::new();
    store
        .read(&mut |graph| {
            out.clear();
            wg_store::export::export(graph, &mut out).expect("memory can be written");
            Ok(())
        })
        .expect("memory can be read");
    String::from_utf8(out).expect("JSON is UTF-8")
}
