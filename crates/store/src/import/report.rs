//! What became of every line, field and edge of an import: counts with bounded lists beside them.
//!
//! Invariant: every line is in exactly one of [`Lines`]' counts ([`Lines::accounted`]).

use std::collections::BTreeMap;
use std::fmt;

use wg_core::id::TaskId;

use super::Format;
use super::problem::{CyclePath, LineProblem};

/// How many problems, cycles and renamed ids are listed; all are counted.
pub const LISTED: usize = 1_000;
/// How many different words (field names, kinds) a tally tells apart.
const WORDS: usize = 200;

/// What an import found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The format; absent where the file has no record.
    pub format: Option<Format>,
    /// Every line.
    pub lines: Lines,
    /// The tasks that it brings.
    pub tasks: Tasks,
    /// The chats that it brings.
    pub chats: Chats,
    /// Their dependencies.
    pub edges: Edges,
    /// Records that are no tasks here, by what they are.
    pub left_out: Tally,
    /// Fields that have no home here and are kept as notes of their tasks, by name.
    pub noted: Tally,
    /// Fields that are not kept, by name: counts of what the file says anyway, and what edges, log entries
    /// and comments have beyond what is kept of them.
    pub dropped: Tally,
    /// Lines that could not be taken.
    pub problems: Listed<LineProblem>,
    /// Ids that can't be ids here, and what they are called instead.
    pub renamed: Listed<(String, TaskId)>,
}

/// Where every line went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// All of them.
    pub total: u64,
    /// Blank ones.
    pub blank: u64,
    /// Ones that begin with `#`.
    pub comments: u64,
    /// The line that says the format's version.
    pub header: u64,
    /// Ones that became a task.
    pub tasks: u64,
    /// Ones that became a chat.
    pub chats: u64,
    /// Ones that became an entry of a chat's history.
    pub entries: u64,
    /// Ones whose id comes again later: the last one counts.
    pub duplicates: u64,
    /// Ones that are no task here.
    pub left_out: u64,
    /// Ones that could not be taken.
    pub problems: u64,
}

impl Lines {
    /// Whether every line has a place.
    #[must_use]
    pub fn accounted(&self) -> bool {
        let read = [self.blank, self.comments, self.header, self.duplicates, self.left_out, self.problems];
        self.total == self.tasks + self.chats + self.entries + read.iter().sum::<u64>()
    }
}

/// How the tasks arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tasks {
    /// Open, but for the paused ones.
    pub open: u64,
    /// Open and paused.
    pub paused: u64,
    /// In review.
    pub in_review: u64,
    /// Done, failed or abandoned.
    pub finished: u64,
    /// Open here, in progress or waiting there: their logs say so.
    pub underway_elsewhere: u64,
    /// Evaluations that ran there: their tasks' logs say so.
    pub evaluations: u64,
}

/// How the chats arrive: none of them starts anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chats {
    /// Dormant: a message to them wakes them.
    pub dormant: u64,
    /// Held.
    pub held: u64,
    /// Archived.
    pub archived: u64,
    /// Entries of their histories.
    pub entries: u64,
    /// Of these, messages that nobody answered: they arrive set aside.
    pub set_aside: u64,
    /// Histories beside the graph that are of no chat, left where they are.
    pub stray: u64,
}

/// What became of the edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges {
    /// Dependencies of the tasks as they arrive, each pair once.
    pub dependencies: u64,
    /// Of these, to ids that are neither in the file nor in the graph: they block.
    pub missing: u64,
    /// Edges to records that are left out, replaced by what those came after.
    pub joined: u64,
    /// Tasks with a parent.
    pub parents: u64,
    /// Of these, with a parent that is neither in the file nor in the graph.
    pub missing_parents: u64,
    /// Tasks with a task that they were discovered from.
    pub discovered_from: u64,
    /// Edges that are kept as notes, by type.
    pub noted: Tally,
    /// Edges that would have closed a cycle, left out: the path from their task back to it.
    pub cycles: Listed<CyclePath>,
}

/// Counts by word, of boundedly many words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The words and their counts.
    pub counts: BTreeMap<String, u64>,
    /// Count of all words beyond those.
    pub others: u64,
}

impl Tally {
    /// Counts one more of a word.
    pub(super) fn add(&mut self, word: &str) {
        if let Some(count) = self.counts.get_mut(word) {
            *count += 1;
        } else if self.counts.len() < WORDS {
            self.counts.insert(super::problem::shown(word), 1);
        } else {
            self.others += 1;
        }
    }

    /// Everything that was counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.others
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (word, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{count} {word}", if n == 0 { "" } else { ", " })?;
        }
        match self.others {
            0 => Ok(()),
            others => write!(f, ", {others} others"),
        }
    }
}

/// The first of many things, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The first [`LISTED`].
    pub first: Vec<T>,
    /// All of them.
    pub count: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { first: Vec::new(), count: 0 }
    }
}

impl<T> Listed<T> {
    pub(super) fn push(&mut self, thing: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(thing());
        }
    }
}

impl Report {
    /// The whole account, for people: one fact a line, nothing that is zero. Problems are not in it.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let lines = &self.lines;
        let mut told = vec![format!(
            "{}: {}",
            many(lines.total, "line"),
            some(&[
                (lines.tasks, "tasks"),
                (lines.chats, "chats"),
                (lines.entries, "lines of chats"),
                (lines.left_out, "left out"),
                (lines.duplicates, "replaced by a later line with the same id"),
                (lines.problems, "not readable"),
                (lines.header, "header"),
                (lines.blank, "blank"),
                (lines.comments, "comments"),
            ])
        )];
        let mut say = |count: u64, text: String| {
            if count > 0 {
                told.push(text);
            }
        };
        say(lines.left_out, format!("left out: {}", self.left_out));
        let tasks = &self.tasks;
        let arrive = some(&[
            (tasks.finished, "finished"),
            (tasks.in_review, "in review"),
            (tasks.open, "open"),
            (tasks.paused, "open and paused"),
        ]);
        say(lines.tasks, format!("arriving: {arrive}"));
        let chats = &self.chats;
        let stand = some(&[(chats.dormant, "dormant"), (chats.held, "held"), (chats.archived, "archived")]);
        say(chats.dormant + chats.held + chats.archived, format!("chats: {stand}"));
        let aside = match chats.set_aside {
            0 => String::new(),
            aside => format!(", {} set aside that nobody answered", many(aside, "message")),
        };
        say(chats.entries, format!("histories of chats: {}{aside}", entries(chats.entries)));
        say(chats.stray, format!("histories beside the graph that are of no chat: {}", chats.stray));
        let underway = tasks.underway_elsewhere;
        say(underway, format!("in progress or waiting elsewhere, so open here: {underway}"));
        say(tasks.evaluations, format!("evaluations that ran, noted in logs: {}", tasks.evaluations));
        let edges = &self.edges;
        let there = some(&[
            (edges.dependencies, "kept"),
            (edges.missing, "of them to tasks that are not there (they block)"),
            (edges.joined, "joined through what was left out"),
            (edges.cycles.count, "left out because they close a cycle"),
        ]);
        say(edges.dependencies + edges.joined + edges.cycles.count, format!("dependencies: {there}"));
        let grouping = some(&[
            (edges.parents, "parents"),
            (edges.missing_parents, "of them not there"),
            (edges.discovered_from, "discovered from"),
        ]);
        say(edges.parents + edges.discovered_from, format!("other edges: {grouping}"));
        say(edges.noted.total(), format!("edges kept as notes: {}", edges.noted));
        say(self.noted.total(), format!("fields kept as notes: {}", self.noted));
        say(self.dropped.total(), format!("fields not kept: {}", self.dropped));
        let renamed =
            self.renamed.first.iter().map(|(was, is)| format!("{} as {is}", super::problem::shown(was)));
        say(
            self.renamed.count,
            format!(
                "{} that can't be used here: {}{}",
                many(self.renamed.count, "id"),
                renamed.take(5).collect::<Vec<_>>().join(", "),
                if self.renamed.count > 5 { ", …" } else { "" }
            ),
        );
        told
    }
}

fn some(counts: &[(u64, &str)]) -> String {
    let said: Vec<_> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| match n {
            1 => format!("1 {}", word.strip_suffix('s').unwrap_or(word)),
            _ => format!("{n} {word}"),
        })
        .collect();
    if said.is_empty() { "nothing".to_owned() } else { said.join(", ") }
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
