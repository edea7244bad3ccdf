//! The store as the program under test sees it, with the planted bug in it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use wg_core::attempt::{Attempt, AttemptKind, AttemptState};
use wg_core::chat::{Chat, ChatState, Consumer, Entry, InboxCounts, InboxRow, InboxState, Serving};
use wg_core::command::{ChatCommand, Command};
use wg_core::control::{Control, Day};
use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{
    Artifact, Chats, Counts, LogEntry, Message, Page, Read, ReadyQuery, Store, StoreError, TaskFilter,
    TaskOrder, WatchGuard, Write,
};
use wg_core::task::{Holder, StateName, Task, TaskState};
use wg_core::time::Timestamp;
use wg_core::used::Used;
use wg_store::memory::MemoryStore;

use super::chat_oracle::{Row, Written};
use super::mutation::Mutation;

/// The store as the program under test sees it: with the planted bug, and busy when it is to be.
pub(super) struct Port {
    pub(super) inner: MemoryStore,
    pub(super) mutation: Option<Mutation>,
    /// After so many writes.
    pub(super) busy: Option<u32>,
    /// The last attempt of an earlier dispatcher.
    pub(super) earlier: AttemptRef,
    /// So many words of handlers are about to be written.
    pub(super) words: usize,
    /// What is truly written of chats.
    pub(super) written: Arc<Mutex<Vec<Written>>>,
    /// What the last operation was when each transaction began.
    pub(super) began: Arc<Mutex<Vec<OpSeq>>>,
}

impl Store for Port {
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mutation, earlier) = (self.mutation, self.earlier);
        self.inner.read(&mut |inner| work(&mut Bent::new(inner, mutation, earlier, None)))
    }

    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let busy = self.busy.take();
        self.busy = busy.and_then(|writes| writes.checked_sub(1));
        if busy == Some(0) {
            return Err(StoreError::Busy("as the simulator wants it".into()));
        }
        let (mutation, earlier) = (self.mutation, self.earlier);
        let written = self.written.clone();
        let (words, began) = (self.words, self.began.clone());
        self.inner.write(&mut |inner| {
            began.lock().unwrap_or_else(PoisonError::into_inner).push(inner.last_operation()?);
            let mut bent = Bent::new(inner, mutation, earlier, Some(written.clone()));
            bent.words = words;
            work(&mut bent)
        })
    }

    fn watch(&self, notify: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError> {
        self.inner.watch(notify)
    }
}

/// A view or a transaction with a bug in it.
struct Bent<'a, T: ?Sized> {
    inner: &'a mut T,
    mutation: Option<Mutation>,
    earlier: AttemptRef,
    /// The attempt that was read last.
    last: Option<Attempt>,
    /// Where rows of chats are noted, in a transaction.
    written: Option<Arc<Mutex<Vec<Written>>>>,
    /// The operation that is being written, and whether it purges.
    operation: OpSeq,
    purges: bool,
    /// So many reads of chats belong to words of handlers.
    words: usize,
    /// The attempt whose end is being written.
    ends: Option<AttemptRef>,
}

impl<'a, T: ?Sized> Bent<'a, T> {
    fn new(
        inner: &'a mut T,
        mutation: Option<Mutation>,
        earlier: AttemptRef,
        written: Option<Arc<Mutex<Vec<Written>>>>,
    ) -> Self {
        let operation = OpSeq(0);
        Self { inner, mutation, earlier, last: None, written, operation, purges: false, words: 0, ends: None }
    }

    fn note(&self, chat: ChatNumber, row: Row) {
        if let Some(written) = &self.written {
            let row = Written { operation: self.operation, chat, row };
            written.lock().unwrap_or_else(PoisonError::into_inner).push(row);
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn is_kept(&self, attempt: &Attempt) -> bool {
        self.is(Mutation::AdoptedKept)
            && attempt.kind == AttemptKind::Handler
            && attempt.reference <= self.earlier
    }

    fn bend_attempt(&self, mut attempt: Attempt) -> Attempt {
        if self.is_kept(&attempt) {
            attempt.stop = None;
        }
        attempt
    }

    fn bend(&self, mut task: Task) -> Task {
        if self.is(Mutation::BackOffIgnored) {
            task.times.not_before = None;
        }
        if self.is(Mutation::BucketIgnored) {
            task.history.starts = wg_core::budget::Bucket::default();
        }
        if self.is(Mutation::FenceUnchecked)
            && let Some(last) = self.last.as_ref().filter(|last| last.task == task.id && last.is_live())
        {
            task.history.fence = last.fence;
            task.state = TaskState::InProgress { by: Holder::Attempt(last.reference) };
        }
        task
    }
}

impl<T: Read + ?Sized> Bent<'_, T> {
    fn bend_chat(&mut self, mut chat: Chat) -> Result<Chat, StoreError> {
        if self.is(Mutation::LeavingNotWaited) {
            chat.last = None;
        }
        let forgotten = chat.last.is_none_or(|last| last <= self.earlier);
        if self.is(Mutation::GiveUpForgotten) && forgotten && matches!(chat.state, ChatState::GaveUp { .. }) {
            chat.state = ChatState::Dormant;
            chat.failures = 0;
            chat.not_before = None;
        }
        if self.is(Mutation::WordsUnfenced)
            && self.words > 0
            && chat.handler().is_none()
            && let Some(last) = chat.last
            && let Some((attempt, _)) = self.inner.attempt(last)?.filter(|(attempt, _)| attempt.is_live())
        {
            let serving = Serving::new(last, 0);
            chat.state = ChatState::Live { serving };
            chat.fence = attempt.fence;
        }
        Ok(chat)
    }
}

/// Hands calls on as they are.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        $(fn $name(&mut self, $($argument: $type),*) -> Result<$answer, StoreError> {
            self.inner.$name($($argument),*)
        })+
    };
}

impl<T: Read + ?Sized> Read for Bent<'_, T> {
    hand_on! {
        next_due(now: Timestamp) -> Option<Timestamp>;
        waiting_for(id: &TaskId) -> Vec<TaskId>;
        dependents(id: &TaskId) -> Vec<TaskId>;
        lanes() -> Vec<Option<String>>;
        counts() -> Counts;
        attempts_of(id: &TaskId) -> Vec<Attempt>;
        attempts(page: Page) -> Vec<Attempt>;
        last_attempt() -> AttemptRef;
        log_of(id: &TaskId, last: Option<usize>) -> Vec<LogEntry>;
        messages_of(id: &TaskId) -> Vec<Message>;
        artifacts_of(id: &TaskId) -> Vec<Artifact>;
        imported(id: &TaskId) -> Option<Task>;
        last_chat() -> ChatNumber;
        entries_of(chat: ChatNumber, after: u64, limit: usize) -> Vec<Entry>;
        last_entry(chat: ChatNumber) -> u64;
        inbox_row(chat: ChatNumber, number: u64) -> Option<InboxRow>;
        inbox_open(chat: ChatNumber) -> Vec<InboxRow>;
        inbox_counts(chat: ChatNumber) -> InboxCounts;
        consumer(chat: ChatNumber) -> Consumer;
        pinged(now: Timestamp) -> Vec<(ChatNumber, Timestamp)>;
        effect(attempt: AttemptRef, kind: EffectKind) -> Option<EffectRow>;
        last_operation() -> OpSeq;
        operation(seq: OpSeq) -> Option<Operation>;
        operations_since(after: OpSeq, limit: usize) -> Vec<Operation>;
        operations_before(
            before: Option<OpSeq>,
            actor: Option<&Actor>,
            record: Option<&RecordKey>,
            limit: usize
        ) -> Vec<Operation>;
        changes_of(seq: OpSeq) -> Vec<Change>;
        changed_since(key: &RecordKey, seq: OpSeq) -> Option<OpSeq>;
        record_at(key: &RecordKey, seq: OpSeq) -> Option<Record>;
        visit_used(since: Day, visit: &mut dyn FnMut(Used)) -> ();
        visit_tasks_at(seq: OpSeq, visit: &mut dyn FnMut(Task) -> ControlFlow<()>) -> ();
        visit_tasks(
            filter: &TaskFilter,
            order: TaskOrder,
            page: Page,
            visit: &mut dyn FnMut(Task) -> ControlFlow<()>
        ) -> ();
    }

    fn chat(&mut self, number: ChatNumber) -> Result<Option<(Chat, u64)>, StoreError> {
        let found = match self.inner.chat(number)? {
            Some((chat, version)) => Some((self.bend_chat(chat)?, version)),
            None => None,
        };
        self.words = self.words.saturating_sub(1);
        Ok(found)
    }

    fn control(&mut self) -> Result<(Control, u64), StoreError> {
        let (mut control, version) = self.inner.control()?;
        if self.is(Mutation::DayPauseIgnored) {
            control.adapters.retain(|_, pause| !pause.budget);
        }
        Ok((control, version))
    }

    fn chats(&mut self, which: Chats) -> Result<Vec<Chat>, StoreError> {
        let mut chats = self.inner.chats(which)?;
        if self.is(Mutation::GiveUpForgotten) && which == Chats::Awake {
            chats.extend(self.inner.chats(Chats::GaveUp)?);
        }
        if self.is(Mutation::DemandIgnored) && which == Chats::Awake {
            chats.retain(|chat| chat.state != ChatState::Dormant || chat.last.is_none());
        }
        chats.into_iter().map(|chat| self.bend_chat(chat)).collect()
    }

    fn inbox_next(&mut self, chat: ChatNumber) -> Result<Option<InboxRow>, StoreError> {
        if self.is(Mutation::OrderIgnored) {
            let open = self.inner.inbox_open(chat)?;
            return Ok(open.into_iter().rfind(|row| row.state == InboxState::Waiting));
        }
        self.inner.inbox_next(chat)
    }

    fn live_attempts(&mut self) -> Result<Vec<Attempt>, StoreError> {
        let mut live = self.inner.live_attempts()?;
        if self.is(Mutation::ToldForgotten) {
            live.iter_mut().for_each(|attempt| attempt.progress.told = 0);
        }
        Ok(live.into_iter().map(|attempt| self.bend_attempt(attempt)).collect())
    }

    fn task(&mut self, id: &TaskId) -> Result<Option<(Task, u64)>, StoreError> {
        let found = self.inner.task(id)?;
        Ok(found.map(|(task, version)| (self.bend(task), version)))
    }

    fn attempt(&mut self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, StoreError> {
        let mut found = self.inner.attempt(reference)?;
        if self.is(Mutation::EndTakenTwice)
            && let Some((attempt, _)) = &mut found
            && !attempt.is_live()
        {
            attempt.state = AttemptState::Running { since: attempt.created_at };
        }
        self.last = found.as_ref().map(|(attempt, _)| attempt.clone());
        Ok(found.map(|(attempt, version)| (self.bend_attempt(attempt), version)))
    }

    fn ready(&mut self, query: &ReadyQuery) -> Result<Vec<Task>, StoreError> {
        let mut query = query.clone();
        if self.is(Mutation::BackOffIgnored) {
            query.now = Timestamp::from_nanos(i64::MAX);
        }
        let mut ready = self.inner.ready(&query)?;
        if self.is(Mutation::DependencyIgnored) && query.lane == Some(Some("shell".into())) {
            let open = TaskFilter {
                states: vec![StateName::Open],
                paused: Some(false),
                blocked: Some(true),
                ..TaskFilter::default()
            };
            self.inner.visit_tasks(&open, TaskOrder::Schedule, Page::first(query.limit), &mut |task| {
                ready.extend((task.run.lane() == Some("shell")).then_some(task));
                ControlFlow::Continue(())
            })?;
        }
        Ok(ready.into_iter().map(|task| self.bend(task)).collect())
    }

    fn unmet(&mut self, id: &TaskId) -> Result<u64, StoreError> {
        if self.is(Mutation::DependencyIgnored) { Ok(0) } else { self.inner.unmet(id) }
    }

    fn waits_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, StoreError> {
        if self.is(Mutation::WaitForgotten) { Ok(Vec::new()) } else { self.inner.waits_due(now, limit) }
    }

    fn open_effects(&mut self) -> Result<Vec<EffectRow>, StoreError> {
        let mut rows = self.inner.open_effects()?;
        if self.is(Mutation::KillOverlooked) {
            rows.retain(|row| row.effect.kind != EffectKind::Kill);
        }
        if self.is(Mutation::AdoptedKept) {
            let handlers: Vec<AttemptRef> = self
                .inner
                .live_attempts()?
                .iter()
                .filter(|attempt| self.is_kept(attempt))
                .map(|attempt| attempt.reference)
                .collect();
            rows.retain(|row| row.effect.kind != EffectKind::Kill || !handlers.contains(&row.effect.attempt));
        }
        if self.is(Mutation::LaunchForgotten) {
            rows.retain(|row| row.effect.kind != EffectKind::Launch || row.effect.attempt > self.earlier);
        }
        Ok(rows)
    }
}

impl Write for Bent<'_, dyn Write + '_> {
    hand_on! {
        remove_task(id: &TaskId) -> ();
        put_control(control: &Control) -> ();
        put_consumer(chat: ChatNumber, consumer: &Consumer) -> ();
        append_log(id: &TaskId, at: Timestamp, actor: &str, message: &str) -> ();
        append_message(id: &TaskId, at: Timestamp, from: &Actor, body: &str) -> ();
        append_artifact(id: &TaskId, at: Timestamp, actor: &str, path: &str) -> ();
        put_imported(task: &Task) -> ();
        free_effects(host: &str) -> ();
    }

    fn begin_operation(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        command: &Command,
    ) -> Result<OpSeq, StoreError> {
        self.purges = matches!(command, Command::Chat(ChatCommand::Purge { .. }));
        self.ends = match command {
            Command::AttemptEnded(ended) => Some(ended.attempt),
            _ => None,
        };
        self.operation = self.inner.begin_operation(at, actor, command)?;
        Ok(self.operation)
    }

    fn put_task(&mut self, task: &Task) -> Result<(), StoreError> {
        let mut task = task.clone();
        if self.is(Mutation::DayEndCounted)
            && let Some(ends) = self.ends
            && let Some((attempt, _)) = self.inner.attempt(ends)?
            && attempt.task == task.id
            && attempt.progress.capped_until.is_some()
        {
            task.history.spent += 1;
        }
        self.inner.put_task(&task)
    }

    fn put_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut attempt = attempt.clone();
        if self.is(Mutation::UsageToldAgain) {
            let before = self.inner.attempt(attempt.reference)?;
            attempt.progress.parsed = before.map_or(0, |(before, _)| before.progress.parsed);
        }
        self.inner.put_attempt(&attempt)
    }

    fn mark_read(&mut self, id: &TaskId, by: AttemptRef, through: u64) -> Result<(), StoreError> {
        if self.is(Mutation::ToldForgotten) { Ok(()) } else { self.inner.mark_read(id, by, through) }
    }

    fn put_chat(&mut self, chat: &Chat) -> Result<(), StoreError> {
        let mut chat = chat.clone();
        let before = self.inner.chat(chat.number)?.map(|(before, _)| before);
        if self.is(Mutation::LeavingNotWaited) && chat.last.is_none() {
            chat.last = before.as_ref().and_then(|before| before.last);
        }
        if self.is(Mutation::ParsedForgotten) {
            let same = before.filter(|before| before.last == chat.last);
            chat.parsed = same.map_or(0, |before| before.parsed);
        }
        self.inner.put_chat(&chat)
    }

    fn append_entry(&mut self, chat: ChatNumber, entry: &Entry) -> Result<(), StoreError> {
        self.note(chat, Row::Entry(entry.clone()));
        self.inner.append_entry(chat, entry)
    }

    fn put_inbox(&mut self, chat: ChatNumber, row: &InboxRow) -> Result<(), StoreError> {
        let mut row = row.clone();
        if self.is(Mutation::AnsweredForgotten) && row.state == InboxState::Answered {
            row.state = InboxState::Waiting;
        }
        self.note(chat, Row::Inbox(row.clone()));
        self.inner.put_inbox(chat, &row)
    }

    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError> {
        let purged = self.purges && self.is(Mutation::PurgeForgetsKill);
        let lost = ((self.is(Mutation::KillNotWritten) || purged) && effect.kind == EffectKind::Kill)
            || (self.is(Mutation::NeverSettled) && *state == EffectState::Settled);
        if lost { Ok(()) } else { self.inner.put_effect(effect, state) }
    }
}
