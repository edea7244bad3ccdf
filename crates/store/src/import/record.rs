//! What a line of any format becomes before its edges are resolved: a task with foreign ids, or something
//! that is left out. Owns how foreign ids become ids here.

use std::fmt;

use wg_core::command::ImportedTask;
use wg_core::id::{SLUG_MAX, TaskId};
use wg_core::task::Task;
use wg_core::time::Timestamp;

use super::Format;
use super::chats::ChatDraft;
use super::fields::Fields;

/// A record of the file.
pub(super) struct Record {
    /// Its id as the file has it.
    pub raw_id: String,
    /// The same as it is called here.
    pub id: TaskId,
    /// What it becomes.
    pub what: What,
    /// Foreign ids that it comes after.
    pub after: Vec<String>,
    /// Edges of others that stand here: who, and after whom.
    pub elsewhere: Vec<(String, String)>,
}

/// What a record becomes.
pub(super) enum What {
    /// A task.
    Task(Box<Draft>),
    /// Nothing, for this reason.
    LeftOut {
        why: LeftOut,
        /// A finished evaluation: of which task, when, by whom.
        evaluated: Option<(String, Timestamp, String)>,
    },
}

/// Why a record is no task here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// A record of another kind: a resource, an actor.
    Kind(String),
    /// A chat of the other program, where that is all that is known of it.
    Chat,
    /// Another record of a chat that is here already.
    United,
    /// Book-keeping of the other program: its verb.
    Bookkeeping(String),
    /// A deleted issue.
    Tombstone,
    /// A message between agents.
    Message,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "of kind {kind}"),
            Self::Chat => f.write_str("chats"),
            Self::United => f.write_str("chats under their older name"),
            Self::Bookkeeping(verb) => write!(f, "bookkeeping .{verb}"),
            Self::Tombstone => f.write_str("tombstones"),
            Self::Message => f.write_str("messages"),
        }
    }
}

/// A task whose edges still name foreign ids.
pub(super) struct Draft {
    /// The task with its rows; `after`, `parent` and `discovered_from` are empty.
    pub imported: ImportedTask,
    /// It was in progress or waiting there.
    pub underway: bool,
    /// The file says when it was created.
    pub has_created_at: bool,
    /// Foreign id of the parent.
    pub parent: Option<String>,
    /// Foreign id of the task it was discovered from.
    pub discovered_from: Option<String>,
    /// Edges that are kept as notes: type and foreign id.
    pub other_edges: Vec<(String, String)>,
    /// It is a chat's place in the graph, and this is the chat.
    pub chat: Option<Box<ChatDraft>>,
    /// Names of fields that are kept as notes.
    pub noted: Vec<String>,
    /// Names of fields that are not kept.
    pub dropped: Vec<String>,
}

impl Draft {
    /// A draft of a task that is open and has nothing but a title (its id where that is missing).
    pub fn new(id: &TaskId, raw_id: &str, title: Option<String>, created_at: Option<Timestamp>) -> Self {
        let title = title.map(|title| one_line(&title)).filter(|title| !title.is_empty());
        let mut task =
            Task::new(id.clone(), title.unwrap_or_else(|| raw_id.to_owned()), created_at.unwrap_or_default());
        if id.as_str() != raw_id {
            task.notes.insert("id".into(), raw_id.into());
        }
        Self {
            imported: ImportedTask { task, log: Vec::new(), artifacts: Vec::new(), messages: Vec::new() },
            underway: false,
            has_created_at: created_at.is_some(),
            parent: None,
            discovered_from: None,
            other_edges: Vec::new(),
            chat: None,
            noted: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Keeps a value that has no home; one of the same name stays and gets a neighbour.
    pub fn note(&mut self, name: &str, value: impl Into<String>) {
        self.noted.push(name.to_owned());
        let notes = &mut self.imported.task.notes;
        let mut key = name.to_owned();
        while notes.contains_key(&key) {
            key.push('+');
        }
        notes.insert(key, value.into());
    }

    /// Counts what was not taken of an object within the record.
    pub fn drop_rest(&mut self, within: &str, rest: Fields) {
        self.dropped.extend(rest.rest().map(|(name, _)| format!("{within}.{name}")));
    }

    /// The latest time that the file tells of this task, for what it says without a time.
    pub fn last_seen(&self) -> Timestamp {
        let times = &self.imported.task.times;
        times.completed_at.or(times.started_at).unwrap_or(times.created_at)
    }
}

fn one_line(text: &str) -> String {
    if text.contains(['\n', '\r']) {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text.to_owned()
    }
}

/// What a foreign id is called here: itself where it can be, else its slug and a hash of the whole of it.
/// An id that begins with `.` stays only in formats where it belongs to the program too: those records are
/// left out.
pub(super) fn local_id(format: Format, raw: &str) -> TaskId {
    let dotted = match format {
        Format::Own | Format::Wg => true,
        Format::Beads => false,
    };
    TaskId::parse(raw).ok().filter(|id| dotted || !id.is_internal()).unwrap_or_else(|| {
        const DIGITS: usize = 12;
        let tail = format!("-{:0DIGITS$x}", fnv1a(raw.as_bytes()) >> (64 - 4 * DIGITS));
        let slug = TaskId::slug(raw);
        let keep = slug.as_str().len().min(SLUG_MAX - tail.len());
        let head = slug.as_str()[..keep].trim_end_matches('-');
        TaskId::parse(&format!("{head}{tail}")).expect("a slug with hex digits behind it is an id")
    })
}

/// The 64-bit FNV-1a hash: the same on every machine and in every version, which is all that is asked of it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_ids_stay_or_get_a_stable_name() {
        for good in ["bd-a1b2.1", "Task_7", ".chat-3"] {
            assert_eq!(local_id(Format::Wg, good).as_str(), good);
        }
        let local_id = |raw: &str| local_id(Format::Beads, raw);
        assert_eq!(local_id("bd-a1b2.1").as_str(), "bd-a1b2.1");
        assert!(local_id(".chat-3").as_str().starts_with("chat-3-"), "it would belong to this program");
        assert_eq!(local_id("external:gastown:gt-5kjn").as_str(), "external-gastown-gt-5kjn-6f1ff2852c57");
        let long = local_id(&"word ".repeat(100));
        assert!(long.as_str().len() <= SLUG_MAX, "{long}");
        assert_ne!(local_id("a b"), local_id("a  b"));
    }
}
