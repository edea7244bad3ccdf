//! Chats of older programs, tasks called `.coordinator-N`: what they are called now is `.chat-N`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::chat::{ARCHIVED_TAG, Chat, ChatRun, ChatState};
use crate::command::ImportedChat;
use crate::decide::{Draft, Refusal, chats, edges};
use crate::id::{ChatNumber, TaskId};
use crate::port::{Page, TaskFilter, TaskOrder};
use crate::rejection::Rejection;
use crate::task::{Task, TaskKind, TaskState};

/// What ids of older chats begin with.
const OLD: &str = ".coordinator-";

/// The chat that an older id means.
fn meant(id: &TaskId) -> Option<ChatNumber> {
    id.as_str().strip_prefix(OLD)?.parse::<u64>().ok().filter(|n| *n > 0).map(ChatNumber)
}

pub(super) fn rename(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let mut old: Vec<Task> = Vec::new();
    let mut pointing: Vec<Task> = Vec::new();
    draft.read.visit_tasks(&TaskFilter::default(), TaskOrder::Id, Page::ALL, &mut |task| {
        if meant(&task.id).is_some() {
            old.push(task);
        } else if points_at_old(&task) {
            pointing.push(task);
        }
        ControlFlow::Continue(())
    })?;
    let plain_chats: Vec<TaskId> = unrecorded(draft)?;
    if old.is_empty() && pointing.is_empty() && plain_chats.is_empty() {
        return Err(Rejection::Nothing("no chat has an older name".into()).into());
    }
    for id in plain_chats {
        let task = draft.task(&id)?;
        adopt(draft, ChatNumber::of_task(&id).expect("it was found by that"), task)?;
    }
    for mut task in pointing {
        renew(&mut task);
        draft.put_task(task);
    }
    for task in old {
        let number = meant(&task.id).expect("it was found by that");
        let id = task.id.clone();
        unite(draft, number, task)?;
        draft.remove_task(&id);
        draft.notes.push(format!("{id} is {} now", number.task_id()));
    }
    Ok(())
}

/// A dependency that the two names kept apart may close a cycle now: it is left out, and said.
fn drop_closing(draft: &mut Draft<'_>, number: ChatNumber, old: &mut Task) -> Result<(), Refusal> {
    let id = number.task_id();
    for after in old.after.clone() {
        if after == id || edges::closing(draft, &id, &after)?.is_some() {
            old.after.remove(&after);
            draft.notes.push(format!("{id} does not come after {after} any more: that would be a cycle"));
        }
    }
    Ok(())
}

fn points_at_old(task: &Task) -> bool {
    task.after.iter().chain(&task.parent).chain(&task.discovered_from).any(|id| meant(id).is_some())
}

/// The same task with every reference to an older id renewed.
fn renew(task: &mut Task) {
    let new = |id: &TaskId| meant(id).map_or_else(|| id.clone(), ChatNumber::task_id);
    let own = task.id.clone();
    task.after = task.after.iter().map(new).filter(|id| *id != own).collect();
    task.parent = task.parent.as_ref().map(new).filter(|id| *id != own);
    task.discovered_from = task.discovered_from.as_ref().map(new);
}

/// Tasks with a chat's id that no chat's record stands behind.
fn unrecorded(draft: &mut Draft<'_>) -> Result<Vec<TaskId>, Refusal> {
    let filter = TaskFilter { prefix: Some(".chat-".into()), ..TaskFilter::default() };
    let mut found = Vec::new();
    draft.read.visit_tasks(&filter, TaskOrder::Id, Page::ALL, &mut |task| {
        if task.kind == TaskKind::Work && ChatNumber::of_task(&task.id).is_some() {
            found.push(task.id);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// A task of an older program becomes the place of a chat that is made for it.
fn adopt(draft: &mut Draft<'_>, number: ChatNumber, mut task: Task) -> Result<(), Refusal> {
    renew(&mut task);
    let mut chat = Chat::new(number, task.title.clone(), ChatRun::of_task(&task.run), task.times.created_at);
    if is_over(&task) {
        let at = task.times.completed_at.unwrap_or(draft.now);
        chat.state = ChatState::Archived { by: draft.actor.clone(), at, purged_at: None, held: false };
    }
    task.id = number.task_id();
    let imported = ImportedChat { chat, task: Some(task), entries: Vec::new(), unanswered: BTreeSet::new() };
    chats::take_in(draft, imported)
}

fn is_over(task: &Task) -> bool {
    task.tags.contains(ARCHIVED_TAG) || matches!(task.state, TaskState::Done | TaskState::Abandoned { .. })
}

/// An older chat's task goes into the newer one's: that one is kept, edges are united, and it is archived if
/// either was.
fn unite(draft: &mut Draft<'_>, number: ChatNumber, mut old: Task) -> Result<(), Refusal> {
    renew(&mut old);
    drop_closing(draft, number, &mut old)?;
    if let Some(chat) = draft.find_chat(number)? {
        if is_over(&old) && !chat.is_archived() {
            chats::archive(draft, &[number])?;
        }
        let mut task = draft.task(&number.task_id())?;
        task.after.extend(old.after.into_iter().filter(|id| *id != number.task_id()));
        if task.description.is_empty() {
            task.description = old.description;
        }
        draft.put_task(task);
        return Ok(());
    }
    match draft.find_task(&number.task_id())? {
        Some(mut here) => {
            here.after.extend(old.after.iter().cloned());
            if is_over(&old) {
                here.tags.insert(ARCHIVED_TAG.to_owned());
            }
            adopt(draft, number, here)
        }
        None => adopt(draft, number, old),
    }
}
