//! Why a line can't be taken: the closed list of reasons, each with what a person needs to find it.

use wg_core::id::{ChatNumber, TaskId};

/// How much of a foreign text is repeated in a reason.
const SHOWN: usize = 60;
/// How many steps of a cycle are told.
const STEPS: usize = 12;

/// A line that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The file beside the graph that it is in; absent: the graph itself.
    pub file: Option<String>,
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: Unreadable,
}

impl std::fmt::Display for LineProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file} ")?;
        }
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a line was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Longer than what is read.
    #[error("{bytes} bytes long; lines of at most {max} are read")]
    TooLong {
        /// Its length.
        bytes: u64,
        /// The bound.
        max: usize,
    },
    /// Not UTF-8.
    #[error("byte {at} is not UTF-8")]
    Utf8 {
        /// The first bad byte, from 1.
        at: usize,
    },
    /// Not JSON.
    #[error("no JSON at column {column}: {what}")]
    Json {
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// JSON, but no object.
    #[error("an object is needed, this is {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// No `id`.
    #[error("there is no id")]
    NoId,
    /// Two ids of the file would have the same name here.
    #[error("the ids {one:?} and {other:?} would both be called {name}")]
    IdClash {
        /// The earlier.
        one: String,
        /// This one.
        other: String,
        /// What both would be called.
        name: TaskId,
    },
    /// A field of another type than the format has.
    #[error("{field} should be {wanted}, but is {found}")]
    Type {
        /// Which field.
        field: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A word that the format does not have.
    #[error("{field} {given:?} means nothing in this format")]
    Word {
        /// Which field.
        field: &'static str,
        /// The word.
        given: String,
    },
    /// A time that can't be read.
    #[error("{field}: {why}")]
    Time {
        /// Which field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// A number that comes twice.
    #[error("{what} comes twice")]
    Twice {
        /// What has the number.
        what: String,
    },
    /// What belongs to a chat that the file does not have.
    #[error("there is no {0} in this file")]
    NoChat(ChatNumber),
    /// A dependency that would close a cycle.
    #[error("coming after {} would close a cycle: {path}", path.second())]
    Cycle {
        /// From the line's task along its dependencies back to it.
        path: CyclePath,
    },
}

/// The way from a task along its dependencies back to itself; of a long one only both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CyclePath {
    head: Vec<TaskId>,
    omitted: usize,
    tail: Vec<TaskId>,
}

impl CyclePath {
    /// From the number of its steps and what each is.
    pub(super) fn new<'a>(length: usize, step: impl Fn(usize) -> &'a TaskId) -> Self {
        let (head, tail) = if length <= STEPS { (length, 0) } else { (STEPS - 2, 2) };
        Self {
            head: (0..head).map(&step).cloned().collect(),
            omitted: length - head - tail,
            tail: (length - tail..length).map(&step).cloned().collect(),
        }
    }

    /// The task whose dependency closes the cycle.
    #[must_use]
    pub fn task(&self) -> &str {
        self.head.first().map_or("", TaskId::as_str)
    }

    /// The dependency that closes it.
    #[must_use]
    pub fn second(&self) -> &str {
        self.head.get(1).map_or("", TaskId::as_str)
    }
}

impl std::fmt::Display for CyclePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |ids: &[TaskId]| ids.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" -> ");
        f.write_str(&names(&self.head))?;
        match self.omitted {
            0 => Ok(()),
            n => write!(f, " -> ({n} more) -> {}", names(&self.tail)),
        }
    }
}

impl Unreadable {
    /// From what the parser says, without its own line number (it saw one line only).
    pub(super) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        Self::Json { column: error.column(), what: shown(what) }
    }

    pub(super) fn word(field: &'static str, given: &str) -> Self {
        Self::Word { field, given: shown(given) }
    }

    pub(super) fn time(field: &str, why: &dyn std::error::Error) -> Self {
        Self::Time { field: shown(field), why: shown(&why.to_string()) }
    }
}

/// The beginning of a foreign text.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", &text[..cut]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_tells_a_bounded_part_of_what_was_given() {
        let id = |n: usize| TaskId::parse(&format!("t{n}")).expect("a good id");
        let cycle =
            |ids: &[TaskId]| Unreadable::Cycle { path: CyclePath::new(ids.len(), |n| &ids[n]) }.to_string();
        assert_eq!(cycle(&[id(0), id(1), id(0)]), "coming after t1 would close a cycle: t0 -> t1 -> t0");
        let long = cycle(&(0..10_000).map(id).collect::<Vec<_>>());
        assert!(long.contains("t9 -> (9988 more) -> t9998 -> t9999"), "{long}");
        assert!(Unreadable::word("status", &"ä".repeat(5_000)).to_string().len() < 300);
    }
}
