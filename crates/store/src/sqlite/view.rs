//! One transaction as the port sees it. Each method stands in the file of its table; here they are only
//! joined, and errors get their place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection};
use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Consumer, Entry, InboxCounts, InboxRow};
use wg_core::command::Command;
use wg_core::control::{Control, Day};
use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{
    Artifact, Chats, Counts, LogEntry, Message, Page, Read, ReadyQuery, StoreError, TaskFilter, TaskOrder,
    Write,
};
use wg_core::task::Task;
use wg_core::time::Timestamp;
use wg_core::used::Used;

use super::deadline::Deadline;
use super::place::Place;
use super::trouble::Trouble;

/// Records written in one transaction from which on it gets more memory: an import touches the pages of
/// every index in no order, and each page that does not stay in memory is written again and again.
const LARGE: u64 = 2_000;

/// A transaction.
pub(super) struct View<'c> {
    pub(super) connection: &'c Connection,
    place: &'c Place,
    pub(super) deadline: &'c Deadline,
    /// The operation that is being written, and its time.
    pub(super) operation: Option<(OpSeq, Timestamp)>,
    /// Changes of `counts` that are not yet in the table, by class and lane.
    pub(super) counted: BTreeMap<(i64, String), i64>,
    /// The task that was written last and its row: what follows is mostly about it.
    pub(super) last_put: Option<(TaskId, i64)>,
    puts: u64,
    /// The page cache was made large.
    large: bool,
}

impl<'c> View<'c> {
    pub(super) fn new(connection: &'c Connection, place: &'c Place, deadline: &'c Deadline) -> Self {
        Self {
            connection,
            place,
            deadline,
            operation: None,
            counted: BTreeMap::new(),
            last_put: None,
            puts: 0,
            large: false,
        }
    }

    /// A statement, under a new deadline.
    pub(super) fn statement(&self, sql: &str) -> Result<CachedStatement<'c>, Trouble> {
        self.deadline.restart();
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// The operation that is being written, and its time.
    pub(super) fn current(&self) -> Result<(OpSeq, Timestamp), Trouble> {
        let none = || StoreError::Failed("something was written outside of an operation".into());
        Ok(self.operation.ok_or_else(none)?)
    }

    /// A record was written.
    pub(super) fn note_put(&mut self) -> Result<(), Trouble> {
        self.puts += 1;
        if self.puts == LARGE { self.take_memory() } else { Ok(()) }
    }

    /// What comes now touches many pages in no order.
    pub(super) fn take_memory(&mut self) -> Result<(), Trouble> {
        self.large = true;
        Ok(self.connection.execute_batch("PRAGMA cache_size = -49152")?)
    }

    pub(super) fn is_large(&self) -> bool {
        self.large
    }

    /// After a large transaction. Memory is all that is at stake.
    pub(super) fn give_memory_back(connection: &Connection) {
        let _ = connection.execute_batch("PRAGMA cache_size = -2000; PRAGMA shrink_memory");
    }

    fn told<T>(&self, result: Result<T, Trouble>) -> Result<T, StoreError> {
        result.map_err(|error| error.tell(self.place))
    }
}

impl Read for View<'_> {
    fn task(&mut self, id: &TaskId) -> Result<Option<(Task, u64)>, StoreError> {
        self.told(self.read_task(id))
    }
    fn visit_tasks(
        &mut self,
        filter: &TaskFilter,
        order: TaskOrder,
        page: Page,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let visited = self.visit(filter, order, page, visit);
        self.told(visited)
    }
    fn ready(&mut self, query: &ReadyQuery) -> Result<Vec<Task>, StoreError> {
        let ready = self.read_ready(query);
        self.told(ready)
    }
    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.told(self.read_next_due(now))
    }
    fn waits_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, StoreError> {
        self.told(self.read_waits_due(now, limit))
    }
    fn waiting_for(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError> {
        self.told(self.read_waiting_for(id))
    }
    fn dependents(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError> {
        self.told(self.read_dependents(id))
    }
    fn unmet(&mut self, id: &TaskId) -> Result<u64, StoreError> {
        self.told(self.read_unmet(id))
    }
    fn lanes(&mut self) -> Result<Vec<Option<String>>, StoreError> {
        let lanes = self.read_lanes();
        self.told(lanes)
    }
    fn counts(&mut self) -> Result<Counts, StoreError> {
        let counts = self.read_counts();
        self.told(counts)
    }

    fn attempt(&mut self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, StoreError> {
        self.told(self.read_attempt(reference))
    }
    fn attempts_of(&mut self, id: &TaskId) -> Result<Vec<Attempt>, StoreError> {
        self.told(self.read_attempts_of(id))
    }
    fn live_attempts(&mut self) -> Result<Vec<Attempt>, StoreError> {
        self.told(self.read_live_attempts())
    }
    fn attempts(&mut self, page: Page) -> Result<Vec<Attempt>, StoreError> {
        self.told(self.read_attempts(page))
    }
    fn last_attempt(&mut self) -> Result<AttemptRef, StoreError> {
        self.told(self.read_last_attempt())
    }

    fn log_of(&mut self, id: &TaskId, last: Option<usize>) -> Result<Vec<LogEntry>, StoreError> {
        self.told(self.read_log(id, last))
    }
    fn messages_of(&mut self, id: &TaskId) -> Result<Vec<Message>, StoreError> {
        self.told(self.read_messages(id))
    }
    fn artifacts_of(&mut self, id: &TaskId) -> Result<Vec<Artifact>, StoreError> {
        self.told(self.read_artifacts(id))
    }
    fn imported(&mut self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.told(self.read_imported(id))
    }

    fn chat(&mut self, number: ChatNumber) -> Result<Option<(Chat, u64)>, StoreError> {
        self.told(self.read_chat(number))
    }
    fn chats(&mut self, which: Chats) -> Result<Vec<Chat>, StoreError> {
        self.told(self.read_chats(which))
    }
    fn last_chat(&mut self) -> Result<ChatNumber, StoreError> {
        self.told(self.read_last_chat())
    }
    fn entries_of(&mut self, chat: ChatNumber, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.told(self.read_entries(chat, after, limit))
    }
    fn last_entry(&mut self, chat: ChatNumber) -> Result<u64, StoreError> {
        self.told(self.read_last_entry(chat))
    }
    fn inbox_row(&mut self, chat: ChatNumber, number: u64) -> Result<Option<InboxRow>, StoreError> {
        self.told(self.read_inbox_row(chat, number))
    }
    fn inbox_next(&mut self, chat: ChatNumber) -> Result<Option<InboxRow>, StoreError> {
        self.told(self.read_inbox_next(chat))
    }
    fn inbox_open(&mut self, chat: ChatNumber) -> Result<Vec<InboxRow>, StoreError> {
        self.told(self.read_inbox_open(chat))
    }
    fn inbox_counts(&mut self, chat: ChatNumber) -> Result<InboxCounts, StoreError> {
        self.told(self.read_inbox_counts(chat))
    }
    fn consumer(&mut self, chat: ChatNumber) -> Result<Consumer, StoreError> {
        self.told(self.read_consumer(chat))
    }
    fn pinged(&mut self, now: Timestamp) -> Result<Vec<(ChatNumber, Timestamp)>, StoreError> {
        self.told(self.read_pinged(now))
    }

    fn visit_used(&mut self, since: Day, visit: &mut dyn FnMut(Used)) -> Result<(), StoreError> {
        self.told(self.visit_used_since(since, visit))
    }

    fn control(&mut self) -> Result<(Control, u64), StoreError> {
        self.told(self.read_control())
    }

    fn open_effects(&mut self) -> Result<Vec<EffectRow>, StoreError> {
        self.told(self.read_open_effects())
    }
    fn effect(&mut self, attempt: AttemptRef, kind: EffectKind) -> Result<Option<EffectRow>, StoreError> {
        self.told(self.read_effect(attempt, kind))
    }

    fn last_operation(&mut self) -> Result<OpSeq, StoreError> {
        self.told(self.read_last_operation())
    }
    fn operation(&mut self, seq: OpSeq) -> Result<Option<Operation>, StoreError> {
        self.told(self.read_operation(seq))
    }
    fn operations_since(&mut self, after: OpSeq, limit: usize) -> Result<Vec<Operation>, StoreError> {
        self.told(self.read_operations_since(after, limit))
    }
    fn operations_before(
        &mut self,
        before: Option<OpSeq>,
        actor: Option<&Actor>,
        record: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        self.told(self.read_operations_before(before, actor, record, limit))
    }
    fn changes_of(&mut self, seq: OpSeq) -> Result<Vec<Change>, StoreError> {
        self.told(self.read_changes_of(seq))
    }
    fn changed_since(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<OpSeq>, StoreError> {
        self.told(self.read_changed_since(key, seq))
    }
    fn record_at(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<Record>, StoreError> {
        self.told(self.read_record_at(key, seq))
    }
    fn visit_tasks_at(
        &mut self,
        seq: OpSeq,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.told(self.visit_at(seq, visit))
    }
}

impl Write for View<'_> {
    fn begin_operation(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        command: &Command,
    ) -> Result<OpSeq, StoreError> {
        let begun = self.begin(at, actor, command);
        self.told(begun)
    }
    fn put_task(&mut self, task: &Task) -> Result<(), StoreError> {
        let put = self.write_task(task);
        self.told(put)
    }
    fn remove_task(&mut self, id: &TaskId) -> Result<(), StoreError> {
        let removed = self.delete_task(id);
        self.told(removed)
    }
    fn put_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let put = self.write_attempt(attempt);
        self.told(put)
    }
    fn put_chat(&mut self, chat: &Chat) -> Result<(), StoreError> {
        let put = self.write_chat(chat);
        self.told(put)
    }
    fn append_entry(&mut self, chat: ChatNumber, entry: &Entry) -> Result<(), StoreError> {
        self.told(self.write_entry(chat, entry))
    }
    fn put_inbox(&mut self, chat: ChatNumber, row: &InboxRow) -> Result<(), StoreError> {
        self.told(self.write_inbox(chat, row))
    }
    fn put_consumer(&mut self, chat: ChatNumber, consumer: &Consumer) -> Result<(), StoreError> {
        self.told(self.write_consumer(chat, consumer))
    }
    fn put_control(&mut self, control: &Control) -> Result<(), StoreError> {
        let put = self.write_control(control);
        self.told(put)
    }
    fn append_log(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        message: &str,
    ) -> Result<(), StoreError> {
        self.told(self.write_log(id, at, actor, message))
    }
    fn append_message(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        from: &Actor,
        body: &str,
    ) -> Result<(), StoreError> {
        self.told(self.write_message(id, at, from, body))
    }
    fn mark_read(&mut self, id: &TaskId, by: AttemptRef, through: u64) -> Result<(), StoreError> {
        self.told(self.write_read_mark(id, by, through))
    }
    fn append_artifact(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        path: &str,
    ) -> Result<(), StoreError> {
        self.told(self.write_artifact(id, at, actor, path))
    }
    fn put_imported(&mut self, task: &Task) -> Result<(), StoreError> {
        self.told(self.write_imported(task))
    }
    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError> {
        self.told(self.write_effect(effect, state))
    }
    fn free_effects(&mut self, host: &str) -> Result<(), StoreError> {
        self.told(self.free_claims(host))
    }
}
