//! From what a person typed to the tasks that are meant: a whole id, a unique prefix, or a selection.

use std::ops::ControlFlow;

use wg_core::attempt::Attempt;
use wg_core::chat::Chat;
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::port::{Chats, Page, Read, StoreError, TaskFilter, TaskOrder};
use wg_core::rejection::Rejection;
use wg_core::task::Task;

use crate::error::{Failure, Result};
use crate::finding::nearest::nearest;
use crate::output::text;

/// Candidates that are named when a prefix is not unique.
const NAMED: usize = 8;
/// Tasks that are looked through for what may have been meant.
const LOOKED_THROUGH: usize = 20_000;

/// The task that `typed` means: exactly that id, or the one id that begins with it.
pub fn task_id(read: &mut dyn Read, typed: &str) -> Result<TaskId> {
    // What a table has cut ends in `…`, and is copied so.
    let typed = typed.trim().trim_end_matches('…');
    let id = TaskId::parse(typed)
        .map_err(|bad| Failure::usage(format!("{typed:?} is no task id")).because(bad))?;
    if read.task(&id)?.is_some() {
        return Ok(id);
    }
    let filter = TaskFilter { prefix: Some(typed.to_owned()), ..TaskFilter::default() };
    let mut found = ids(read, &filter, NAMED + 1)?;
    match found.len() {
        0 => Err(missing(read, typed)?),
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(typed, &found)),
    }
}

/// The attempt that `typed` names, as in `agent-7`; absent where a task is meant.
pub fn attempt(read: &mut dyn Read, typed: &str) -> Result<Option<Attempt>> {
    let Some(Ok(reference)) = typed.starts_with("agent-").then(|| typed.parse::<AttemptRef>()) else {
        return Ok(None);
    };
    if let Some((attempt, _)) = read.attempt(reference)? {
        return Ok(Some(attempt));
    }
    match TaskId::parse(typed).map(|id| read.task(&id)) {
        Ok(Ok(Some(_))) => Ok(None),
        _ => Err(Rejection::NoAttempt(reference).into()),
    }
}

/// The attempt that `typed` means: the one it names, or a task's last one.
pub fn attempt_of(read: &mut dyn Read, typed: &str) -> Result<Attempt> {
    if let Some(attempt) = attempt(read, typed)? {
        return Ok(attempt);
    }
    let id = task_id(read, typed)?;
    let last = read.attempts_of(&id)?.pop();
    last.ok_or_else(|| Failure::not_found(format!("{id} has had no attempt")).hint(format!("wg why {id}")))
}

/// The tasks that these words mean, each once, in their order.
pub fn task_ids(read: &mut dyn Read, typed: &[String]) -> Result<Vec<TaskId>> {
    let mut found: Vec<TaskId> = Vec::with_capacity(typed.len());
    for word in typed {
        let id = task_id(read, word)?;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The chat that `typed` means: its number (`3`, `chat-3`, `.chat-3`), its name, or the one name that begins with
/// it, letter case aside. Of several chats with such a name, one that is not archived goes first.
pub fn chat(read: &mut dyn Read, typed: &str) -> Result<Chat> {
    let typed = typed.trim().trim_end_matches('…');
    if let Ok(number) = typed.parse::<ChatNumber>()
        && let Some((chat, _)) = read.chat(number)?
    {
        return Ok(chat);
    }
    let all = read.chats(Chats::All)?;
    let meant = typed.to_lowercase();
    let named = |fits: &dyn Fn(&str) -> bool| -> Vec<&Chat> {
        all.iter().filter(|chat| !meant.is_empty() && fits(&chat.name.to_lowercase())).collect()
    };
    let whole = named(&|name| name == meant);
    let mut found = if whole.is_empty() { named(&|name| name.starts_with(&meant)) } else { whole };
    if found.len() > 1 && found.iter().any(|chat| !chat.is_archived()) {
        found.retain(|chat| !chat.is_archived());
    }
    match found.as_slice() {
        [chat] => Ok((*chat).clone()),
        [] => Err(no_chat(typed, &all)),
        several => {
            let named: Vec<String> = several.iter().take(NAMED).map(|chat| chat.number.to_string()).collect();
            let more = if several.len() > NAMED { ", …" } else { "" };
            Err(Failure::usage(format!("{} could be several chats", text::line(typed)))
                .because(format!("{}{more}", named.join(", ")))
                .hint("name it by its number, as in chat-3"))
        }
    }
}

/// The chats that these words mean, each once, in their order.
pub fn chats(read: &mut dyn Read, typed: &[String]) -> Result<Vec<Chat>> {
    let mut found: Vec<Chat> = Vec::with_capacity(typed.len());
    for word in typed {
        let chat = chat(read, word)?;
        if found.iter().all(|known| known.number != chat.number) {
            found.push(chat);
        }
    }
    Ok(found)
}

fn no_chat(typed: &str, all: &[Chat]) -> Failure {
    let said = typed.parse::<ChatNumber>().map_or_else(|_| text::line(typed), |number| number.to_string());
    let failure = Failure::not_found(format!("there is no chat {said}"));
    let references: Vec<String> = all.iter().map(|chat| chat.number.to_string()).collect();
    let words = all.iter().map(|chat| chat.name.as_str()).chain(references.iter().map(String::as_str));
    match nearest(typed, words) {
        Some(near) => failure.hint(format!("did you mean {}?", text::line(near))),
        None if all.is_empty() => failure.hint("there is none yet: wg chat create"),
        None => failure.hint("wg chat list --all"),
    }
}

/// Ids of the tasks that a filter takes, at most `limit`.
pub fn ids(
    read: &mut dyn Read,
    filter: &TaskFilter,
    limit: usize,
) -> std::result::Result<Vec<TaskId>, StoreError> {
    let mut found = Vec::new();
    read.visit_tasks(filter, TaskOrder::Id, Page::first(limit), &mut |task| {
        found.push(task.id);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn ambiguous(typed: &str, found: &[TaskId]) -> Failure {
    let named: Vec<&str> = found.iter().take(NAMED).map(TaskId::as_str).collect();
    let more = if found.len() > NAMED { ", …" } else { "" };
    Failure::usage(format!("{typed} could be several tasks"))
        .because(format!("{}{more}", named.join(", ")))
        .hint("type more of the id")
}

fn missing(read: &mut dyn Read, typed: &str) -> Result<Failure> {
    let known = ids(read, &TaskFilter::default(), LOOKED_THROUGH)?;
    let failure = Failure::not_found(format!("there is no task {}", text::line(typed)));
    Ok(match nearest(typed, known.iter().map(TaskId::as_str)) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None if known.is_empty() => failure.hint("the graph is empty: wg add TITLE"),
        None => failure.hint("wg list --all"),
    })
}

/// The task with this id, which was found before.
pub fn found(read: &mut dyn Read, id: &TaskId) -> Result<Task> {
    match read.task(id)? {
        Some((task, _)) => Ok(task),
        None => Err(Failure::not_found(format!("there is no task {id}"))),
    }
}
