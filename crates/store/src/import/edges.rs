//! The dependencies of a file: both directions united, those through left-out records joined up.

use std::collections::{BTreeSet, HashMap, HashSet};

use wg_core::id::TaskId;

use super::Format;
use super::gather::Placed;
use super::record::{What, local_id};
use super::report::Report;
use super::wg::{internal, stands_for};

/// How many steps through left-out records are followed in one file: far beyond any that was made by work,
/// and less than a second.
const STEPS_MAX: u64 = 5_000_000;

/// The other end of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// A record of the file, by its place.
    Here(usize),
    /// An id that the file has no record of.
    Elsewhere(TaskId),
}

/// Too many steps through left-out records.
pub(super) struct Tangled;

/// Finds what foreign ids are called here, and whether the file has them.
pub(super) struct Names<'a> {
    format: Format,
    by_id: &'a HashMap<TaskId, usize>,
    told: HashSet<TaskId>,
}

impl<'a> Names<'a> {
    pub fn new(format: Format, by_id: &'a HashMap<TaskId, usize>) -> Self {
        Self { format, by_id, told: HashSet::new() }
    }

    /// The other end that a foreign id names; a changed name is reported once.
    pub fn end(&mut self, raw: &str, report: &mut Report) -> End {
        let id = local_id(self.format, raw);
        if id.as_str() != raw {
            self.rename(raw, &id, report);
        }
        match self.by_id.get(&id) {
            Some(place) => End::Here(*place),
            None => End::Elsewhere(id),
        }
    }

    /// Reports a changed name, once.
    pub fn rename(&mut self, raw: &str, id: &TaskId, report: &mut Report) {
        if self.told.insert(id.clone()) {
            report.renamed.push(|| (raw.to_owned(), id.clone()));
        }
    }
}

/// The dependencies of every record, in the order of the records, each once; those of tasks lead to tasks
/// or to ids that the file does not have.
pub(super) fn dependencies(
    records: &mut [Placed],
    names: &mut Names<'_>,
    report: &mut Report,
) -> Result<Vec<Vec<End>>, Tangled> {
    let mut after: Vec<Vec<End>> = records.iter().map(|_| Vec::new()).collect();
    for place in 0..records.len() {
        for raw in std::mem::take(&mut records[place].record.after) {
            after[place].push(names.end(&raw, report));
        }
        for (who, on) in std::mem::take(&mut records[place].record.elsewhere) {
            match names.end(&who, report) {
                End::Here(other) => {
                    let on = names.end(&on, report);
                    after[other].push(on);
                }
                // Book-keeping that the file does not have any more.
                End::Elsewhere(id) if id.is_internal() => {}
                // It can't be told that it comes after this task: this task keeps it as a note.
                End::Elsewhere(_) => {
                    if let What::Task(draft) = &mut records[place].record.what {
                        draft.other_edges.push(("before".to_owned(), who));
                    }
                }
            }
        }
    }
    let mut join = Join { records, after: &after, steps: 0 };
    let mut joined = Vec::with_capacity(after.len());
    for place in 0..after.len() {
        joined.push(match join.records[place].record.what {
            What::Task(_) => join.of(place, names, report)?,
            What::LeftOut { .. } => Vec::new(),
        });
    }
    Ok(joined)
}

struct Join<'a> {
    records: &'a [Placed],
    after: &'a [Vec<End>],
    steps: u64,
}

impl Join<'_> {
    fn is_task(&self, place: usize) -> bool {
        matches!(self.records[place].record.what, What::Task(_))
    }

    /// The dependencies of one task, with every left-out record replaced by what that one comes after.
    fn of(&mut self, place: usize, names: &mut Names<'_>, report: &mut Report) -> Result<Vec<End>, Tangled> {
        let mut ends = BTreeSet::new();
        let mut elsewhere = BTreeSet::new();
        let mut through = HashSet::new();
        let mut todo: Vec<(End, bool)> = self.after[place].iter().map(|end| (end.clone(), false)).collect();
        while let Some((end, joined)) = todo.pop() {
            self.steps += u64::from(joined);
            if self.steps > STEPS_MAX {
                return Err(Tangled);
            }
            match end {
                End::Here(other) if self.is_task(other) => {
                    // Its own book-keeping leads a task back to itself.
                    if other != place || !joined {
                        ends.insert(other);
                    }
                }
                End::Here(other) => {
                    report.edges.joined += u64::from(!joined);
                    if through.insert(other) {
                        todo.extend(self.after[other].iter().map(|end| (end.clone(), true)));
                    }
                }
                End::Elsewhere(id) if internal(id.as_str()).is_some() => {
                    report.edges.joined += u64::from(!joined);
                    if let Some(task) = stands_for(id.as_str()) {
                        todo.push((names.end(task, report), true));
                    }
                }
                End::Elsewhere(id) => {
                    elsewhere.insert(id);
                }
            }
        }
        let here = ends.into_iter().map(End::Here);
        Ok(here.chain(elsewhere.into_iter().map(End::Elsewhere)).collect())
    }
}
