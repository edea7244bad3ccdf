//! The rows of one chat, as a store: just enough of one that the real `submit` runs on it.

use std::ops::ControlFlow;

use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Consumer, Entry, InboxCounts, InboxRow, InboxState, What};
use wg_core::command::Command;
use wg_core::control::{Control, Day};
use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{
    Artifact, Chats, Counts, LogEntry, Message, Page, Read, ReadyQuery, Store, StoreError, TaskFilter,
    TaskOrder, WatchGuard, Write,
};
use wg_core::task::Task;
use wg_core::time::Timestamp;
use wg_core::used::Used;

/// The chat that there is.
pub(super) const CHAT: ChatNumber = ChatNumber(1);
/// Its last handler; the one before it is 0.
pub(super) const LAST: AttemptRef = AttemptRef(1);
/// The number of the last entry: messages that are open have smaller ones.
const ENTRIES: u64 = 10;

/// Everything that is kept of the chat.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// The chat.
    pub(super) chat: Chat,
    /// Its messages, by number: one that was answered long ago, and those that are open.
    pub(super) inbox: Vec<InboxRow>,
    /// Its last attempt, while it may have a process.
    pub(super) attempt: Option<Attempt>,
    /// That attempt's end is to be brought about.
    pub(super) kill: bool,
    /// What is stopped for the whole graph.
    pub(super) control: Control,
    /// What was appended to its history in this step.
    pub(super) appended: Vec<What>,
}

impl Rows {
    /// The message that is answered just now.
    pub(super) fn in_flight(&self) -> Option<&InboxRow> {
        let number = self.chat.turn()?.message;
        self.inbox.iter().find(|row| row.number == number)
    }

    /// Messages that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &InboxRow> {
        self.inbox.iter().filter(|row| row.state == InboxState::Waiting)
    }

    /// Whether the last handler may still have a process without serving the chat.
    pub(super) fn leaving(&self) -> bool {
        self.attempt.is_some() && self.chat.handler().is_none()
    }
}

/// What a port answers of things that this store does not have.
macro_rules! none {
    ($($name:ident($($argument:ident: $of:ty),*) -> $gives:ty;)+) => {
        $(fn $name(&mut self, $($argument: $of),*) -> Result<$gives, StoreError> {
            $(let _ = $argument;)*
            Ok(Default::default())
        })+
    };
}

impl Read for Rows {
    none! {
        ready(query: &ReadyQuery) -> Vec<Task>;
        next_due(now: Timestamp) -> Option<Timestamp>;
        waits_due(now: Timestamp, limit: usize) -> Vec<TaskId>;
        waiting_for(id: &TaskId) -> Vec<TaskId>;
        dependents(id: &TaskId) -> Vec<TaskId>;
        unmet(id: &TaskId) -> u64;
        lanes() -> Vec<Option<String>>;
        counts() -> Counts;
        attempts_of(id: &TaskId) -> Vec<Attempt>;
        attempts(page: Page) -> Vec<Attempt>;
        log_of(id: &TaskId, last: Option<usize>) -> Vec<LogEntry>;
        messages_of(id: &TaskId) -> Vec<Message>;
        artifacts_of(id: &TaskId) -> Vec<Artifact>;
        imported(id: &TaskId) -> Option<Task>;
        entries_of(chat: ChatNumber, after: u64, limit: usize) -> Vec<Entry>;
        consumer(chat: ChatNumber) -> Consumer;
        pinged(now: Timestamp) -> Vec<(ChatNumber, Timestamp)>;
        open_effects() -> Vec<EffectRow>;
        effect(attempt: AttemptRef, kind: EffectKind) -> Option<EffectRow>;
        last_operation() -> OpSeq;
        operation(seq: OpSeq) -> Option<Operation>;
        operations_since(after: OpSeq, limit: usize) -> Vec<Operation>;
        operations_before(
            before: Option<OpSeq>, actor: Option<&Actor>, record: Option<&RecordKey>, limit: usize
        ) -> Vec<Operation>;
        changes_of(seq: OpSeq) -> Vec<Change>;
        changed_since(key: &RecordKey, seq: OpSeq) -> Option<OpSeq>;
        record_at(key: &RecordKey, seq: OpSeq) -> Option<Record>;
        visit_tasks(
            filter: &TaskFilter, order: TaskOrder, page: Page, visit: &mut dyn FnMut(Task) -> ControlFlow<()>
        ) -> ();
        visit_tasks_at(seq: OpSeq, visit: &mut dyn FnMut(Task) -> ControlFlow<()>) -> ();
        visit_used(since: Day, visit: &mut dyn FnMut(Used)) -> ();
    }

    fn task(&mut self, id: &TaskId) -> Result<Option<(Task, u64)>, StoreError> {
        Ok((*id == CHAT.task_id()).then(|| (self.chat.as_task(None), 1)))
    }

    fn attempt(&mut self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, StoreError> {
        Ok(self.attempt.clone().filter(|attempt| attempt.reference == reference).map(|attempt| (attempt, 1)))
    }

    fn live_attempts(&mut self) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.attempt.iter().cloned().collect())
    }

    fn last_attempt(&mut self) -> Result<AttemptRef, StoreError> {
        Ok(LAST)
    }

    fn chat(&mut self, number: ChatNumber) -> Result<Option<(Chat, u64)>, StoreError> {
        Ok((number == CHAT).then(|| (self.chat.clone(), 1)))
    }

    fn chats(&mut self, which: Chats) -> Result<Vec<Chat>, StoreError> {
        let left_out = which == Chats::Unarchived && self.chat.is_archived();
        Ok(if left_out { Vec::new() } else { vec![self.chat.clone()] })
    }

    fn last_chat(&mut self) -> Result<ChatNumber, StoreError> {
        Ok(CHAT)
    }

    fn last_entry(&mut self, _: ChatNumber) -> Result<u64, StoreError> {
        Ok(ENTRIES)
    }

    fn inbox_row(&mut self, _: ChatNumber, number: u64) -> Result<Option<InboxRow>, StoreError> {
        Ok(self.inbox.iter().find(|row| row.number == number).cloned())
    }

    fn inbox_next(&mut self, _: ChatNumber) -> Result<Option<InboxRow>, StoreError> {
        Ok(self.waiting().next().cloned())
    }

    fn inbox_open(&mut self, _: ChatNumber) -> Result<Vec<InboxRow>, StoreError> {
        Ok(self.inbox.iter().filter(|row| row.state != InboxState::Answered).cloned().collect())
    }

    fn inbox_counts(&mut self, _: ChatNumber) -> Result<InboxCounts, StoreError> {
        let count = |state| self.inbox.iter().filter(|row| row.state == state).count() as u64;
        Ok(InboxCounts { waiting: count(InboxState::Waiting), set_aside: count(InboxState::SetAside) })
    }

    fn control(&mut self) -> Result<(Control, u64), StoreError> {
        Ok((self.control.clone(), 1))
    }
}

impl Write for Rows {
    none! {
        begin_operation(at: Timestamp, actor: &Actor, command: &Command) -> OpSeq;
        put_task(task: &Task) -> ();
        remove_task(id: &TaskId) -> ();
        put_consumer(chat: ChatNumber, consumer: &Consumer) -> ();
        append_log(id: &TaskId, at: Timestamp, actor: &str, message: &str) -> ();
        append_message(id: &TaskId, at: Timestamp, from: &Actor, body: &str) -> ();
        mark_read(id: &TaskId, by: AttemptRef, through: u64) -> ();
        append_artifact(id: &TaskId, at: Timestamp, actor: &str, path: &str) -> ();
        put_imported(task: &Task) -> ();
        free_effects(host: &str) -> ();
    }

    fn put_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        self.attempt = attempt.is_live().then(|| attempt.clone());
        Ok(())
    }

    fn put_chat(&mut self, chat: &Chat) -> Result<(), StoreError> {
        self.chat.clone_from(chat);
        Ok(())
    }

    fn append_entry(&mut self, _: ChatNumber, entry: &Entry) -> Result<(), StoreError> {
        self.appended.push(entry.what.clone());
        Ok(())
    }

    fn put_inbox(&mut self, _: ChatNumber, row: &InboxRow) -> Result<(), StoreError> {
        match self.inbox.iter_mut().find(|here| here.number == row.number) {
            Some(here) => here.clone_from(row),
            None => self.inbox.push(row.clone()),
        }
        Ok(())
    }

    fn put_control(&mut self, control: &Control) -> Result<(), StoreError> {
        self.control.clone_from(control);
        Ok(())
    }

    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError> {
        if effect.kind == EffectKind::Kill {
            self.kill = *state != EffectState::Settled;
        }
        Ok(())
    }
}

struct Unwatched;

impl WatchGuard for Unwatched {}

impl Store for Rows {
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        work(self)
    }

    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        work(self)
    }

    fn watch(&self, _: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError> {
        Ok(Box::new(Unwatched))
    }
}
