//! The records, and how to take back what a transaction did to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Consumer, Entry, InboxRow};
use wg_core::control::Control;
use wg_core::effect::{EffectKind, EffectRow};
use wg_core::id::{AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Operation, Record, RecordKey};
use wg_core::port::{Artifact, LogEntry, Message};
use wg_core::task::{StateName, Task};

/// Everything that is kept.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) tasks: BTreeMap<TaskId, (Arc<Task>, Rows)>,
    pub(super) attempts: BTreeMap<AttemptRef, Arc<Attempt>>,
    pub(super) chats: BTreeMap<ChatNumber, Arc<Chat>>,
    pub(super) entries: BTreeMap<ChatNumber, Vec<Entry>>,
    pub(super) inbox: BTreeMap<(ChatNumber, u64), InboxRow>,
    pub(super) consumers: BTreeMap<ChatNumber, Consumer>,
    pub(super) control: Arc<Control>,
    pub(super) imported: BTreeMap<TaskId, Arc<Task>>,
    pub(super) effects: BTreeMap<(AttemptRef, EffectKind), EffectRow>,
    pub(super) operations: Vec<Operation>,
    /// The versions of each record, the oldest first.
    pub(super) versions: BTreeMap<RecordKey, Vec<Version>>,
    /// The operation that is being written.
    pub(super) current: Option<OpSeq>,
    pub(super) undo: Vec<Undo>,
}

/// What belongs to a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) log: Vec<LogEntry>,
    pub(super) messages: Vec<Message>,
    pub(super) artifacts: Vec<Artifact>,
}

/// A record as an operation left it.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) op: OpSeq,
    pub(super) number: u64,
    pub(super) body: Option<Body>,
}

/// A record that is shared by its history and its present.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Task(Arc<Task>),
    Attempt(Arc<Attempt>),
    Control(Arc<Control>),
    Chat(Arc<Chat>),
}

impl Body {
    pub(super) fn record(&self) -> Record {
        match self {
            Self::Task(task) => Record::Task(Box::new(Task::clone(task))),
            Self::Attempt(attempt) => Record::Attempt(Box::new(Attempt::clone(attempt))),
            Self::Control(control) => Record::Control(Control::clone(control)),
            Self::Chat(chat) => Record::Chat(Box::new(Chat::clone(chat))),
        }
    }
}

/// How to take one change back.
pub(super) enum Undo {
    Task(TaskId, Option<(Arc<Task>, Rows)>),
    TaskBody(TaskId, Arc<Task>),
    Attempt(AttemptRef, Option<Arc<Attempt>>),
    Chat(ChatNumber, Option<Arc<Chat>>),
    Entry(ChatNumber),
    Inbox((ChatNumber, u64), Option<InboxRow>),
    Consumer(ChatNumber, Option<Consumer>),
    Control(Arc<Control>),
    Imported(TaskId, Option<Arc<Task>>),
    Effect((AttemptRef, EffectKind), Option<EffectRow>),
    /// There were so many of each.
    Rows(TaskId, usize, usize, usize),
    /// Message by index: it was unread.
    Unread(TaskId, usize),
    Operation,
    /// There were so many versions, and the last one was this.
    Versions(RecordKey, usize, Option<Version>),
}

impl Graph {
    pub(super) fn commit(&mut self) {
        self.undo.clear();
        self.current = None;
    }

    pub(super) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            self.take_back(undo);
        }
        self.current = None;
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Task(id, Some(task)) => drop(self.tasks.insert(id, task)),
            Undo::Task(id, None) => drop(self.tasks.remove(&id)),
            Undo::TaskBody(id, task) => {
                if let Some(found) = self.tasks.get_mut(&id) {
                    found.0 = task;
                }
            }
            Undo::Attempt(reference, Some(attempt)) => drop(self.attempts.insert(reference, attempt)),
            Undo::Attempt(reference, None) => drop(self.attempts.remove(&reference)),
            Undo::Chat(number, Some(chat)) => drop(self.chats.insert(number, chat)),
            Undo::Chat(number, None) => drop(self.chats.remove(&number)),
            Undo::Entry(chat) => drop(self.entries.entry(chat).or_default().pop()),
            Undo::Inbox(key, Some(row)) => drop(self.inbox.insert(key, row)),
            Undo::Inbox(key, None) => drop(self.inbox.remove(&key)),
            Undo::Consumer(chat, Some(consumer)) => drop(self.consumers.insert(chat, consumer)),
            Undo::Consumer(chat, None) => drop(self.consumers.remove(&chat)),
            Undo::Control(control) => self.control = control,
            Undo::Imported(id, Some(task)) => drop(self.imported.insert(id, task)),
            Undo::Imported(id, None) => drop(self.imported.remove(&id)),
            Undo::Effect(key, Some(row)) => drop(self.effects.insert(key, row)),
            Undo::Effect(key, None) => drop(self.effects.remove(&key)),
            Undo::Rows(id, log, messages, artifacts) => {
                if let Some((_, rows)) = self.tasks.get_mut(&id) {
                    rows.log.truncate(log);
                    rows.messages.truncate(messages);
                    rows.artifacts.truncate(artifacts);
                }
            }
            Undo::Unread(id, index) => {
                if let Some((_, rows)) = self.tasks.get_mut(&id) {
                    rows.messages[index].read_by = None;
                }
            }
            Undo::Operation => drop(self.operations.pop()),
            Undo::Versions(key, count, last) => {
                let versions = self.versions.entry(key).or_default();
                versions.truncate(count);
                if let Some(last) = last {
                    versions.truncate(count - 1);
                    versions.push(last);
                }
            }
        }
    }

    pub(super) fn is_done(&self, id: &TaskId) -> bool {
        self.tasks.get(id).is_some_and(|(task, _)| task.state.name() == StateName::Done)
    }

    pub(super) fn unmet_of(&self, task: &Task) -> u64 {
        task.after.iter().filter(|id| !self.is_done(id)).count() as u64
    }

    pub(super) fn rows(&self, id: &TaskId) -> Option<&Rows> {
        self.tasks.get(id).map(|(_, rows)| rows)
    }

    /// The last version of a record at or before an operation.
    pub(super) fn version_at(&self, key: &RecordKey, seq: OpSeq) -> Option<&Version> {
        self.versions.get(key)?.iter().rev().find(|version| version.op <= seq)
    }

    pub(super) fn last_version(&self, key: &RecordKey) -> Option<&Version> {
        self.versions.get(key)?.last()
    }
}
