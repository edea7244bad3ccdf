//! Bugs to be planted, one at a time, at the ports: so that it can be shown that the simulator finds each.
//! The program itself has no switch for any of them.

use std::ops::ControlFlow;

use wg_core::attempt::{Attempt, AttemptState};
use wg_core::command::Command;
use wg_core::control::Control;
use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{
    Artifact, Counts, LogEntry, Message, Page, Read, ReadyQuery, Store, StoreError, TaskFilter, TaskOrder,
    WatchGuard, Write,
};
use wg_core::task::{Holder, StateName, Task, TaskState};
use wg_core::time::Timestamp;
use wg_store::memory::MemoryStore;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// An attempt's end moves its task although its fence is an old one.
    FenceUnchecked,
    /// The end of an attempt that is over already is taken once more.
    EndTakenTwice,
    /// The effect that a kill is to have is not written.
    KillNotWritten,
    /// Kill effects that a dead command left are overlooked.
    KillOverlooked,
    /// Effects are never settled.
    NeverSettled,
    /// A task is tried again without its pause.
    BackOffIgnored,
    /// The bucket of a task's starts is always full.
    BucketIgnored,
    /// A task starts although its dependencies are not done.
    DependencyIgnored,
    /// Nobody looks at tasks whose time to wait for has come.
    WaitForgotten,
    /// Commits of others are not heard of.
    ChangeUnheard,
    /// The dispatcher's timer does not ring.
    TimerLost,
    /// A launch that was committed is forgotten when the dispatcher dies.
    LaunchForgotten,
    /// Recovery does not read exit records.
    RecordUnread,
    /// A shim goes on without its lock, and makes its mark although it is there.
    StartNotExclusive,
    /// A shim does not look into the store before it starts its agent.
    StoreUnchecked,
    /// An exit is told before it is written.
    ToldBeforeWritten,
    /// What can't be told is taken for dead.
    UnknownTakenForDead,
    /// Only the agent's process group is ended.
    GroupKillOnly,
    /// A process is signalled by its number alone.
    NumberAlone,
}

impl Mutation {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::FenceUnchecked,
        Self::EndTakenTwice,
        Self::KillNotWritten,
        Self::KillOverlooked,
        Self::NeverSettled,
        Self::BackOffIgnored,
        Self::BucketIgnored,
        Self::DependencyIgnored,
        Self::WaitForgotten,
        Self::ChangeUnheard,
        Self::TimerLost,
        Self::LaunchForgotten,
        Self::RecordUnread,
        Self::StartNotExclusive,
        Self::StoreUnchecked,
        Self::ToldBeforeWritten,
        Self::UnknownTakenForDead,
        Self::GroupKillOnly,
        Self::NumberAlone,
    ];
}

/// The store as the program under test sees it: with the planted bug, and busy when it is to be.
pub(super) struct Port {
    pub(super) inner: MemoryStore,
    pub(super) mutation: Option<Mutation>,
    pub(super) busy: bool,
    /// The last attempt of an earlier dispatcher.
    pub(super) earlier: AttemptRef,
}

impl Store for Port {
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mutation, earlier) = (self.mutation, self.earlier);
        self.inner.read(&mut |inner| work(&mut Bent { inner, mutation, earlier, last: None }))
    }

    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if std::mem::take(&mut self.busy) {
            return Err(StoreError::Busy("as the simulator wants it".into()));
        }
        let (mutation, earlier) = (self.mutation, self.earlier);
        self.inner.write(&mut |inner| work(&mut Bent { inner, mutation, earlier, last: None }))
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
}

impl<T: ?Sized> Bent<'_, T> {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
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
        live_attempts() -> Vec<Attempt>;
        attempts(page: Page) -> Vec<Attempt>;
        last_attempt() -> AttemptRef;
        log_of(id: &TaskId, last: Option<usize>) -> Vec<LogEntry>;
        messages_of(id: &TaskId) -> Vec<Message>;
        artifacts_of(id: &TaskId) -> Vec<Artifact>;
        imported(id: &TaskId) -> Option<Task>;
        control() -> (Control, u64);
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
        visit_tasks_at(seq: OpSeq, visit: &mut dyn FnMut(Task) -> ControlFlow<()>) -> ();
        visit_tasks(
            filter: &TaskFilter,
            order: TaskOrder,
            page: Page,
            visit: &mut dyn FnMut(Task) -> ControlFlow<()>
        ) -> ();
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
        Ok(found)
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
        if self.is(Mutation::LaunchForgotten) {
            rows.retain(|row| row.effect.kind != EffectKind::Launch || row.effect.attempt > self.earlier);
        }
        Ok(rows)
    }
}

impl Write for Bent<'_, dyn Write + '_> {
    hand_on! {
        begin_operation(at: Timestamp, actor: &Actor, command: &Command) -> OpSeq;
        put_task(task: &Task) -> ();
        remove_task(id: &TaskId) -> ();
        put_attempt(attempt: &Attempt) -> ();
        put_control(control: &Control) -> ();
        append_log(id: &TaskId, at: Timestamp, actor: &str, message: &str) -> ();
        append_message(id: &TaskId, at: Timestamp, from: &Actor, body: &str) -> ();
        mark_read(id: &TaskId, by: AttemptRef) -> ();
        append_artifact(id: &TaskId, at: Timestamp, actor: &str, path: &str) -> ();
        put_imported(task: &Task) -> ();
        free_effects(host: &str) -> ();
    }

    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError> {
        let lost = (self.is(Mutation::KillNotWritten) && effect.kind == EffectKind::Kill)
            || (self.is(Mutation::NeverSettled) && *state == EffectState::Settled);
        if lost { Ok(()) } else { self.inner.put_effect(effect, state) }
    }
}
