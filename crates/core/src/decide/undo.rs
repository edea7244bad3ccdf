//! Taking an operation back by a new one: field by field, refused where something later depends on it.

use std::collections::BTreeSet;

use crate::command::{ChatCommand, Command};
use crate::decide::{Draft, Refusal, chats, edges};
use crate::id::{Actor, ChatNumber, OpSeq, TaskId};
use crate::operation::{Change, Operation, Record, RecordKey};
use crate::rejection::Rejection;
use crate::task::{Aspect, Holder, Task, TaskKind, TaskState};

/// How far back a bare `undo` looks for something of the caller's.
const LOOK_BACK: usize = 10_000;

pub(super) fn undo(draft: &mut Draft<'_>, which: Option<OpSeq>) -> Result<(), Refusal> {
    let operation = match which {
        Some(seq) => draft.read.operation(seq)?.ok_or(Rejection::NoOperation(seq))?,
        None => own_last(draft)?,
    };
    let seq = operation.seq;
    if let Some(hint) = fact(&operation.command) {
        return Err(Rejection::Fact { operation: seq, verb: operation.command.verb(), hint }.into());
    }
    draft.command = Command::Undo { operation: Some(seq) };
    let changes = draft.read.changes_of(seq)?;
    let removed: BTreeSet<TaskId> = changes.iter().filter_map(made).collect();
    for change in changes {
        undo_change(draft, seq, change, &removed)?;
    }
    if draft.is_empty() {
        return Err(Rejection::Nothing(format!("operation {seq} changed nothing that can be undone")).into());
    }
    draft.notes.push(format!("undid operation {seq} ({})", operation.command.verb()));
    Ok(())
}

/// The task that a change made.
fn made(change: &Change) -> Option<TaskId> {
    match (&change.key, &change.before) {
        (RecordKey::Task(id), None) => Some(id.clone()),
        _ => None,
    }
}

/// The caller's last operation that is no fact and not undone yet, an undo itself aside.
fn own_last(draft: &mut Draft<'_>) -> Result<Operation, Refusal> {
    let actor: Actor = draft.actor.clone();
    let mut undone = BTreeSet::new();
    let mut before = None;
    let mut seen = 0;
    while seen < LOOK_BACK {
        let page = draft.read.operations_before(before, Some(&actor), None, 50)?;
        let Some(oldest) = page.last() else { break };
        before = Some(oldest.seq);
        seen += page.len();
        for operation in page {
            if let Command::Undo { operation: Some(target) } = operation.command {
                undone.insert(target);
            } else if !undone.contains(&operation.seq) && fact(&operation.command).is_none() {
                return Ok(operation);
            }
        }
    }
    Err(Rejection::NothingToUndo(actor).into())
}

/// What helps instead, where an operation is a fact.
fn fact(command: &Command) -> Option<String> {
    match command {
        Command::StartAttempt(_) | Command::AttemptStarted { .. } => Some("wg kill ends an attempt".into()),
        Command::AttemptEnded(_) => Some("wg retry opens its task again".into()),
        Command::Kill { .. } => Some("wg resume lets the task start again".into()),
        Command::Log { .. } | Command::PostMessage { .. } | Command::AddArtifact { .. } => {
            Some("what was said stays said; say what is right instead".into())
        }
        Command::ReadMessages { .. }
        | Command::AttemptTold { .. }
        | Command::AttemptHeard(_)
        | Command::WaitOver { .. }
        | Command::AdapterChanged { .. }
        | Command::DayBudget(_)
        | Command::DispatcherStarted { .. } => Some("wg op show tells what it was".into()),
        Command::Chat(command) if command.can_be_undone() => None,
        Command::Chat(ChatCommand::Send { .. } | ChatCommand::Resend { .. }) => {
            Some("what was said stays said; say what is right instead".into())
        }
        Command::Chat(_) => Some("wg chat stop and wg chat archive end a chat's handler".into()),
        Command::ResumeAdapter { .. } => Some("an adapter pauses by itself when it can't work".into()),
        Command::Add(_)
        | Command::Edit { .. }
        | Command::Done { .. }
        | Command::Fail { .. }
        | Command::Retry { .. }
        | Command::Reopen { .. }
        | Command::Wait { .. }
        | Command::Abandon { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Claim { .. }
        | Command::Unclaim { .. }
        | Command::Undo { .. }
        | Command::Import(_)
        | Command::PauseDispatch
        | Command::ResumeDispatch => None,
    }
}

fn undo_change(
    draft: &mut Draft<'_>,
    seq: OpSeq,
    change: Change,
    removed: &BTreeSet<TaskId>,
) -> Result<(), Refusal> {
    let key = change.key.clone();
    if let RecordKey::Task(id) = &key
        && ChatNumber::of_task(id).is_some()
        && draft.find_task(id)?.is_some_and(|task| task.kind == TaskKind::Chat)
    {
        return chat_task(draft, seq, change);
    }
    match (key, change.before, change.after) {
        (RecordKey::Chat(number), before, Some(Record::Chat(after))) => {
            let before = match before {
                Some(Record::Chat(chat)) => Some(chat.state),
                _ => None,
            };
            chats::undo(draft, seq, number, before.as_ref(), &after.state)
        }
        (RecordKey::Task(_), None, Some(Record::Task(made))) => unmake(draft, seq, &made, removed),
        (RecordKey::Task(_), Some(Record::Task(before)), None) => remake(draft, seq, *before),
        (RecordKey::Task(_), Some(Record::Task(before)), Some(Record::Task(after))) => {
            merge(draft, seq, &before, &after)
        }
        (RecordKey::Control, before, Some(Record::Control(after))) => {
            let before = match before {
                Some(Record::Control(control)) => control,
                _ => crate::control::Control::default(),
            };
            let mut control = draft.control()?;
            if control.paused != after.paused {
                return Err(later(draft, seq, &RecordKey::Control));
            }
            control.paused = before.paused;
            draft.put_control(control);
            Ok(())
        }
        // Attempts are facts: what an undone command asked of one stays asked.
        _ => Ok(()),
    }
}

/// Of a chat's task only what is the task's own is set back; the rest follows from the chat.
fn chat_task(draft: &mut Draft<'_>, seq: OpSeq, change: Change) -> Result<(), Refusal> {
    let (Some(Record::Task(before)), Some(Record::Task(after))) = (change.before, change.after) else {
        return Ok(());
    };
    let mut plain = (*before).clone();
    plain.state.clone_from(&after.state);
    plain.tags.clone_from(&after.tags);
    plain.title.clone_from(&after.title);
    merge(draft, seq, &plain, &after)
}

pub(super) fn later(draft: &mut Draft<'_>, seq: OpSeq, key: &RecordKey) -> Refusal {
    let record = match key {
        RecordKey::Task(id) => id.to_string(),
        RecordKey::Attempt(reference) => reference.to_string(),
        RecordKey::Control => "the dispatcher's pause".to_owned(),
        RecordKey::Chat(number) => number.to_string(),
    };
    match draft.read.changed_since(key, seq) {
        Ok(found) => Rejection::LaterChange { operation: seq, record, later: found.unwrap_or(seq) }.into(),
        Err(error) => error.into(),
    }
}

/// Takes a task away that an operation made: as that left it, never worked on, and nothing said of it since.
fn unmake(draft: &mut Draft<'_>, seq: OpSeq, made: &Task, removed: &BTreeSet<TaskId>) -> Result<(), Refusal> {
    let id = &made.id;
    let Some(task) = draft.find_task(id)? else { return Ok(()) };
    let as_made = task.state == made.state && Aspect::ALL.iter().all(|aspect| aspect.same(&task, made));
    if !as_made || task.history.attempts > 0 {
        return Err(later(draft, seq, &RecordKey::Task(id.clone())));
    }
    if let Some(what) = said_since(draft, seq, id)? {
        let why = format!("{id} has {what} since, which would be lost");
        return Err(Rejection::Undo { operation: seq, why }.into());
    }
    if let Some(dependent) =
        draft.read.dependents(id)?.into_iter().find(|dependent| !removed.contains(dependent))
    {
        return Err(Rejection::Undo { operation: seq, why: format!("{dependent} comes after {id}") }.into());
    }
    if let Some(waiting) = draft.read.waiting_for(id)?.into_iter().find(|waiting| !removed.contains(waiting))
    {
        return Err(Rejection::Undo { operation: seq, why: format!("{waiting} waits for {id}") }.into());
    }
    draft.remove_task(id);
    Ok(())
}

/// What people and agents said of a task after the operation that made it.
fn said_since(draft: &mut Draft<'_>, seq: OpSeq, id: &TaskId) -> Result<Option<&'static str>, Refusal> {
    let Some(made_at) = draft.read.operation(seq)?.map(|operation| operation.at) else { return Ok(None) };
    for entry in draft.read.log_of(id, None)?.into_iter().filter(|entry| entry.operation > seq) {
        let said = draft.read.operation(entry.operation)?.map(|operation| operation.command);
        if matches!(said, Some(Command::Log { .. })) {
            return Ok(Some("log entries"));
        }
    }
    if draft.read.messages_of(id)?.iter().any(|message| message.at > made_at) {
        return Ok(Some("messages"));
    }
    Ok(draft.read.artifacts_of(id)?.iter().any(|artifact| artifact.at > made_at).then_some("artifacts"))
}

fn remake(draft: &mut Draft<'_>, seq: OpSeq, before: Task) -> Result<(), Refusal> {
    if draft.find_task(&before.id)?.is_some() {
        return Err(
            Rejection::Undo { operation: seq, why: format!("there is a task {} again", before.id) }.into()
        );
    }
    for after in before.after.clone() {
        if let Some(path) = edges::closing(draft, &before.id, &after)? {
            return Err(Rejection::Cycle { path }.into());
        }
    }
    draft.put_task(before);
    Ok(())
}

fn merge(draft: &mut Draft<'_>, seq: OpSeq, before: &Task, after: &Task) -> Result<(), Refusal> {
    let id = &before.id;
    let key = RecordKey::Task(id.clone());
    let Some(mut task) = draft.find_task(id)? else { return Err(later(draft, seq, &key)) };
    for aspect in Aspect::ALL.iter().filter(|aspect| !aspect.same(before, after)) {
        // As for a person: what is finished is neither paused nor resumed.
        if *aspect == Aspect::Paused && task.state.is_final() && before.state == after.state {
            continue;
        }
        if !aspect.same(&task, after) {
            return Err(later(draft, seq, &key));
        }
        aspect.copy(before, &mut task);
    }
    for added in before.after.difference(&after.after) {
        edges::check(draft, id, added)?;
    }
    if before.state != after.state {
        if task.state != after.state {
            return Err(later(draft, seq, &key));
        }
        // An attempt is not brought back: its task is open.
        task.state = match &before.state {
            TaskState::InProgress { by: Holder::Attempt(_) } => TaskState::Open,
            state => state.clone(),
        };
        task.times.completed_at = before.times.completed_at;
    }
    if draft.find_task(id)?.as_ref() != Some(&task) {
        draft.log(id, format!("operation {seq} was undone"));
        draft.put_task(task);
    }
    Ok(())
}
