//! The chats of a file: their numbers, what two records of one chat become together, and how their places and
//! their histories become chats. None of them starts anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use wg_core::chat::{ARCHIVED_TAG, Chat, ChatRun, ChatState, Entry};
use wg_core::command::{ImportedChat, ImportedTask};
use wg_core::id::{Actor, ChatNumber, TaskId};
use wg_core::port::{Page, Read, StoreError, TaskFilter, TaskOrder};
use wg_core::task::{Task, TaskKind, TaskState};
use wg_core::time::Timestamp;

use super::gather::Placed;
use super::problem::{LineProblem, Unreadable};
use super::record::{Draft, LeftOut, What};
use super::report::Report;
use super::talk::{Talk, Talks};
use crate::export::IMPORTER;

/// Tags that make a task of the other program a chat.
pub(super) const TAGS: [&str; 2] = ["chat-loop", "coordinator-loop"];

/// What a record says of a chat beyond its place in the graph.
pub(super) struct ChatDraft {
    pub run: ChatRun,
    pub state: ChatState,
    pub session: Option<String>,
    /// When the chat was made, where that is not when its place was.
    pub created_at: Option<Timestamp>,
}

/// An entry of a history.
pub(super) struct Said {
    pub entry: Entry,
    /// It is a message that nobody answered.
    pub unanswered: bool,
}

/// Makes the draft of a task of the other program a chat's place.
pub(super) fn of_wg(draft: &mut Draft) {
    let seen = draft.last_seen();
    let task = &mut draft.imported.task;
    let over =
        task.tags.remove(ARCHIVED_TAG) || matches!(task.state, TaskState::Done | TaskState::Abandoned { .. });
    for tag in TAGS {
        task.tags.remove(tag);
    }
    let run = ChatRun::of_task(&task.run);
    (task.run.exec, task.run.adapter, task.run.model) = (None, None, None);
    let state = if over { archived(seen) } else { ChatState::Dormant };
    draft.underway = false;
    draft.chat = Some(Box::new(ChatDraft { run, state, session: None, created_at: None }));
}

fn archived(at: Timestamp) -> ChatState {
    ChatState::Archived { by: Actor::User(IMPORTER.to_owned()), at, purged_at: None, held: false }
}

/// The number that an id or an alias of the other program names a chat by; 0 is one of them.
pub(super) fn named(name: &str) -> Option<u64> {
    let bare = name.strip_prefix('.').unwrap_or(name);
    let digits = ["chat-", "coordinator-"].iter().find_map(|word| bare.strip_prefix(word)).unwrap_or(bare);
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| plain)
}

/// The numbers that the other program has for the chats of its file.
pub(super) type Numbers = HashMap<ChatNumber, u64>;

/// Gives every chat its id here. Two records of one chat are united in the newer one; one that has no number
/// that can be used gets the one that an earlier import gave it, or the next that is free.
pub(super) fn settle(
    records: &mut [Placed],
    by_id: &mut HashMap<TaskId, usize>,
    graph: Option<&mut dyn Read>,
    talks: &Talks,
) -> Result<Numbers, StoreError> {
    let mut places: Vec<usize> =
        (0..records.len()).filter(|place| draft(records, *place).is_some()).collect();
    places.sort_by(|one, other| records[*one].record.raw_id.cmp(&records[*other].record.raw_id));
    let mut mains: Vec<(Option<u64>, usize)> = Vec::new();
    let mut by_name: HashMap<u64, usize> = HashMap::new();
    // `.chat-N` comes before `.coordinator-N`.
    for place in places {
        let name = named(&records[place].record.raw_id);
        if let Some(main) = name.and_then(|name| by_name.get(&name)) {
            unite(records, by_id, *main, place);
            continue;
        }
        by_name.extend(name.map(|name| (name, place)));
        mains.push((name, place));
    }
    let (earlier, last) = numbered(graph)?;
    let used = mains.iter().filter_map(|(name, _)| *name).chain(talks.names()).max();
    let mut next = last.max(used.unwrap_or_default());
    let mut numbers = Numbers::new();
    for (name, place) in mains {
        let raw = records[place].record.raw_id.clone();
        let number = match name.filter(|number| *number > 0) {
            Some(number) => ChatNumber(number),
            None => earlier.get(&raw).copied().unwrap_or_else(|| {
                next += 1;
                ChatNumber(next)
            }),
        };
        numbers.extend(name.map(|name| (number, name)));
        let id = number.task_id();
        by_id.insert(id.clone(), place);
        records[place].record.id = id.clone();
        if let What::Task(draft) = &mut records[place].record.what {
            if id.as_str() != raw {
                draft.imported.task.notes.insert("id".into(), raw);
            }
            draft.imported.task.id = id;
        }
    }
    Ok(numbers)
}

fn draft(records: &[Placed], place: usize) -> Option<&Draft> {
    match &records[place].record.what {
        What::Task(draft) => Some(&**draft).filter(|draft| draft.chat.is_some()),
        What::LeftOut { .. } => None,
    }
}

/// The numbers of chats that earlier imports gave to other names, and the last number there is.
fn numbered(graph: Option<&mut dyn Read>) -> Result<(HashMap<String, ChatNumber>, u64), StoreError> {
    let mut numbers = HashMap::new();
    let Some(graph) = graph else { return Ok((numbers, 0)) };
    let filter = TaskFilter { kind: Some(TaskKind::Chat), ..TaskFilter::default() };
    graph.visit_tasks(&filter, TaskOrder::Id, Page::ALL, &mut |task| {
        if let (Some(number), Some(raw)) = (ChatNumber::of_task(&task.id), task.notes.get("id")) {
            numbers.insert(raw.clone(), number);
        }
        ControlFlow::Continue(())
    })?;
    Ok((numbers, graph.last_chat()?.0))
}

/// What a record says goes into the other one of its chat, which is archived if either is.
fn unite(records: &mut [Placed], by_id: &mut HashMap<TaskId, usize>, main: usize, older: usize) {
    let record = &mut records[older].record;
    by_id.insert(record.id.clone(), main);
    let left_out = What::LeftOut { why: LeftOut::United, evaluated: None };
    let What::Task(mut old) = std::mem::replace(&mut record.what, left_out) else { return };
    let (mut after, mut elsewhere) =
        (std::mem::take(&mut record.after), std::mem::take(&mut record.elsewhere));
    let record = &mut records[main].record;
    record.after.append(&mut after);
    record.elsewhere.append(&mut elsewhere);
    let What::Task(new) = &mut record.what else { return };
    if let (Some(chat), Some(other)) = (&mut new.chat, old.chat.take())
        && !matches!(chat.state, ChatState::Archived { .. })
        && matches!(other.state, ChatState::Archived { .. })
    {
        chat.state = other.state;
    }
    new.parent = new.parent.take().or(old.parent);
    new.discovered_from = new.discovered_from.take().or(old.discovered_from);
    new.other_edges.append(&mut old.other_edges);
    new.dropped.append(&mut old.dropped);
    let (new, old) = (&mut new.imported, old.imported);
    if new.task.description.is_empty() {
        new.task.description = old.task.description;
    }
    new.task.tags.extend(old.task.tags);
    for (name, value) in old.task.notes {
        new.task.notes.entry(name).or_insert(value);
    }
    new.log.extend(old.log);
    new.log.sort_by_key(|(at, ..)| *at);
    new.artifacts.extend(old.artifacts);
    new.messages.extend(old.messages);
}

/// The chats as they arrive.
#[derive(Default)]
pub(super) struct Arriving {
    pub chats: Vec<ImportedChat>,
}

impl Arriving {
    /// A chat and its place, with what was said in it.
    pub fn take(
        &mut self,
        mut imported: ImportedTask,
        draft: ChatDraft,
        mut said: Vec<Said>,
        talk: Option<Talk>,
        report: &mut Report,
    ) -> ImportedTask {
        let number =
            ChatNumber::of_task(&imported.task.id).expect("chats have such ids once they are settled");
        let mut chat = Chat::new(
            number,
            imported.task.title.clone(),
            draft.run,
            draft.created_at.unwrap_or(imported.task.times.created_at),
        );
        chat.session = draft.session;
        chat.state = draft.state;
        if let Some(talk) = talk {
            if let Some(at) = talk.archived_at.filter(|_| !chat.is_archived()) {
                chat.state = archived(at);
            }
            said = talk.said();
        }
        imported.task.paused = false;
        imported.task = chat.as_task(Some(imported.task));
        self.add(chat, said, report);
        imported
    }

    /// A history whose chat is not in the file any more: an archived chat, so that it shows. One that is in
    /// the graph stays as it is there.
    pub fn bury(
        &mut self,
        number: ChatNumber,
        talk: Talk,
        now: Timestamp,
        is_here: bool,
        report: &mut Report,
    ) -> Option<ImportedTask> {
        let created_at = talk.begun().unwrap_or(now);
        let name = talk.label.clone().unwrap_or_else(|| number.to_string());
        let run = ChatRun::of_task(&wg_core::task::RunSpec::default());
        let mut chat = Chat::new(number, name, run, created_at);
        chat.state = archived(talk.archived_at.or(talk.ended()).unwrap_or(created_at));
        let task: Task = chat.as_task(None);
        if is_here {
            self.history(chat, talk.said(), report);
            return None;
        }
        self.add(chat, talk.said(), report);
        let place = ImportedTask { task, log: Vec::new(), artifacts: Vec::new(), messages: Vec::new() };
        Some(place)
    }

    fn add(&mut self, chat: Chat, said: Vec<Said>, report: &mut Report) {
        match chat.state {
            ChatState::Archived { .. } => report.chats.archived += 1,
            ChatState::Held { .. } => report.chats.held += 1,
            _ => report.chats.dormant += 1,
        }
        self.history(chat, said, report);
    }

    fn history(&mut self, chat: Chat, said: Vec<Said>, report: &mut Report) {
        let unanswered: BTreeSet<u64> =
            said.iter().filter(|said| said.unanswered).map(|said| said.entry.number).collect();
        report.chats.entries += said.len() as u64;
        report.chats.set_aside += unanswered.len() as u64;
        let entries = said.into_iter().map(|said| said.entry).collect();
        self.chats.push(ImportedChat { chat, task: None, entries, unanswered });
    }
}

/// The histories within the file, by chat; those of chats that it does not have are problems of their lines.
pub(super) fn histories(
    said: BTreeMap<ChatNumber, BTreeMap<u64, (u64, Said)>>,
    by_id: &HashMap<TaskId, usize>,
    records: &[Placed],
    report: &mut Report,
) -> HashMap<ChatNumber, Vec<Said>> {
    let mut histories = HashMap::new();
    for (chat, entries) in said {
        let there = by_id.get(&chat.task_id()).is_some_and(|place| draft(records, *place).is_some());
        if there {
            report.lines.entries += entries.len() as u64;
            histories.insert(chat, entries.into_values().map(|(_, said)| said).collect());
            continue;
        }
        for (line, _) in entries.into_values() {
            report.lines.problems += 1;
            report.problems.push(|| LineProblem { file: None, line, reason: Unreadable::NoChat(chat) });
        }
    }
    histories
}
