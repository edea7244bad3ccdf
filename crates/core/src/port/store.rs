//! The store port: one reading view, one writing transaction, and a way to hear of changes.
//!
//! What a store keeps beside the records, so that nothing on a hot path reads the whole graph: the
//! dependents of a task, the number of its dependencies that are not done, the schedule's order, the counts
//! per state, what was used on each day. These are indexes: the conformance suite proves them equal to what
//! they are derived from.

use std::ops::ControlFlow;

use crate::attempt::Attempt;
use crate::chat::{Chat, Consumer, Entry, InboxCounts, InboxRow};
use crate::control::{Control, Day};
use crate::effect::{Effect, EffectKind, EffectRow, EffectState};
use crate::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use crate::operation::{Change, Operation, Record, RecordKey};
use crate::port::query::{
    Artifact, Chats, Counts, LogEntry, Message, Page, ReadyQuery, TaskFilter, TaskOrder,
};
use crate::task::Task;
use crate::time::Timestamp;
use crate::used::Used;

/// What went wrong in a store, apart from what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Others write; nothing was changed.
    #[error("the graph is busy: {0}")]
    Busy(String),
    /// Another commit was first; `submit` tries again.
    #[error("another change was first")]
    Conflict,
    /// There is no graph.
    #[error("there is no graph at {0}")]
    Absent(String),
    /// Made by a newer program.
    #[error(
        "the graph at {path} was written by a newer workgraph: its format is {found}, this program knows {known}"
    )]
    Newer {
        /// Where.
        path: String,
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// What is on disk makes no sense.
    #[error("the database {path} is damaged: {what}")]
    Damaged {
        /// Where.
        path: String,
        /// What was seen.
        what: String,
    },
    /// No room.
    #[error("no room on the disk that holds the graph")]
    Full,
    /// It can't be written.
    #[error("the graph can't be written: {0}")]
    ReadOnly(String),
    /// It can't be used here.
    #[error("the graph can't be used: {0}")]
    Unsupported(String),
    /// A query ran past its deadline.
    #[error("the store did not answer in time")]
    Deadline,
    /// Anything else that the system said.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// A consistent view of the graph.
pub trait Read {
    /// One task and its version.
    fn task(&mut self, id: &TaskId) -> Result<Option<(Task, u64)>, StoreError>;
    /// Tasks, one at a time, until the visitor breaks.
    fn visit_tasks(
        &mut self,
        filter: &TaskFilter,
        order: TaskOrder,
        page: Page,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
    /// The top of the schedule.
    fn ready(&mut self, query: &ReadyQuery) -> Result<Vec<Task>, StoreError>;
    /// The earliest `not_before` or wait time in the future of a task that nothing else holds back.
    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;
    /// Waiting tasks whose time has come.
    fn waits_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, StoreError>;
    /// Waiting tasks that wait for this task.
    fn waiting_for(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError>;
    /// Ids of the tasks that come after this one, ordered.
    fn dependents(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError>;
    /// The number of dependencies of a task that are not done (or not there).
    fn unmet(&mut self, id: &TaskId) -> Result<u64, StoreError>;
    /// The names of lanes in which open tasks stand; `None` for tasks that name no adapter.
    fn lanes(&mut self) -> Result<Vec<Option<String>>, StoreError>;
    /// How many tasks there are, by state.
    fn counts(&mut self) -> Result<Counts, StoreError>;

    /// One attempt and its version.
    fn attempt(&mut self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, StoreError>;
    /// All attempts of a task, the first first.
    fn attempts_of(&mut self, id: &TaskId) -> Result<Vec<Attempt>, StoreError>;
    /// All attempts that are not finished.
    fn live_attempts(&mut self) -> Result<Vec<Attempt>, StoreError>;
    /// Attempts, the latest first.
    fn attempts(&mut self, page: Page) -> Result<Vec<Attempt>, StoreError>;
    /// The largest attempt reference given so far.
    fn last_attempt(&mut self) -> Result<AttemptRef, StoreError>;

    /// A task's log, the first entry first; with a page, counted from the end.
    fn log_of(&mut self, id: &TaskId, last: Option<usize>) -> Result<Vec<LogEntry>, StoreError>;
    /// A task's messages, the first first.
    fn messages_of(&mut self, id: &TaskId) -> Result<Vec<Message>, StoreError>;
    /// A task's artifacts, the first first.
    fn artifacts_of(&mut self, id: &TaskId) -> Result<Vec<Artifact>, StoreError>;
    /// A task as the last import brought it.
    fn imported(&mut self, id: &TaskId) -> Result<Option<Task>, StoreError>;

    /// One chat and its version.
    fn chat(&mut self, number: ChatNumber) -> Result<Option<(Chat, u64)>, StoreError>;
    /// Chats, by number.
    fn chats(&mut self, which: Chats) -> Result<Vec<Chat>, StoreError>;
    /// The largest chat number given so far.
    fn last_chat(&mut self) -> Result<ChatNumber, StoreError>;
    /// Entries of a chat with numbers above `after`, the first first.
    fn entries_of(&mut self, chat: ChatNumber, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError>;
    /// The number of a chat's last entry, 0 where it has none.
    fn last_entry(&mut self, chat: ChatNumber) -> Result<u64, StoreError>;
    /// Where one message of a chat stands.
    fn inbox_row(&mut self, chat: ChatNumber, number: u64) -> Result<Option<InboxRow>, StoreError>;
    /// The first message of a chat that waits.
    fn inbox_next(&mut self, chat: ChatNumber) -> Result<Option<InboxRow>, StoreError>;
    /// All messages of a chat that are not answered, the first first.
    fn inbox_open(&mut self, chat: ChatNumber) -> Result<Vec<InboxRow>, StoreError>;
    /// How many messages of a chat stand how.
    fn inbox_counts(&mut self, chat: ChatNumber) -> Result<InboxCounts, StoreError>;
    /// Who consumed a chat last.
    fn consumer(&mut self, chat: ChatNumber) -> Result<Consumer, StoreError>;
    /// Chats that a ping still counts for at `now`, and until when.
    fn pinged(&mut self, now: Timestamp) -> Result<Vec<(ChatNumber, Timestamp)>, StoreError>;

    /// What was used on this day and later ones: each sum once, those that came to nothing left out, in the order
    /// of days and of those who used it.
    fn visit_used(&mut self, since: Day, visit: &mut dyn FnMut(Used)) -> Result<(), StoreError>;

    /// The control record and its version (0 where it was never written).
    fn control(&mut self) -> Result<(Control, u64), StoreError>;

    /// Effects that are not settled.
    fn open_effects(&mut self) -> Result<Vec<EffectRow>, StoreError>;
    /// One effect.
    fn effect(&mut self, attempt: AttemptRef, kind: EffectKind) -> Result<Option<EffectRow>, StoreError>;

    /// The number of the last operation, 0 where there is none.
    fn last_operation(&mut self) -> Result<OpSeq, StoreError>;
    /// One operation.
    fn operation(&mut self, seq: OpSeq) -> Result<Option<Operation>, StoreError>;
    /// Operations after `after`, the first first.
    fn operations_since(&mut self, after: OpSeq, limit: usize) -> Result<Vec<Operation>, StoreError>;
    /// Operations before `before` (absent: all), the latest first, of an actor or a record where given.
    fn operations_before(
        &mut self,
        before: Option<OpSeq>,
        actor: Option<&Actor>,
        record: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError>;
    /// What an operation changed, ordered by record.
    fn changes_of(&mut self, seq: OpSeq) -> Result<Vec<Change>, StoreError>;
    /// The first operation after `seq` that changed a record.
    fn changed_since(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<OpSeq>, StoreError>;
    /// A record as it was after operation `seq`.
    fn record_at(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<Record>, StoreError>;
    /// All tasks as they were after operation `seq`, ordered by id.
    fn visit_tasks_at(
        &mut self,
        seq: OpSeq,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// One writing transaction: what it does is visible to its own reads at once, and to others all at once or
/// not at all. Callers are in this crate's `submit`: there is no second road to a row.
pub trait Write: Read {
    /// Opens the operation that everything written until the next call belongs to; gives its number.
    fn begin_operation(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        command: &crate::command::Command,
    ) -> Result<OpSeq, StoreError>;
    /// Makes or replaces a task, keeps every index and records the change.
    fn put_task(&mut self, task: &Task) -> Result<(), StoreError>;
    /// Removes a task with its log, messages and artifacts, and records the change.
    fn remove_task(&mut self, id: &TaskId) -> Result<(), StoreError>;
    /// Makes or replaces an attempt, counts what it tells that it used, and records the change.
    fn put_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError>;
    /// Makes or replaces a chat, counts what it tells that it used, and records the change. Its task is put by
    /// itself.
    fn put_chat(&mut self, chat: &Chat) -> Result<(), StoreError>;
    /// Appends to a chat's history: its number is the next one.
    fn append_entry(&mut self, chat: ChatNumber, entry: &Entry) -> Result<(), StoreError>;
    /// Makes or replaces the standing of a message; an answered one stays answered.
    fn put_inbox(&mut self, chat: ChatNumber, row: &InboxRow) -> Result<(), StoreError>;
    /// Notes who consumed a chat. The only write that needs no operation.
    fn put_consumer(&mut self, chat: ChatNumber, consumer: &Consumer) -> Result<(), StoreError>;
    /// Replaces the control record and records the change.
    fn put_control(&mut self, control: &Control) -> Result<(), StoreError>;
    /// Appends to a task's log.
    fn append_log(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        message: &str,
    ) -> Result<(), StoreError>;
    /// Appends to a task's messages.
    fn append_message(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        from: &Actor,
        body: &str,
    ) -> Result<(), StoreError>;
    /// Marks messages of a task up to this number as read by an attempt, where nobody has read them.
    fn mark_read(&mut self, id: &TaskId, by: AttemptRef, through: u64) -> Result<(), StoreError>;
    /// Appends to a task's artifacts; one that is there already is not doubled.
    fn append_artifact(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        path: &str,
    ) -> Result<(), StoreError>;
    /// Notes a task as an import brought it.
    fn put_imported(&mut self, task: &Task) -> Result<(), StoreError>;
    /// Makes an effect, or sets the state of one that is not settled; a settled one stays settled.
    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError>;
    /// Frees all effects that a host has claimed.
    fn free_effects(&mut self, host: &str) -> Result<(), StoreError>;
}

/// Keeps a listener registered; dropping it ends the watching.
pub trait WatchGuard: Send {}

/// A graph's store.
pub trait Store: Send {
    /// Runs `work` on a consistent view.
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Runs `work` in one writing transaction: committed durably when it returns `Ok`, rolled back when it
    /// returns an error. [`StoreError::Conflict`] asks the caller to try again from the start.
    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Calls `notify` after every change that anybody makes, soon after it is visible, from a thread of its
    /// own; never while nothing changes. A call is a hint: read and compare.
    fn watch(&self, notify: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError>;
}
