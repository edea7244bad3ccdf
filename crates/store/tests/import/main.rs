//! Imports of whole files: every line, field and edge has its place.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests; a skipped one says so")]

mod chats;
mod edges;
mod files;
mod graph;
mod lines;
mod totality;

use std::collections::BTreeMap;

use wg_core::command::ImportedTask;
use wg_core::time::Timestamp;
use wg_store::import::{self, Format, ImportError, Imported, Options, Report};

fn options() -> Options {
    Options {
        name: "test.jsonl".into(),
        format: None,
        keep_going: false,
        run: false,
        now: "2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        beside: None,
    }
}

fn read(text: &str) -> Result<Imported, ImportError> {
    read_with(text.as_bytes(), &options())
}

fn read_with(mut bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    import::read(&mut bytes, options, None)
}

fn as_format(format: Format) -> Options {
    Options { format: Some(format), ..options() }
}

/// The problems of an import that was refused.
fn refused(result: Result<Imported, ImportError>) -> Report {
    match result.unwrap_err() {
        ImportError::Problems { report } => *report,
        other => panic!("{other}"),
    }
}

fn by_id(imported: &Imported) -> BTreeMap<&str, &ImportedTask> {
    imported.import.tasks.iter().map(|task| (task.task.id.as_str(), task)).collect()
}

fn after(imported: &Imported, id: &str) -> Vec<String> {
    by_id(imported)[id].task.after.iter().map(ToString::to_string).collect()
}
