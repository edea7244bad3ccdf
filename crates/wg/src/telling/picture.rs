//! A part of the graph, and pictures of it: lines in a terminal, Graphviz, Mermaid.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::ops::ControlFlow;

use renderdag::{Ancestor, GraphRowRenderer, Renderer};
use serde::Serialize;
use wg_core::id::TaskId;
use wg_core::port::{Page, Read, TaskFilter, TaskOrder};
use wg_core::task::{StateName, Task};

use crate::error::Result;
use crate::finding::selection::UNFINISHED;
use crate::output::{Paint, text};
use crate::telling::listing::beyond_id;
use crate::telling::relatives::tone;

/// Which part of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// What is not done: the failed too, for they bar others.
    NotDone,
    /// Everything.
    All,
    /// What is so many dependencies from a task at most, both ways.
    Around(TaskId, usize),
}

/// A task in a picture.
#[derive(Debug, Clone, Serialize)]
pub struct Drawn {
    /// Which.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: StateName,
    /// What it comes after, as far as that is in the picture.
    pub after: Vec<TaskId>,
}

/// A part of the graph, what must be done first first.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// Its tasks.
    pub tasks: Vec<Drawn>,
    /// Whether it was cut at a limit.
    pub more: bool,
}

impl Part {
    /// At most `limit` tasks of a part.
    pub fn load(read: &mut dyn Read, which: &Which, limit: usize) -> Result<Self> {
        let mut tasks = match which {
            Which::NotDone => some(read, [&UNFINISHED[..], &[StateName::Failed]].concat(), limit)?,
            Which::All => some(read, Vec::new(), limit)?,
            Which::Around(task, depth) => around(read, task, *depth, limit)?,
        };
        let more = tasks.len() > limit;
        tasks.truncate(limit);
        Ok(Self { tasks: ordered(tasks), more })
    }
}

fn some(read: &mut dyn Read, states: Vec<StateName>, limit: usize) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let filter = TaskFilter { states, ..TaskFilter::default() };
    read.visit_tasks(&filter, TaskOrder::Schedule, Page::first(limit.saturating_add(1)), &mut |task| {
        tasks.push(task);
        ControlFlow::Continue(())
    })?;
    Ok(tasks)
}

fn around(read: &mut dyn Read, task: &TaskId, depth: usize, limit: usize) -> Result<Vec<Task>> {
    let mut seen = BTreeSet::from([task.clone()]);
    let mut queue = VecDeque::from([(task.clone(), 0)]);
    let mut tasks = Vec::new();
    while let Some((id, far)) = queue.pop_front() {
        let Some((task, _)) = read.task(&id)? else { continue };
        if far < depth {
            let near = task.after.iter().cloned().chain(read.dependents(&id)?);
            queue.extend(near.filter(|id| seen.insert(id.clone())).map(|id| (id, far + 1)));
        }
        tasks.push(task);
        if tasks.len() > limit {
            break;
        }
    }
    Ok(tasks)
}

/// What must be done first first; of what is free, what was freed last, so that lines stay short. Tasks without
/// a line stand at the end.
fn ordered(tasks: Vec<Task>) -> Vec<Drawn> {
    let ids: BTreeSet<TaskId> = tasks.iter().map(|task| task.id.clone()).collect();
    let mut before: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    let mut waits: BTreeMap<TaskId, usize> = BTreeMap::new();
    let mut drawn: BTreeMap<TaskId, Drawn> = BTreeMap::new();
    let mut free: Vec<TaskId> = Vec::new();
    for task in tasks {
        let after: Vec<TaskId> = task.after.into_iter().filter(|id| ids.contains(id)).collect();
        for id in &after {
            before.entry(id.clone()).or_default().push(task.id.clone());
        }
        if after.is_empty() {
            free.push(task.id.clone());
        }
        waits.insert(task.id.clone(), after.len());
        drawn.insert(
            task.id.clone(),
            Drawn { id: task.id, title: task.title, state: task.state.name(), after },
        );
    }
    free.reverse();
    let mut order = Vec::with_capacity(drawn.len());
    let alone =
        |id: &TaskId| drawn.get(id).is_some_and(|task| task.after.is_empty()) && !before.contains_key(id);
    let (single, mut free): (Vec<TaskId>, Vec<TaskId>) = free.into_iter().partition(alone);
    while let Some(id) = free.pop() {
        for next in before.get(&id).into_iter().flatten().rev() {
            let left = waits.get_mut(next).expect("every task of the picture is counted");
            *left -= 1;
            if *left == 0 {
                free.push(next.clone());
            }
        }
        order.extend(drawn.remove(&id));
    }
    order.extend(single.iter().rev().filter_map(|id| drawn.remove(id)));
    order
}

/// Lines and names, as wide as there is room.
#[must_use]
pub fn terminal(part: &Part, paint: Paint, width: Option<usize>) -> String {
    let mut below: BTreeMap<&TaskId, Vec<Ancestor<&TaskId>>> = BTreeMap::new();
    for task in &part.tasks {
        for after in &task.after {
            below.entry(after).or_default().push(Ancestor::Parent(&task.id));
        }
    }
    let mut renderer = GraphRowRenderer::new().output().with_min_row_height(0).build_box_drawing();
    let mut picture = String::new();
    let mut single = String::new();
    for task in &part.tasks {
        let lines = below.remove(&task.id).unwrap_or_default();
        let alone = lines.is_empty() && task.after.is_empty();
        let indent = match alone {
            true => 3,
            false => usize::try_from(renderer.width(Some(&&task.id), Some(&lines))).unwrap_or(0) + 1,
        };
        let glyph = paint.tone(tone(Some(task.state)), glyph(task.state));
        let name = name(task, paint, width.map(|width| width.saturating_sub(indent)));
        if alone {
            single.push_str(&format!("{glyph}  {name}\n"));
        } else {
            picture.push_str(&renderer.next_row(&task.id, lines, glyph, name));
        }
    }
    let gap = if picture.is_empty() || single.is_empty() { "" } else { "\n" };
    format!(
        "{}{gap}{single}",
        picture.trim_end_matches('\n').to_owned() + if picture.is_empty() { "" } else { "\n" }
    )
}

/// The id, and the title where it says more, in so many columns.
fn name(task: &Drawn, paint: Paint, room: Option<usize>) -> String {
    let id = room.map_or(task.id.to_string(), |room| text::cut(task.id.as_str(), room));
    let title = format!("  {}", text::line(beyond_id(&task.id, &task.title)));
    let left = room.map(|room| room.saturating_sub(text::width(&id)));
    let title = left.map_or(title.clone(), |left| text::cut(&title, left));
    format!("{}{}", paint.cyan(&id), title.trim_end())
}

fn glyph(state: StateName) -> &'static str {
    match state {
        StateName::Open => "○",
        StateName::InProgress => "◐",
        StateName::Waiting => "◌",
        StateName::InReview => "?",
        StateName::Done => "●",
        StateName::Failed => "✗",
        StateName::Abandoned => "-",
    }
}

/// For Graphviz.
#[must_use]
pub fn dot(part: &Part) -> String {
    let mut picture = String::from("digraph wg {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    for task in &part.tasks {
        let (id, title) = (task.id.as_str(), quoted(&task.title));
        let color = color(task.state);
        let _ = writeln!(picture, "  \"{id}\" [label=\"{title}\\n{}\", color=\"{color}\"];", task.state);
    }
    for task in &part.tasks {
        for after in &task.after {
            let _ = writeln!(picture, "  \"{after}\" -> \"{}\";", task.id);
        }
    }
    picture.push_str("}\n");
    picture
}

/// For Markdown.
#[must_use]
pub fn mermaid(part: &Part) -> String {
    let mut picture = String::from("flowchart LR\n");
    let names: BTreeMap<&TaskId, usize> = part.tasks.iter().map(|task| &task.id).zip(0..).collect();
    for (n, task) in part.tasks.iter().enumerate() {
        let title = text::line(&task.title).replace('"', "#quot;");
        let _ = writeln!(picture, "  t{n}[\"{title}\"]:::{}", task.state);
    }
    for (n, task) in part.tasks.iter().enumerate() {
        for after in task.after.iter().filter_map(|after| names.get(after)) {
            let _ = writeln!(picture, "  t{after} --> t{n}");
        }
    }
    for state in StateName::ALL {
        let _ = writeln!(picture, "  classDef {state} stroke:{}", color(state));
    }
    picture
}

fn quoted(text: &str) -> String {
    text::line(text).replace('\\', "\\\\").replace('"', "\\\"")
}

fn color(state: StateName) -> &'static str {
    match state {
        StateName::Open => "black",
        StateName::InProgress => "blue",
        StateName::Waiting => "gray",
        StateName::InReview => "orange",
        StateName::Done => "green",
        StateName::Failed => "red",
        StateName::Abandoned => "silver",
    }
}
