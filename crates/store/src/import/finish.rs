//! Makes tasks of the gathered records: resolves every edge, lets nothing start by itself, and closes the
//! account.

use std::collections::{HashMap, HashSet};

use wg_core::command::{Import, ImportedTask};
use wg_core::id::{ChatNumber, TaskId};
use wg_core::port::{Read, StoreError};
use wg_core::task::{StateName, TaskKind, TaskState};
use wg_core::time::Timestamp;

use super::chats::{self, Arriving};
use super::cycle::{self, FileTasks};
use super::edges::{self, End, Names};
use super::gather::{Gathered, Placed};
use super::known::Known;
use super::problem::{LineProblem, Unreadable};
use super::record::{Draft, What};
use super::report::Report;
use super::talk::{self, Talks};
use super::{Format, ImportError, Imported, Options};

/// The end of every import.
pub(super) fn finish(
    gathered: Gathered<'_>,
    options: &Options,
    mut graph: Option<&mut dyn Read>,
) -> Result<Imported, ImportError> {
    let Gathered { format, mut records, mut by_id, said, mut report, .. } = gathered;
    let mut talks = match (&options.beside, format) {
        (Some(beside), Format::Wg) => talk::read(beside, &mut report)?,
        _ => Talks::default(),
    };
    let numbers = match &mut graph {
        Some(graph) => chats::settle(&mut records, &mut by_id, Some(&mut **graph), &talks)?,
        None => chats::settle(&mut records, &mut by_id, None, &talks)?,
    };
    let mut histories = chats::histories(said, &by_id, &records, &mut report);
    let mut known = Known::new(graph, records.len())?;
    let mut names = Names::new(format, &by_id);
    for placed in &records {
        let record = &placed.record;
        if matches!(record.what, What::Task(_)) && record.raw_id != record.id.as_str() {
            names.rename(&record.raw_id, &record.id, &mut report);
        }
    }
    let mut after = edges::dependencies(&mut records, &mut names, &mut report)
        .map_err(|_| ImportError::Tangled { name: options.name.clone() })?;
    let ids: Vec<Option<TaskId>> = records.iter().map(task_id).collect();
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_unstable_by_key(|place| &records[*place].record.id);
    let tasks_only: Vec<usize> = order.iter().copied().filter(|place| ids[*place].is_some()).collect();
    let file = FileTasks { ids: &ids, order: &tasks_only, by_id: &by_id, after: &after };
    let gone = closing_edges(&file, &records, &mut known, options, &mut report)?;
    for (place, gone) in gone {
        after[place].retain(|end| !gone.contains(end));
    }
    note_evaluations(&mut records, &mut names, &mut report);

    let mut tasks = Vec::with_capacity(tasks_only.len());
    let mut arriving = Arriving::default();
    let mut records: Vec<Option<Placed>> = records.into_iter().map(Some).collect();
    for place in order {
        let placed = records[place].take().expect("each place is once in the order");
        let ends = std::mem::take(&mut after[place]);
        match placed.record.what {
            What::LeftOut { why, .. } => {
                report.lines.left_out += 1;
                report.left_out.add(&why.to_string());
            }
            What::Task(mut draft) => {
                depend(&mut draft, ends, &ids, &mut known, &mut report)?;
                relate(&mut draft, &ids, &mut names, &mut known, &mut report)?;
                arrive(&mut draft, &mut known, options, &mut report)?;
                match draft.chat.take() {
                    None => {
                        report.lines.tasks += 1;
                        tasks.push(draft.imported);
                    }
                    Some(chat) => {
                        report.lines.chats += 1;
                        let number = ChatNumber::of_task(&draft.imported.task.id).expect("it was settled");
                        let said = histories.remove(&number).unwrap_or_default();
                        let talk = numbers.get(&number).and_then(|name| talks.take(*name));
                        tasks.push(arriving.take(draft.imported, *chat, said, talk, &mut report));
                    }
                }
            }
        }
    }
    for (name, talk) in talks.rest() {
        match name {
            0 => report.chats.stray += 1,
            name => {
                let number = ChatNumber(name);
                let is_here = known.get(&number.task_id())?.is_some();
                tasks.extend(arriving.bury(number, talk, options.now, is_here, &mut report));
            }
        }
    }
    tasks.sort_by(|one, other| one.task.id.cmp(&other.task.id));
    ground_parents(&mut tasks, &mut known, &mut report)?;
    for imported in tasks.iter().filter(|imported| imported.task.kind == TaskKind::Work) {
        account(imported, &mut report);
    }
    report.problems.first.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    debug_assert!(report.lines.accounted(), "every line has a place: {:?}", report.lines);
    if report.problems.count > 0 && !options.keep_going {
        return Err(ImportError::Problems { report: Box::new(report) });
    }
    let source = match report.format {
        Some(format) => format!("{format} {}", options.name),
        None => options.name.clone(),
    };
    Ok(Imported { import: Import { source, tasks, chats: arriving.chats }, report })
}

fn task_id(placed: &Placed) -> Option<TaskId> {
    matches!(placed.record.what, What::Task(_)).then(|| placed.record.id.clone())
}

/// The dependencies that must go because they close a cycle, by the place of their task. They are problems of
/// their lines unless we keep going.
fn closing_edges(
    file: &FileTasks<'_>,
    records: &[Placed],
    known: &mut Known<'_>,
    options: &Options,
    report: &mut Report,
) -> Result<HashMap<usize, HashSet<End>>, StoreError> {
    let mut gone: HashMap<usize, HashSet<End>> = HashMap::new();
    cycle::closing(file, known, &mut |closing, path| {
        report.edges.cycles.push(path);
        if !options.keep_going {
            let line = records[closing.place].line;
            report.problems.push(|| LineProblem {
                file: None,
                line,
                reason: Unreadable::Cycle { path: path() },
            });
        }
        gone.entry(closing.place).or_default().insert(closing.on);
    })?;
    Ok(gone)
}

/// Finished evaluations that are left out become log entries of their tasks.
fn note_evaluations(records: &mut [Placed], names: &mut Names<'_>, report: &mut Report) {
    for place in 0..records.len() {
        let What::LeftOut { evaluated, .. } = &mut records[place].record.what else { continue };
        let Some((raw, at, who)) = evaluated.take() else { continue };
        let End::Here(other) = names.end(&raw, report) else { continue };
        let message =
            format!("an evaluation of this ran where it came from ({})", records[place].record.raw_id);
        if let What::Task(draft) = &mut records[other].record.what {
            report.tasks.evaluations += 1;
            let log = &mut draft.imported.log;
            let behind = log.iter().rposition(|(earlier, ..)| *earlier <= at).map_or(0, |n| n + 1);
            log.insert(behind, (at, who, message));
        }
    }
}

fn depend(
    draft: &mut Draft,
    ends: Vec<End>,
    ids: &[Option<TaskId>],
    known: &mut Known<'_>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let task = &mut draft.imported.task;
    for end in ends {
        let id = match end {
            End::Here(place) => ids[place].clone().expect("dependencies lead to tasks"),
            End::Elsewhere(id) => {
                report.edges.missing += u64::from(known.get(&id)?.is_none());
                id
            }
        };
        report.edges.dependencies += u64::from(task.after.insert(id));
    }
    Ok(())
}

/// Gives the edges that are no dependencies their homes; what leads to a left-out record becomes a note.
fn relate(
    draft: &mut Draft,
    ids: &[Option<TaskId>],
    names: &mut Names<'_>,
    known: &mut Known<'_>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let own = draft.imported.task.id.clone();
    for (name, raw) in [("parent", draft.parent.take()), ("discovered_from", draft.discovered_from.take())] {
        let Some(raw) = raw else { continue };
        let found = match names.end(&raw, report) {
            End::Here(place) => ids[place].clone().filter(|id| *id != own),
            End::Elsewhere(id) if id.is_internal() => None,
            End::Elsewhere(id) => {
                let missing = name == "parent" && known.get(&id)?.is_none();
                report.edges.missing_parents += u64::from(missing);
                Some(id)
            }
        };
        match found {
            None => draft.other_edges.push((name.to_owned(), raw)),
            Some(id) if name == "parent" => draft.imported.task.parent = Some(id),
            Some(id) => draft.imported.task.discovered_from = Some(id),
        }
    }
    // Before the edges join the notes: those are counted with the edges.
    for name in std::mem::take(&mut draft.noted) {
        report.noted.add(&name);
    }
    for (kind, on) in std::mem::take(&mut draft.other_edges) {
        report.edges.noted.add(&kind);
        match draft.imported.task.notes.get_mut(&kind) {
            Some(there) => *there = format!("{there}, {on}"),
            None => draft.note(&kind, on),
        }
    }
    Ok(())
}

/// What the file left open: when the task was created, and that nothing imported starts by itself.
fn arrive(
    draft: &mut Draft,
    known: &mut Known<'_>,
    options: &Options,
    report: &mut Report,
) -> Result<(), StoreError> {
    report.tasks.underway_elsewhere += u64::from(draft.underway);
    for name in &draft.dropped {
        report.dropped.add(name);
    }
    let imported = &mut draft.imported;
    if !draft.has_created_at {
        let there = known.get(&imported.task.id)?.map(|known| known.created_at);
        let created_at = there.unwrap_or(options.now);
        imported.task.times.created_at = created_at;
        let log = imported.log.iter_mut().map(|(at, ..)| at);
        for at in log.chain(imported.artifacts.iter_mut().map(|(at, ..)| at)) {
            if *at == Timestamp::default() {
                *at = created_at;
            }
        }
    }
    if imported.task.state == TaskState::Open && !options.run && draft.chat.is_none() {
        imported.task.paused = true;
    }
    Ok(())
}

/// Takes a parent away wherever a task would lie below itself: the same one whatever the order of the lines.
fn ground_parents(
    tasks: &mut [ImportedTask],
    known: &mut Known<'_>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut parents: HashMap<TaskId, TaskId> = tasks
        .iter()
        .filter_map(|imported| Some((imported.task.id.clone(), imported.task.parent.clone()?)))
        .collect();
    let mut grounded: HashSet<TaskId> = HashSet::new();
    let mut cut: HashSet<TaskId> = HashSet::new();
    for imported in tasks.iter() {
        let mut way = Vec::new();
        let mut walked = HashSet::new();
        let mut above = imported.task.parent.as_ref().map(|_| imported.task.id.clone());
        while let Some(id) = above.filter(|id| !grounded.contains(id)) {
            if !walked.insert(id.clone()) {
                let circle = way.iter().skip_while(|step| **step != id);
                if let Some(step) = circle.filter(|step| parents.contains_key(step)).max() {
                    parents.remove(step);
                    cut.insert(step.clone());
                }
                break;
            }
            above = match parents.get(&id) {
                Some(parent) => Some(parent.clone()),
                None => known.get(&id)?.and_then(|known| known.parent.clone()),
            };
            way.push(id);
        }
        grounded.extend(way);
    }
    for imported in tasks.iter_mut().filter(|imported| cut.contains(&imported.task.id)) {
        if let Some(parent) = imported.task.parent.take() {
            report.edges.noted.add("parent");
            imported.task.notes.insert("parent".into(), parent.into());
        }
    }
    Ok(())
}

fn account(imported: &ImportedTask, report: &mut Report) {
    let task = &imported.task;
    match task.state.name() {
        StateName::Open if task.paused => report.tasks.paused += 1,
        StateName::Open => report.tasks.open += 1,
        StateName::InReview => report.tasks.in_review += 1,
        _ => report.tasks.finished += 1,
    }
    report.edges.parents += u64::from(task.parent.is_some());
    report.edges.discovered_from += u64::from(task.discovered_from.is_some());
}
