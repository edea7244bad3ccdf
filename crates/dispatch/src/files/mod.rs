//! Where the files of a graph and of an attempt are, and how small files are written and read whole.
//!
//! Owns the names below `.wg/` that processes meet at, and the durable formats of an attempt's folder
//! ([`ExitRecord`], [`Started`], [`ShimFile`], [`LaunchSpec`]). Never interprets them: what follows from an
//! exit record is decided in `recover` and `dispatcher`.
//!
//! A file is replaced by a rename, so a reader sees the old one or the new one; reading is total: whatever is
//! in a file, the answer is a record or a typed error. Nothing here needs an fsync (`supervision.md`, *Who
//! owns what*): a killed process loses nothing that was written, and after a reboot attempts are judged anew.

mod record;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use wg_core::id::{AttemptRef, ChatNumber};

pub(crate) use record::millis;
pub use record::{
    EndedBy, ExitRecord, LaunchSpec, OutputCount, RECORD_VERSION, Run, ShimFile, Started, Talk, TalkInput,
    mark,
};

/// Longest record that is read, in bytes: a launch holds a command line (the kernel takes 2 MiB) and its
/// environment.
pub const RECORD_MAX: u64 = 8 * 1024 * 1024;

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("{0} is not there")]
    Absent(PathBuf),
    /// It was there already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// A newer program wrote it.
    #[error("{path} was written by a newer workgraph: version {found}, this program knows {RECORD_VERSION}")]
    Newer {
        /// Where.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// What is in it is no such record.
    #[error("{path} can't be understood: {why}")]
    Garbage {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl FileError {
    fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Absent(path.to_owned()),
            io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}

/// The folder of a graph, `.wg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphFolder(PathBuf);

impl GraphFolder {
    /// The graph at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What belongs to the dispatcher.
    #[must_use]
    pub fn service(&self) -> PathBuf {
        self.0.join("service")
    }

    /// The dispatcher's control socket.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.service().join("daemon.sock")
    }

    /// The lock that a dispatcher holds while it lives.
    #[must_use]
    pub fn dispatcher_lock(&self) -> PathBuf {
        self.service().join("daemon.lock")
    }

    /// The dispatcher's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.service().join("daemon.log")
    }

    /// The folders of all attempts.
    #[must_use]
    pub fn attempts(&self) -> PathBuf {
        self.0.join("attempts")
    }

    /// What is kept of a chat as files.
    #[must_use]
    pub fn chat(&self, chat: ChatNumber) -> PathBuf {
        self.0.join("chat").join(chat.to_string())
    }

    /// The history of a chat: a line for each of its entries.
    #[must_use]
    pub fn history(&self, chat: ChatNumber) -> PathBuf {
        self.chat(chat).join("history.jsonl")
    }

    /// The folder of one attempt.
    #[must_use]
    pub fn attempt(&self, reference: AttemptRef) -> AttemptFolder {
        AttemptFolder(self.attempts().join(reference.to_string()))
    }
}

/// The folder of an attempt, `.wg/attempts/agent-7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFolder(PathBuf);

impl AttemptFolder {
    /// The attempt whose folder this is.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes it, for its owner only; one that is there is kept.
    pub fn create(&self) -> Result<(), FileError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|source| FileError::io(&self.0, source))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The graph it belongs to.
    #[must_use]
    pub fn graph(&self) -> GraphFolder {
        let graph = self.0.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        GraphFolder(graph.to_owned())
    }

    /// The lock that its shim holds while it lives.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// What is to be run: [`LaunchSpec`].
    #[must_use]
    pub fn launch(&self) -> PathBuf {
        self.0.join("launch.json")
    }

    /// Who its shim is: [`ShimFile`].
    #[must_use]
    pub fn shim(&self) -> PathBuf {
        self.0.join("shim.json")
    }

    /// What a shim prints when something is wrong with it.
    #[must_use]
    pub fn shim_log(&self) -> PathBuf {
        self.0.join("shim.log")
    }

    /// The shim's socket.
    #[must_use]
    pub fn door(&self) -> PathBuf {
        self.0.join("door.sock")
    }

    /// That the agent was, or is about to be, started: [`Started`].
    #[must_use]
    pub fn started(&self) -> PathBuf {
        self.0.join("started")
    }

    /// How it ended: [`ExitRecord`].
    #[must_use]
    pub fn exit(&self) -> PathBuf {
        self.0.join("exit.json")
    }

    /// An empty file: what an agent sees of a file that it may not see.
    #[must_use]
    pub fn nothing(&self) -> PathBuf {
        self.0.join("nothing")
    }

    /// A folder for the agent's temporary files, where it has none elsewhere.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// What the agent was told to do.
    #[must_use]
    pub fn prompt(&self) -> PathBuf {
        self.0.join("prompt.md")
    }

    /// What an agent that is talked to printed, for whoever follows it; what it complained of is its output.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// What the agent wrote.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.0.join("output.log")
    }

    /// Where in it the newest byte is, while it is a ring.
    #[must_use]
    pub fn output_ring(&self) -> PathBuf {
        self.0.join("output.ring")
    }

    /// The exit record, where there is one.
    pub fn read_exit(&self) -> Result<Option<ExitRecord>, FileError> {
        optional(read(&self.exit()))
    }

    /// What is to be run, where that is known.
    pub fn read_launch(&self) -> Result<Option<LaunchSpec>, FileError> {
        optional(read(&self.launch()))
    }

    /// The `started` mark, where there is one.
    pub fn read_started(&self) -> Result<Option<Started>, FileError> {
        optional(read(&self.started()))
    }

    /// Makes the `started` mark of a run; it *exists* where it was made before. Whoever calls this holds the
    /// attempt's lock: the mark of another run, which had this number before a backup was restored, is
    /// replaced.
    pub fn mark_started(&self, mark: &Started) -> Result<(), FileError> {
        match create(&self.started(), mark) {
            Err(FileError::Exists(path)) => match self.read_started() {
                Ok(Some(before)) if before.run != mark.run => write(&path, mark),
                _ => Err(FileError::Exists(path)),
            },
            made => made,
        }
    }

    /// Who its shim is, where one has been.
    pub fn read_shim(&self) -> Result<Option<ShimFile>, FileError> {
        optional(read(&self.shim()))
    }
}

fn optional<T>(read: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(FileError::Absent(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a record of this or an older version.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|source| FileError::io(path, source))?;
    file.take(RECORD_MAX + 1).read_to_end(&mut bytes).map_err(|source| FileError::io(path, source))?;
    parse(path, &bytes)
}

/// Reads a record from what is in its file; `path` is only named in errors.
pub fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, FileError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u64,
    }
    let garbage = |why: String| FileError::Garbage { path: path.to_owned(), why };
    if bytes.len() as u64 > RECORD_MAX {
        return Err(garbage(format!("it is longer than {RECORD_MAX} bytes")));
    }
    let Versioned { version } = serde_json::from_slice(bytes).map_err(|e| garbage(e.to_string()))?;
    if version > RECORD_VERSION {
        return Err(FileError::Newer { path: path.to_owned(), found: version });
    }
    serde_json::from_slice(bytes).map_err(|e| garbage(e.to_string()))
}

/// A record as it stands in its file.
pub(crate) fn text<T: Serialize>(path: &Path, record: &T) -> Result<Vec<u8>, FileError> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        version: u64,
        #[serde(flatten)]
        record: &'a T,
    }
    let mut bytes = serde_json::to_vec(&Versioned { version: RECORD_VERSION, record })
        .map_err(|e| FileError::Garbage { path: path.to_owned(), why: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes a record, for its owner's eyes only, in place of what was there.
pub fn write<T: Serialize>(path: &Path, record: &T) -> Result<(), FileError> {
    write_bytes(path, &text(path, record)?)
}

/// Writes a file that a reader sees whole or not at all.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(|source| {
        let _ = fs::remove_file(&draft);
        FileError::io(path, source)
    })
}

/// Writes a record that must not be there yet: of many that try, one succeeds.
pub fn create<T: Serialize>(path: &Path, record: &T) -> Result<(), FileError> {
    let bytes = text(path, record)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| FileError::io(path, source))?;
    file.write_all(&bytes).map_err(|source| FileError::io(path, source))
}

#[cfg(test)]
mod tests;
