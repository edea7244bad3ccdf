//! What a template sees: the facts, each part as long as it may be, and how much of them was left out.
//!
//! The parts together stay so far below [`super::PROMPT_MAX`] that the built-in template is never cut.

use serde::Serialize;
use wg_core::id::{AttemptRef, TaskId};
use wg_core::task::StateName;
use wg_core::time::Timestamp;

use super::text::{bounded, line};
use super::{Dependency, LastEnd, PromptFacts, TaskFacts};

/// Bytes, each: what one part of a prompt may take.
const TITLE: usize = 500;
const DESCRIPTION: usize = 64 * 1024;
/// Of each list of the task, and of what one dependency brought forth.
const LIST: usize = 6 * 1024;
const SUMMARY: usize = 8 * 1024;
const DEPENDENCIES: usize = 56 * 1024;
const MESSAGE: usize = 8 * 1024;
const MESSAGES: usize = 32 * 1024;
const ENTRY: usize = 1024;
const LOG: usize = 16 * 1024;
const END: usize = 4 * 1024;
const FEEDBACK: usize = 16 * 1024;
/// What stands around an item of a list: marks, an id, a time.
const AROUND: usize = 256;

/// The facts as a template sees them.
#[derive(Debug, Serialize)]
pub(super) struct View {
    task: TaskView,
    before: Part<DependencyView>,
    messages: Part<MessageView>,
    log: Part<EntryView>,
    attempt: u32,
    last: Option<LastView>,
    feedback: Option<String>,
}

#[derive(Debug, Serialize)]
struct TaskView {
    id: TaskId,
    title: String,
    description: String,
    tags: Vec<String>,
    skills: Vec<String>,
    deliverables: Vec<String>,
    paths: Vec<String>,
    verify: Vec<String>,
}

/// As many items as there is room for.
#[derive(Debug, Serialize)]
struct Part<T> {
    items: Vec<T>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct DependencyView {
    id: TaskId,
    title: Option<String>,
    state: Option<StateName>,
    summary: Option<String>,
    artifacts: Vec<String>,
}

#[derive(Debug, Serialize)]
struct MessageView {
    from: String,
    at: String,
    text: String,
    /// An agent at an earlier attempt has read it.
    seen: bool,
}

#[derive(Debug, Serialize)]
struct EntryView {
    at: String,
    by: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct LastView {
    attempt: AttemptRef,
    how: String,
}

impl View {
    pub(super) fn of(facts: &PromptFacts) -> Self {
        let PromptFacts { task, before, messages, log, attempt, last, feedback } = facts;
        let before = Part::first(DEPENDENCIES, before, dependency);
        let messages = Part::last(MESSAGES, messages, |message| {
            let view = MessageView {
                from: line(&message.from.to_string(), AROUND / 2),
                at: second(message.at),
                text: bounded(&message.body, MESSAGE),
                seen: message.read_by.is_some(),
            };
            (view.text.len(), view)
        });
        let log = Part::last(LOG, log, |entry| {
            let view = EntryView {
                at: second(entry.at),
                by: line(&entry.actor, AROUND / 2),
                text: line(&entry.message, ENTRY),
            };
            (view.text.len(), view)
        });
        let last = last
            .as_ref()
            .map(|LastEnd { attempt, how }| LastView { attempt: *attempt, how: bounded(how, END) });
        let feedback = feedback.as_deref().map(|text| bounded(text, FEEDBACK));
        Self { task: TaskView::of(task), before, messages, log, attempt: *attempt, last, feedback }
    }
}

impl TaskView {
    fn of(task: &TaskFacts) -> Self {
        let TaskFacts { id, title, description, tags, skills, deliverables, paths, verify } = task;
        Self {
            id: id.clone(),
            title: line(title, TITLE),
            description: bounded(description, DESCRIPTION),
            tags: list(tags),
            skills: list(skills),
            deliverables: list(deliverables),
            paths: list(paths),
            verify: list(verify),
        }
    }
}

impl<T> Part<T> {
    /// The first items for which there is room. `view` gives an item's length and what is seen of it.
    fn first<F>(room: usize, facts: &[F], view: impl Fn(&F) -> (usize, T)) -> Self {
        let items = fitting(room, facts.iter(), view);
        Self { left_out: facts.len() - items.len(), items }
    }

    /// The last ones, in their order.
    fn last<F>(room: usize, facts: &[F], view: impl Fn(&F) -> (usize, T)) -> Self {
        let mut items = fitting(room, facts.iter().rev(), view);
        items.reverse();
        Self { left_out: facts.len() - items.len(), items }
    }
}

fn fitting<'f, F: 'f, T>(
    room: usize,
    facts: impl Iterator<Item = &'f F>,
    view: impl Fn(&F) -> (usize, T),
) -> Vec<T> {
    let mut left = room;
    facts
        .map_while(|fact| {
            let (length, view) = view(fact);
            left = left.checked_sub(length + AROUND)?;
            Some(view)
        })
        .collect()
}

fn dependency(facts: &Dependency) -> (usize, DependencyView) {
    let view = DependencyView {
        id: facts.id.clone(),
        title: facts.title.as_deref().map(|title| line(title, TITLE)),
        state: facts.state,
        summary: facts.summary.as_deref().map(|text| bounded(text, SUMMARY)),
        artifacts: list(&facts.artifacts),
    };
    let length = |text: &Option<String>| text.as_deref().map_or(0, str::len);
    let listed: usize = view.artifacts.iter().map(|path| path.len() + 3).sum();
    // A quote of a title's may take two bytes, and so may the marks around its two texts.
    (AROUND + 2 * length(&view.title) + length(&view.summary) + listed, view)
}

/// As many items as there is room for, and how many there would be more.
fn list(texts: &[String]) -> Vec<String> {
    let mut left = LIST;
    let mut items: Vec<String> = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        // Quoted, an item is at most twice as long.
        let item = line(text, LIST / 4);
        let Some(rest) = left.checked_sub(2 * item.len() + 4) else {
            items.push(format!("[{} more were left out]", texts.len() - n));
            break;
        };
        left = rest;
        items.push(item);
    }
    items
}

/// A time as precise as people need it.
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).map_or(text.clone(), |second| format!("{second}Z"))
}
