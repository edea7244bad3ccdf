//! The graph as it was after an operation: tasks with what can be said of them from that time alone.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use wg_core::chat::ChatState;
use wg_core::graph::Unmet;
use wg_core::id::{ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Operation, Record, RecordKey};
use wg_core::port::{Read, TaskFilter};
use wg_core::rejection::Rejection;
use wg_core::task::{Holder, StateName, Task, TaskKind, TaskState, Wait};
use wg_core::view::Reason;

use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::telling::listing::{Listed, Row};
use crate::telling::reason::{Said, Times, said};

/// The operation, which must have been.
pub fn operation(read: &mut dyn Read, seq: OpSeq) -> Result<Operation> {
    Ok(read.operation(seq)?.ok_or(Rejection::NoOperation(seq))?)
}

/// Lists the tasks as they were.
pub fn list(ctx: &mut Context, seq: OpSeq, filter: Option<&TaskFilter>, limit: usize) -> Result<()> {
    let exact = ctx.out.form.exact_times || ctx.out.form.json;
    let (listed, at) = ctx.read(|read| {
        let at = operation(read, seq)?.at;
        let mut tasks = BTreeMap::new();
        read.visit_tasks_at(seq, &mut |task| {
            tasks.insert(task.id.clone(), task);
            ControlFlow::Continue(())
        })?;
        let times = Times { now: at, exact };
        let chats = chats(read, tasks.keys(), seq)?;
        let rows = tasks.values().filter_map(|task| {
            let unmet = unmet(task, |id| tasks.get(id).map(|task| task.state.name()));
            let wanted = match filter {
                Some(filter) => admits(filter, task, !unmet.is_empty()),
                None => {
                    task.kind == TaskKind::Chat
                        || !matches!(task.state, TaskState::Done | TaskState::Abandoned { .. })
                }
            };
            wanted.then(|| Row {
                said: then(task, unmet, chats.get(&task.id).cloned(), times),
                task: task.clone(),
            })
        });
        let mut rows: Vec<Row> = rows.collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok((Listed { rows, more }, at))
    })?;
    ctx.out.page();
    if !ctx.out.form.json {
        let head = format!("after operation {seq}, {}", ctx.time(at));
        writeln!(ctx.out, "{}", ctx.out.paint().dim(&head))?;
    }
    listed.print(ctx, "there was no such task", if listed.more { "more: --all" } else { "" })
}

/// How the chats among these tasks stood.
pub fn chats<'t>(
    read: &mut dyn Read,
    tasks: impl Iterator<Item = &'t TaskId>,
    seq: OpSeq,
) -> Result<BTreeMap<TaskId, Box<ChatState>>> {
    let mut chats = BTreeMap::new();
    for id in tasks {
        let Some(number) = ChatNumber::of_task(id) else { continue };
        if let Some(Record::Chat(chat)) = read.record_at(&RecordKey::Chat(number), seq)? {
            chats.insert(id.clone(), Box::new(chat.state));
        }
    }
    Ok(chats)
}

/// Dependencies that were not done, by what their states were.
pub fn unmet(task: &Task, mut state: impl FnMut(&TaskId) -> Option<StateName>) -> Vec<Unmet> {
    let each = task.after.iter().map(|id| Unmet { task: id.clone(), state: state(id) });
    each.filter(|unmet| unmet.state != Some(StateName::Done)).collect()
}

/// Why a task was not running then, as far as the graph alone tells: what runs a task is not recorded in it.
#[must_use]
pub fn then(task: &Task, unmet: Vec<Unmet>, chat: Option<Box<ChatState>>, times: Times) -> Said {
    let reason = match &task.state {
        TaskState::Done => Reason::Done,
        TaskState::Failed { reason } => Reason::Failed(reason.clone()),
        TaskState::Abandoned { reason } => Reason::Abandoned(reason.clone()),
        TaskState::InReview => Reason::InReview,
        TaskState::InProgress { by: Holder::Person(name) } => Reason::Claimed(name.clone()),
        TaskState::InProgress { by: Holder::Chat } => Reason::Chat(chat),
        TaskState::InProgress { by: Holder::Attempt(attempt) } => {
            Reason::Running(*attempt, task.times.started_at)
        }
        TaskState::Waiting { on: Wait::Person(question) } => Reason::NeedsPerson(question.clone()),
        TaskState::Waiting { on } => Reason::Waiting(on.clone()),
        TaskState::Open if task.paused => Reason::Paused,
        TaskState::Open if !unmet.is_empty() => Reason::Blocked(unmet),
        TaskState::Open if let Some(met) = task.used_up() => Reason::UsedUp(met),
        TaskState::Open => match task.times.not_before.filter(|until| times.now < *until) {
            Some(until) => Reason::NotBefore(until),
            None => {
                return Said {
                    word: "ready",
                    tone: Tone::Green,
                    brief: String::new(),
                    sentence: "ready".into(),
                    needs_you: false,
                    hint: None,
                };
            }
        },
    };
    Said { hint: None, ..said(task, &reason, times) }
}

fn admits(filter: &TaskFilter, task: &Task, blocked: bool) -> bool {
    let text = filter.text.as_deref().map(str::to_lowercase);
    let has = |text: &String| {
        [task.id.as_str(), &task.title, &task.description]
            .iter()
            .any(|field| field.to_lowercase().contains(text))
    };
    filter.kind.is_none_or(|kind| kind == task.kind)
        && (filter.states.is_empty() || filter.states.contains(&task.state.name()))
        && filter.tags.iter().all(|tag| task.tags.contains(tag))
        && filter
            .used_up
            .is_none_or(|wanted| wanted == (task.state == TaskState::Open && task.used_up().is_some()))
        && filter.paused.is_none_or(|paused| paused == task.paused)
        && filter.blocked.is_none_or(|wanted| wanted == blocked)
        && filter.parent.as_ref().is_none_or(|parent| task.parent.as_ref() == Some(parent))
        && text.as_ref().is_none_or(has)
}
