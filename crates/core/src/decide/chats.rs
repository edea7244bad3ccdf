//! What people and agents ask of chats.

use std::collections::BTreeSet;

use crate::chat::{Chat, ChatEvent, ChatState, InboxRow, InboxState, What};
use crate::command::{ChatCommand, ImportedChat, NewChat};
use crate::decide::people::said;
use crate::decide::undo::later;
use crate::decide::{Draft, Refusal, handlers, history, rename};
use crate::id::{Actor, ChatNumber, OpSeq, TaskId};
use crate::operation::RecordKey;
use crate::port::Chats;
use crate::rejection::Rejection;
use crate::task::TaskKind;

pub(super) fn decide(draft: &mut Draft<'_>, command: ChatCommand) -> Result<(), Refusal> {
    match command {
        ChatCommand::Create(new) => create(draft, new),
        ChatCommand::Send { chat, text } => send(draft, chat, &text),
        ChatCommand::Resend { chat, messages } => resend(draft, chat, &messages),
        ChatCommand::Interrupt { chat: number, why } => {
            let chat = draft.chat(number)?;
            let by = draft.actor.clone();
            draft.step_chat(chat, ChatEvent::Interrupted(by))?;
            if let Some(text) = why {
                draft.entry(number, What::Note { text })?;
            }
            Ok(())
        }
        ChatCommand::Answer { chat, question, choice } => handlers::answer(draft, chat, question, choice),
        ChatCommand::Hold { chats } => {
            let by = draft.actor.clone();
            each(draft, &chats, &|| ChatEvent::Held(by.clone()))
        }
        ChatCommand::Resume { chats } => each(draft, &chats, &|| ChatEvent::Resumed),
        ChatCommand::Archive { chats } => archive(draft, &chats),
        ChatCommand::Restore { chats } => {
            let by = draft.actor.clone();
            each(draft, &chats, &|| ChatEvent::Restored(by.clone()))
        }
        ChatCommand::Purge { keep, include_self } => purge(draft, keep, include_self),
        ChatCommand::Rename => rename::rename(draft),
        ChatCommand::TakeIn(imported) => take_in(draft, *imported),
        ChatCommand::Queue { chat, why } => handlers::queue(draft, chat, why),
        ChatCommand::Start(start) => handlers::start(draft, start),
        ChatCommand::Deliver { chat, handler, message } => handlers::deliver(draft, chat, handler, message),
        ChatCommand::Want { chat } => handlers::plain(draft, chat, ChatEvent::Wanted),
        ChatCommand::Unwant { chat, until } => handlers::plain(draft, chat, ChatEvent::Unwanted { until }),
        ChatCommand::Drain { chat, why } => handlers::plain(draft, chat, ChatEvent::Drained(why)),
        ChatCommand::Heard(heard) => handlers::heard(draft, heard),
        ChatCommand::NotReady { chat, handler, jitter } => {
            handlers::plain(draft, chat, ChatEvent::NotReady { handler, jitter })
        }
        ChatCommand::TurnTimedOut { chat, handler, message, jitter } => {
            handlers::turn_over(draft, chat, message, ChatEvent::TurnTimedOut { handler, message, jitter })
        }
        ChatCommand::InterruptIgnored { chat, handler, message } => {
            handlers::turn_over(draft, chat, message, ChatEvent::InterruptIgnored { handler, message })
        }
        ChatCommand::Configured { chat, configuration } => {
            handlers::plain(draft, chat, ChatEvent::Configured(configuration))
        }
        ChatCommand::Consumed { chat, ping } => match draft.find_chat(chat)? {
            Some(_) => Ok(draft.consumed(chat, ping)?),
            None => Ok(()),
        },
    }
}

/// The chat whose task this is.
pub(super) fn of_task(draft: &mut Draft<'_>, id: &TaskId) -> Result<Option<ChatNumber>, Refusal> {
    let Some(number) = ChatNumber::of_task(id) else { return Ok(None) };
    let is_chat = draft.find_task(id)?.is_some_and(|task| task.kind == TaskKind::Chat);
    Ok(Some(number).filter(|_| is_chat))
}

fn each(draft: &mut Draft<'_>, chats: &[ChatNumber], event: &dyn Fn() -> ChatEvent) -> Result<(), Refusal> {
    let (mut same, mut changed) = (Vec::new(), false);
    for number in chats {
        let chat = draft.chat(*number)?;
        match draft.step_chat(chat, event()) {
            // Of several, those that are as asked already stand in nobody's way.
            Err(Refusal::Rejected(Rejection::Nothing(why))) => same.push(why),
            Err(refusal) => return Err(refusal),
            Ok(_) => changed = true,
        }
    }
    if !changed {
        let what = if same.is_empty() { "no chat was named".to_owned() } else { same.join(", ") };
        return Err(Rejection::Nothing(what).into());
    }
    draft.notes.append(&mut same);
    Ok(())
}

fn create(draft: &mut Draft<'_>, new: NewChat) -> Result<(), Refusal> {
    if new.run.adapter.trim().is_empty() {
        return Err(Rejection::Invalid("a chat needs an adapter".into()).into());
    }
    if new.run.exec.as_deref().is_some_and(|exec| exec.trim().is_empty() || exec.contains('\0')) {
        return Err(
            Rejection::Invalid("a chat's command can't be empty or hold a NUL character".into()).into()
        );
    }
    let number = free_number(draft)?;
    let name = new.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let chat = Chat::new(number, name.unwrap_or_else(|| number.to_string()), new.run, draft.now);
    Ok(draft.put_chat(chat)?)
}

/// The number after the last one, where no task of another program has its id.
fn free_number(draft: &mut Draft<'_>) -> Result<ChatNumber, Refusal> {
    let mut number = ChatNumber(draft.read.last_chat()?.0 + 1);
    while draft.find_task(&number.task_id())?.is_some() || draft.find_chat(number)?.is_some() {
        number = ChatNumber(number.0 + 1);
    }
    Ok(number)
}

/// Writes to a chat. To a held one, or one that gave up, the message is kept and its sender told so.
pub(super) fn send(draft: &mut Draft<'_>, number: ChatNumber, text: &str) -> Result<(), Refusal> {
    let chat = draft.chat(number)?;
    if let Actor::Agent(reference) = draft.actor
        && draft.attempt(reference)?.is_some_and(|attempt| attempt.task == number.task_id())
    {
        let why = "a chat's own agent does not write to it: its answer is what it says".to_owned();
        return Err(Rejection::NotAllowed { actor: draft.actor.clone(), why }.into());
    }
    let text = said(text, "a message")?.to_owned();
    match &chat.state {
        ChatState::Archived { .. } => return Err(Rejection::ChatArchived { chat: number }.into()),
        ChatState::Held { .. } => {
            draft
                .notes
                .push(format!("{number} is held: the message is kept until `wg chat resume {number}`"));
        }
        ChatState::GaveUp { reason, detail, .. } => draft.notes.push(format!(
            "{number} gave up ({reason}: {detail}): the message is kept until `wg chat resume {number}`"
        )),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. } => {}
    }
    let from = draft.actor.clone();
    let entry = draft.entry(number, What::Message { from, text })?;
    draft.put_inbox(number, InboxRow { number: entry, kills: 0, deliveries: 0, state: InboxState::Waiting });
    draft.messages.push(entry);
    Ok(draft.consumed(number, false)?)
}

fn resend(draft: &mut Draft<'_>, number: ChatNumber, messages: &[u64]) -> Result<(), Refusal> {
    let chat = draft.chat(number)?;
    if chat.is_archived() {
        return Err(Rejection::ChatArchived { chat: number }.into());
    }
    let aside: Vec<InboxRow> = draft
        .inbox_open(number)?
        .into_iter()
        .filter(|row| row.state == InboxState::SetAside)
        .filter(|row| messages.is_empty() || messages.contains(&row.number))
        .collect();
    if let Some(other) = messages.iter().find(|number| aside.iter().all(|row| row.number != **number)) {
        return Err(Rejection::Nothing(format!("message {other} is not set aside")).into());
    }
    if aside.is_empty() {
        return Err(Rejection::Nothing(format!("no message of {number} is set aside")).into());
    }
    for row in aside {
        draft.messages.push(row.number);
        draft.put_inbox(number, InboxRow { kills: 0, state: InboxState::Waiting, ..row });
    }
    Ok(draft.consumed(number, false)?)
}

pub(super) fn archive(draft: &mut Draft<'_>, chats: &[ChatNumber]) -> Result<(), Refusal> {
    let by = draft.actor.clone();
    each(draft, chats, &|| ChatEvent::Archived { by: by.clone(), purge: false })?;
    chats.iter().try_for_each(|number| set_aside(draft, *number))
}

/// What nobody answered before a chat was archived starts nothing when it is restored.
fn set_aside(draft: &mut Draft<'_>, number: ChatNumber) -> Result<(), Refusal> {
    for row in draft.inbox_open(number)? {
        if row.state == InboxState::Waiting {
            draft.put_inbox(number, InboxRow { state: InboxState::SetAside, ..row });
        }
    }
    Ok(())
}

fn purge(draft: &mut Draft<'_>, mut keep: BTreeSet<ChatNumber>, include_self: bool) -> Result<(), Refusal> {
    if let Actor::Agent(reference) = draft.actor
        && !include_self
        && let Some(own) = draft.attempt(reference)?.and_then(|attempt| ChatNumber::of_task(&attempt.task))
    {
        draft.notes.push(format!("{own} is kept: its own agent asks (--include-self takes it along)"));
        keep.insert(own);
    }
    for number in &keep {
        draft.chat(*number)?;
    }
    let by = draft.actor.clone();
    let mut purged = false;
    for chat in draft.read.chats(Chats::Unarchived)? {
        let number = chat.number;
        if keep.contains(&number) {
            continue;
        }
        draft.step_chat(chat, ChatEvent::Archived { by: by.clone(), purge: true })?;
        set_aside(draft, number)?;
        purged = true;
    }
    if purged { Ok(()) } else { Err(Rejection::Nothing("nothing to purge".into()).into()) }
}

/// Takes a chat in that an older program left: as it is told, dormant or archived, with its history. One that
/// is here already only gets the entries that are not in its history yet.
pub(super) fn take_in(draft: &mut Draft<'_>, imported: ImportedChat) -> Result<(), Refusal> {
    let ImportedChat { chat: told, task, entries, unanswered } = imported;
    let number = told.number;
    let here = draft.find_chat(number)?;
    if here.is_none() {
        let mut chat = Chat::new(number, told.name, told.run, told.created_at);
        chat.session = told.session;
        chat.state = match told.state {
            state @ (ChatState::Archived { .. } | ChatState::Held { .. }) => state,
            _ => ChatState::Dormant,
        };
        if let Some(task) = task {
            let mut task = chat.as_task(Some(task));
            task.id = number.task_id();
            draft.put_task(task);
        }
        draft.put_chat(chat)?;
    }
    history::take_in(draft, number, entries, &unanswered)
}

/// Takes back what an operation did to a chat: archived becomes restored, held resumed, and the other way
/// round; one that was made is archived. Deliveries, fences and handlers are facts and stay.
pub(super) fn undo(
    draft: &mut Draft<'_>,
    seq: OpSeq,
    number: ChatNumber,
    before: Option<&ChatState>,
    after: &ChatState,
) -> Result<(), Refusal> {
    let chat = draft.chat(number)?;
    let by = draft.actor.clone();
    let name = |state: &ChatState| match state {
        ChatState::Archived { .. } => "archived",
        ChatState::Held { .. } => "held",
        _ => "free",
    };
    if name(&chat.state) != name(after) {
        return Err(later(draft, seq, &RecordKey::Chat(number)));
    }
    let event = match (before.map(name), name(after)) {
        (Some("archived"), _) | (None, "free" | "held") => {
            draft.step_chat(chat, ChatEvent::Archived { by, purge: false })?;
            return set_aside(draft, number);
        }
        (Some("held"), "archived") | (Some("free"), "archived") => ChatEvent::Restored(by),
        (Some("held"), "free") => ChatEvent::Held(by),
        (Some("free"), "held") => ChatEvent::Resumed,
        _ => return Ok(()),
    };
    draft.step_chat(chat, event).map(drop)
}
