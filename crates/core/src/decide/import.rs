//! Bringing records of another program in: new tasks as they are, known ones merged field by field against
//! what the last import brought. Never a state, never a deletion.

use std::collections::BTreeSet;

use crate::command::{Import, ImportedTask};
use crate::decide::{Draft, Refusal, chats, edges};
use crate::id::{Actor, ChatNumber, TaskId};
use crate::rejection::Rejection;
use crate::task::{Aspect, History, Task, TaskKind};
use crate::time::Timestamp;

#[derive(Default)]
struct Tally {
    new: usize,
    changed: usize,
    same: usize,
    kept: usize,
}

pub(super) fn import(draft: &mut Draft<'_>, import: Import) -> Result<(), Refusal> {
    let mut tally = Tally::default();
    let mut edges_to_check = Vec::new();
    for incoming in import.tasks {
        bring(draft, incoming, &mut tally, &mut edges_to_check)?;
    }
    for (task, after) in edges_to_check {
        if let Some(path) = edges::closing(draft, &task, &after)? {
            return Err(Rejection::Cycle { path }.into());
        }
    }
    let chats = import.chats.len();
    for chat in import.chats {
        chats::take_in(draft, chat)?;
    }
    if chats > 0 {
        draft.notes.push(format!("{chats} chats"));
    }
    if draft.is_empty() {
        return Err(
            Rejection::Nothing(format!("all {} tasks are here already, unchanged", tally.same)).into()
        );
    }
    let Tally { new, changed, same, kept } = tally;
    draft.notes.push(format!("{new} new, {changed} changed, {same} unchanged"));
    if kept > 0 {
        draft
            .notes
            .push(format!("{kept} fields were changed here since the last import and stay as they are"));
    }
    Ok(())
}

/// Whether a cycle could close through a new edge: the reader of the file has seen to those within it, so
/// only a task that something here comes after, or that was here before, is looked at.
fn bring(
    draft: &mut Draft<'_>,
    incoming: ImportedTask,
    tally: &mut Tally,
    edges_to_check: &mut Vec<(TaskId, TaskId)>,
) -> Result<(), Refusal> {
    let ImportedTask { mut task, log, artifacts, messages } = incoming;
    let rows = Rows { log, artifacts, messages };
    let id = task.id.clone();
    task.history = History::default();
    let Some(here) = draft.find_task(&id)? else {
        tally.new += 1;
        if !task.after.is_empty() && !draft.read.dependents(&id)?.is_empty() {
            edges_to_check.extend(task.after.iter().map(|after| (id.clone(), after.clone())));
        }
        draft.put_task(task.clone());
        draft.imported.push(task);
        rows.append(draft, &id);
        return Ok(());
    };
    let Some(base) = draft.read.imported(&id)? else {
        tally.kept += 1;
        draft.notes.push(format!("{id} is here already and came from no import: it stays as it is"));
        return Ok(());
    };
    let mut merged = merge(&base, &task, &here, tally);
    if here.kind == TaskKind::Chat
        && let Some(number) = ChatNumber::of_task(&id)
        && let Some(chat) = draft.find_chat(number)?
    {
        // What of its place follows from the chat's own record, no file changes.
        merged = chat.as_task(Some(merged));
    }
    edges_to_check.extend(merged.after.difference(&here.after).map(|after| (id.clone(), after.clone())));
    let news = rows.unknown(draft, &id)?;
    if merged == here && news.is_empty() {
        tally.same += 1;
    } else {
        tally.changed += 1;
        if merged != here {
            draft.put_task(merged);
        }
        news.append(draft, &id);
    }
    if base != task {
        draft.imported.push(task);
    }
    Ok(())
}

fn merge(base: &Task, incoming: &Task, here: &Task, tally: &mut Tally) -> Task {
    let mut merged = here.clone();
    for aspect in Aspect::ALL {
        if aspect.same(base, incoming) || aspect.same(here, incoming) {
            continue;
        }
        if aspect.same(here, base) {
            aspect.copy(incoming, &mut merged);
        } else {
            tally.kept += 1;
        }
    }
    merged
}

/// What comes with a task as rows of its own: when, who, what.
struct Rows {
    log: Vec<(Timestamp, String, String)>,
    artifacts: Vec<(Timestamp, String, String)>,
    messages: Vec<(Timestamp, Actor, String)>,
}

impl Rows {
    fn is_empty(&self) -> bool {
        self.log.is_empty() && self.artifacts.is_empty() && self.messages.is_empty()
    }

    /// The rows that are not here yet.
    fn unknown(mut self, draft: &mut Draft<'_>, id: &TaskId) -> Result<Self, Refusal> {
        if !self.log.is_empty() {
            let known: BTreeSet<_> =
                draft.read.log_of(id, None)?.into_iter().map(|row| (row.at, row.message)).collect();
            self.log.retain(|(at, _, message)| !known.contains(&(*at, message.clone())));
        }
        if !self.artifacts.is_empty() {
            let known: BTreeSet<_> = draft.read.artifacts_of(id)?.into_iter().map(|row| row.path).collect();
            self.artifacts.retain(|(_, _, path)| !known.contains(path));
        }
        if !self.messages.is_empty() {
            let known: BTreeSet<_> =
                draft.read.messages_of(id)?.into_iter().map(|row| (row.at, row.body)).collect();
            self.messages.retain(|(at, _, body)| !known.contains(&(*at, body.clone())));
        }
        Ok(self)
    }

    fn append(self, draft: &mut Draft<'_>, id: &TaskId) {
        for (at, actor, message) in self.log {
            draft.log_as(id, at, actor, message);
        }
        for (at, actor, path) in self.artifacts {
            draft.artifact(id, at, actor, path);
        }
        for (at, from, body) in self.messages {
            draft.message(id, at, from, body);
        }
    }
}
