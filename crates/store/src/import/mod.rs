//! Reading task graphs from files: this program's own export and two formats of other programs.
//!
//! A file is read line by line; every line is accounted for in the [`Report`], and nothing that it holds is
//! dropped without being counted there. The result is what `Command::Import` takes. This module never
//! writes to a graph, never infers a deletion, and knows no state but the one a new task arrives in: what
//! becomes of tasks that are here already is decided in core.

mod beads;
mod chats;
pub mod coordinator_state;
mod cycle;
mod detect;
mod edges;
mod fields;
mod finish;
mod gather;
mod known;
mod lines;
mod own;
mod own_chats;
mod problem;
mod record;
mod report;
mod talk;
mod wg;

use std::fmt;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use wg_core::command::Import;
use wg_core::port::{Read, StoreError};
use wg_core::task::BadWord;
use wg_core::time::Timestamp;

pub use lines::LINE_MAX;
pub use problem::{CyclePath, LineProblem, Unreadable};
pub use report::{Chats, Edges, LISTED, Lines, Listed, Report, Tally, Tasks};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// This program's export.
    Own,
    /// `.wg/graph.jsonl` of the other program, older: `.workgraph/graph.jsonl`.
    Wg,
    /// `.beads/issues.jsonl`.
    Beads,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Own, Self::Wg, Self::Beads];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "workgraph",
            Self::Wg => "wg",
            Self::Beads => "beads",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl FromStr for Format {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| BadWord {
            what: "format",
            given: text.to_owned(),
            words: "workgraph, wg, beads",
        })
    }
}

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file's name, for people.
    pub name: String,
    /// The format; found out from the first objects where absent.
    pub format: Option<Format>,
    /// Take what can be read although some lines can't.
    pub keep_going: bool,
    /// Let open tasks arrive as they are; else they arrive paused.
    pub run: bool,
    /// The time now, for what the file gives no time.
    pub now: Timestamp,
    /// The folder that the file lies in, where the histories of its chats are looked for; absent: nowhere.
    pub beside: Option<PathBuf>,
}

/// What was read.
#[derive(Debug)]
pub struct Imported {
    /// For `Command::Import`; the tasks are ordered by id.
    pub import: Import,
    /// What became of everything.
    pub report: Report,
}

/// Why a file could not be imported. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It can't be read.
    #[error("{name} can't be read")]
    Unopenable {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It is a folder.
    #[error("{} is a folder{}", path.display(), found.as_ref().map_or_else(String::new, |f| format!("; import {}", f.display())))]
    Folder {
        /// Which.
        path: PathBuf,
        /// A file in it that can be imported.
        found: Option<PathBuf>,
    },
    /// Its objects are of no known format.
    #[error("{name} is in no format that can be told: say --format workgraph, wg or beads")]
    UnknownFormat {
        /// Which.
        name: String,
    },
    /// An export of a newer program.
    #[error("{name} was exported by a newer workgraph: its version is {found}, this program knows {known}")]
    Newer {
        /// Which.
        name: String,
        /// Its version.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// What lies beside it can't be read.
    #[error("{} can't be read", path.display())]
    Beside {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Lines that can't be taken: they are in the report.
    #[error("{}", problems(report))]
    Problems {
        /// What was found.
        report: Box<Report>,
    },
    /// Its left-out records join more edges than can be followed.
    #[error("{name} joins too many dependencies through records that are left out")]
    Tangled {
        /// Which.
        name: String,
    },
    /// The graph can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn problems(report: &Report) -> String {
    match report.problems.count {
        1 => "one line can't be imported".to_owned(),
        count => format!("{count} lines can't be imported"),
    }
}

/// Files that are looked for where a folder was named.
const IN_FOLDER: [&str; 5] =
    ["graph.jsonl", "issues.jsonl", ".wg/graph.jsonl", ".workgraph/graph.jsonl", ".beads/issues.jsonl"];

/// Reads a file, and what lies beside it; `graph` is what it will be imported into.
pub fn read_file(
    path: &Path,
    options: &Options,
    graph: Option<&mut dyn Read>,
) -> Result<Imported, ImportError> {
    let name = || options.name.clone();
    if path.is_dir() {
        let found = IN_FOLDER.iter().map(|name| path.join(name)).find(|file| file.is_file());
        return Err(ImportError::Folder { path: path.to_owned(), found });
    }
    let file =
        std::fs::File::open(path).map_err(|source| ImportError::Unopenable { name: name(), source })?;
    let beside = options.beside.clone().or_else(|| path.parent().map(Path::to_owned));
    let options = &Options { beside, ..options.clone() };
    read(&mut io::BufReader::with_capacity(256 * 1024, file), options, graph)
}

/// Reads lines; `graph` is what they will be imported into.
///
/// Fails when a line can't be taken, unless [`Options::keep_going`]. Holds one line and all tasks.
pub fn read(
    input: &mut dyn BufRead,
    options: &Options,
    graph: Option<&mut dyn Read>,
) -> Result<Imported, ImportError> {
    let unopenable = |source| ImportError::Unopenable { name: options.name.clone(), source };
    let mut lines = lines::Lines::new(input);
    let mut detector = detect::Detector::new(options.format);
    let mut held = Vec::new();
    while detector.undecided() {
        let Some(line) = lines.next().map_err(unopenable)? else { break };
        detector.see(&line.content);
        held.push(line);
    }
    let format = match detector.format() {
        Some(format) => format,
        None if detector.saw_objects() => {
            return Err(ImportError::UnknownFormat { name: options.name.clone() });
        }
        // Nothing but blank and unreadable lines: whatever reads them says the same.
        None => Format::Own,
    };
    let mut gathered = gather::Gathered::new(format, options);
    for line in held {
        gathered.take(line)?;
    }
    while let Some(line) = lines.next().map_err(unopenable)? {
        gathered.take(line)?;
    }
    finish::finish(gathered, options, graph)
}
