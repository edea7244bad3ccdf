//! Reading: every answer is derived from the records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Consumer, Entry, InboxCounts, InboxRow, InboxState, is_wanted};
use wg_core::control::{Control, Day};
use wg_core::effect::{EffectKind, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{
    Artifact, Chats, CountRow, Counts, LogEntry, Message, Page, Read, ReadyQuery, StoreError, TaskFilter,
    TaskOrder,
};
use wg_core::task::{StateName, Task, TaskKind, TaskState, Wait};
use wg_core::time::Timestamp;
use wg_core::used::Used;

use super::graph::{Body, Graph};
use crate::class::Class;
use crate::filter::Needle;

impl Graph {
    fn class(&self, task: &Task) -> Class {
        Class::of(task, self.unmet_of(task))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.values().map(|(task, _)| task)
    }

    fn passes(&self, task: &Task, filter: &TaskFilter, needle: Option<&Needle>) -> bool {
        filter.kind.is_none_or(|kind| task.kind == kind)
            && self.class(task).passes(filter)
            && filter.tags.iter().all(|tag| task.tags.contains(tag))
            && filter.parent.as_ref().is_none_or(|parent| task.parent.as_ref() == Some(parent))
            && filter.prefix.as_ref().is_none_or(|prefix| task.id.as_str().starts_with(prefix.as_str()))
            && needle.is_none_or(|needle| needle.is_in(task))
    }

    /// All but the places of chats.
    fn work(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.all().filter(|task| task.kind == TaskKind::Work)
    }

    /// Open, unblocked, not paused, with budget left: only time may hold them back.
    fn free(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.work().filter(|task| self.class(task) == Class::FREE)
    }

    /// The times that waiting tasks wait for.
    fn wait_times(&self) -> impl Iterator<Item = (Timestamp, &TaskId)> {
        self.all().filter_map(|task| match &task.state {
            TaskState::Waiting { on: Wait::Until(time) } => Some((*time, &task.id)),
            _ => None,
        })
    }
}

impl Read for Graph {
    fn task(&mut self, id: &TaskId) -> Result<Option<(Task, u64)>, StoreError> {
        let version = self.last_version(&RecordKey::Task(id.clone())).map_or(0, |version| version.number);
        Ok(self.tasks.get(id).map(|(task, _)| (Task::clone(task), version)))
    }

    fn visit_tasks(
        &mut self,
        filter: &TaskFilter,
        order: TaskOrder,
        page: Page,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let needle = filter.text.as_deref().map(Needle::new);
        let mut found: Vec<&Arc<Task>> =
            self.all().filter(|task| self.passes(task, filter, needle.as_ref())).collect();
        match order {
            TaskOrder::Id => {}
            TaskOrder::Schedule => found.sort_by_key(|task| task.age_key()),
            TaskOrder::Completed => found.sort_by_key(|task| Reverse(task.times.completed_at)),
        }
        for task in found.into_iter().skip(page.skip).take(page.limit) {
            if visit(Task::clone(task)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn ready(&mut self, query: &ReadyQuery) -> Result<Vec<Task>, StoreError> {
        let in_lane = |task: &Task| query.lane.as_ref().is_none_or(|lane| task.run.lane() == lane.as_deref());
        let mut found: Vec<&Arc<Task>> = self
            .free()
            .filter(|task| in_lane(task) && query.tags.takes(&task.tags))
            .filter(|task| task.times.not_before.is_none_or(|time| time <= query.now))
            .collect();
        found.sort_by_key(|task| task.age_key());
        Ok(found.into_iter().take(query.limit).map(|task| Task::clone(task)).collect())
    }

    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let starts = self.free().filter_map(|task| task.times.not_before);
        let waits = self.wait_times().map(|(time, _)| time);
        Ok(starts.chain(waits).filter(|time| *time > now).min())
    }

    fn waits_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, StoreError> {
        let due: BTreeSet<_> = self.wait_times().filter(|(time, _)| *time <= now).collect();
        Ok(due.into_iter().take(limit).map(|(_, id)| id.clone()).collect())
    }

    fn waiting_for(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError> {
        let waits = |task: &&Arc<Task>| match &task.state {
            TaskState::Waiting { on: Wait::Task(on) } => on == id,
            _ => false,
        };
        Ok(self.all().filter(waits).map(|task| task.id.clone()).collect())
    }

    fn dependents(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError> {
        Ok(self.all().filter(|task| task.after.contains(id)).map(|task| task.id.clone()).collect())
    }

    fn unmet(&mut self, id: &TaskId) -> Result<u64, StoreError> {
        Ok(self.tasks.get(id).map_or(0, |(task, _)| self.unmet_of(task)))
    }

    fn lanes(&mut self) -> Result<Vec<Option<String>>, StoreError> {
        let open = self.work().filter(|task| task.state.name() == StateName::Open);
        let lanes: BTreeSet<_> = open.map(|task| task.run.lane().map(str::to_owned)).collect();
        Ok(lanes.into_iter().collect())
    }

    fn counts(&mut self) -> Result<Counts, StoreError> {
        let mut counts: BTreeMap<Class, u64> = BTreeMap::new();
        for task in self.work() {
            *counts.entry(self.class(task)).or_default() += 1;
        }
        let row = |(class, tasks): (Class, u64)| CountRow {
            state: class.state(),
            blocked: class.is_blocked(),
            paused: class.is_paused(),
            used_up: class.is_used_up(),
            tasks,
        };
        Ok(Counts { rows: counts.into_iter().map(row).collect() })
    }

    fn attempt(&mut self, reference: AttemptRef) -> Result<Option<(Attempt, u64)>, StoreError> {
        let version = self.last_version(&RecordKey::Attempt(reference)).map_or(0, |version| version.number);
        Ok(self.attempts.get(&reference).map(|attempt| (Attempt::clone(attempt), version)))
    }

    fn attempts_of(&mut self, id: &TaskId) -> Result<Vec<Attempt>, StoreError> {
        let of_task = self.attempts.values().filter(|attempt| attempt.task == *id);
        Ok(of_task.map(|attempt| Attempt::clone(attempt)).collect())
    }

    fn live_attempts(&mut self) -> Result<Vec<Attempt>, StoreError> {
        let live = self.attempts.values().filter(|attempt| attempt.is_live());
        Ok(live.map(|attempt| Attempt::clone(attempt)).collect())
    }

    fn attempts(&mut self, page: Page) -> Result<Vec<Attempt>, StoreError> {
        let latest = self.attempts.values().rev().skip(page.skip).take(page.limit);
        Ok(latest.map(|attempt| Attempt::clone(attempt)).collect())
    }

    fn last_attempt(&mut self) -> Result<AttemptRef, StoreError> {
        Ok(self.attempts.keys().next_back().copied().unwrap_or(AttemptRef(0)))
    }

    fn log_of(&mut self, id: &TaskId, last: Option<usize>) -> Result<Vec<LogEntry>, StoreError> {
        let log = self.rows(id).map_or(&[][..], |rows| &rows.log);
        let skip = last.map_or(0, |last| log.len().saturating_sub(last));
        Ok(log[skip..].to_vec())
    }

    fn messages_of(&mut self, id: &TaskId) -> Result<Vec<Message>, StoreError> {
        Ok(self.rows(id).map(|rows| rows.messages.clone()).unwrap_or_default())
    }

    fn artifacts_of(&mut self, id: &TaskId) -> Result<Vec<Artifact>, StoreError> {
        Ok(self.rows(id).map(|rows| rows.artifacts.clone()).unwrap_or_default())
    }

    fn imported(&mut self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.imported.get(id).map(|task| Task::clone(task)))
    }

    fn chat(&mut self, number: ChatNumber) -> Result<Option<(Chat, u64)>, StoreError> {
        let version = self.last_version(&RecordKey::Chat(number)).map_or(0, |version| version.number);
        Ok(self.chats.get(&number).map(|chat| (Chat::clone(chat), version)))
    }

    fn chats(&mut self, which: Chats) -> Result<Vec<Chat>, StoreError> {
        let found = self.chats.values().filter(|chat| self.is_among(chat, which));
        Ok(found.map(|chat| Chat::clone(chat)).collect())
    }

    fn last_chat(&mut self) -> Result<ChatNumber, StoreError> {
        Ok(self.chats.keys().next_back().copied().unwrap_or(ChatNumber(0)))
    }

    fn entries_of(&mut self, chat: ChatNumber, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let entries = self.entries.get(&chat).map_or(&[][..], Vec::as_slice);
        Ok(entries.iter().filter(|entry| entry.number > after).take(limit).cloned().collect())
    }

    fn last_entry(&mut self, chat: ChatNumber) -> Result<u64, StoreError> {
        Ok(self.last_entry_of(chat))
    }

    fn inbox_row(&mut self, chat: ChatNumber, number: u64) -> Result<Option<InboxRow>, StoreError> {
        Ok(self.inbox.get(&(chat, number)).cloned())
    }

    fn inbox_next(&mut self, chat: ChatNumber) -> Result<Option<InboxRow>, StoreError> {
        Ok(self.inbox_of(chat).find(|row| row.state == InboxState::Waiting).cloned())
    }

    fn inbox_open(&mut self, chat: ChatNumber) -> Result<Vec<InboxRow>, StoreError> {
        Ok(self.inbox_of(chat).filter(|row| row.state != InboxState::Answered).cloned().collect())
    }

    fn inbox_counts(&mut self, chat: ChatNumber) -> Result<InboxCounts, StoreError> {
        let count = |state| self.inbox_of(chat).filter(|row| row.state == state).count() as u64;
        Ok(InboxCounts { waiting: count(InboxState::Waiting), set_aside: count(InboxState::SetAside) })
    }

    fn consumer(&mut self, chat: ChatNumber) -> Result<Consumer, StoreError> {
        Ok(self.consumers.get(&chat).copied().unwrap_or_default())
    }

    fn pinged(&mut self, now: Timestamp) -> Result<Vec<(ChatNumber, Timestamp)>, StoreError> {
        let pings = self.consumers.iter().filter_map(|(chat, consumer)| Some((*chat, consumer.ping_until?)));
        Ok(pings.filter(|(_, until)| is_wanted(false, Some(*until), false, now)).collect())
    }

    fn visit_used(&mut self, since: Day, visit: &mut dyn FnMut(Used)) -> Result<(), StoreError> {
        self.used().into_iter().filter(|used| used.day >= since).for_each(visit);
        Ok(())
    }

    fn control(&mut self) -> Result<(Control, u64), StoreError> {
        let version = self.last_version(&RecordKey::Control).map_or(0, |version| version.number);
        Ok((Control::clone(&self.control), version))
    }

    fn open_effects(&mut self) -> Result<Vec<EffectRow>, StoreError> {
        Ok(self.effects.values().filter(|row| row.state != EffectState::Settled).cloned().collect())
    }

    fn effect(&mut self, attempt: AttemptRef, kind: EffectKind) -> Result<Option<EffectRow>, StoreError> {
        Ok(self.effects.get(&(attempt, kind)).cloned())
    }

    fn last_operation(&mut self) -> Result<OpSeq, StoreError> {
        Ok(OpSeq(self.operations.len() as u64))
    }

    fn operation(&mut self, seq: OpSeq) -> Result<Option<Operation>, StoreError> {
        Ok(self.operations.iter().find(|operation| operation.seq == seq).cloned())
    }

    fn operations_since(&mut self, after: OpSeq, limit: usize) -> Result<Vec<Operation>, StoreError> {
        let skip = usize::try_from(after.0).unwrap_or(usize::MAX);
        Ok(self.operations.iter().skip(skip).take(limit).cloned().collect())
    }

    fn operations_before(
        &mut self,
        before: Option<OpSeq>,
        actor: Option<&Actor>,
        record: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let changed = |operation: &Operation| {
            record.is_none_or(|key| {
                let versions = self.versions.get(key).map_or(&[][..], Vec::as_slice);
                versions.iter().any(|version| version.op == operation.seq)
            })
        };
        let found = self.operations.iter().rev().filter(|operation| {
            before.is_none_or(|before| operation.seq < before)
                && actor.is_none_or(|actor| operation.actor == *actor)
                && changed(operation)
        });
        Ok(found.take(limit).cloned().collect())
    }

    fn changes_of(&mut self, seq: OpSeq) -> Result<Vec<Change>, StoreError> {
        let mut found = Vec::new();
        for (key, versions) in &self.versions {
            let Some(at) = versions.iter().position(|version| version.op == seq) else { continue };
            let before = at.checked_sub(1).and_then(|at| versions[at].body.as_ref());
            found.push(Change {
                key: key.clone(),
                version: versions[at].number,
                before: before.map(Body::record),
                after: versions[at].body.as_ref().map(Body::record),
            });
        }
        Ok(found)
    }

    fn changed_since(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<OpSeq>, StoreError> {
        let versions = self.versions.get(key).map_or(&[][..], Vec::as_slice);
        Ok(versions.iter().map(|version| version.op).find(|op| *op > seq))
    }

    fn record_at(&mut self, key: &RecordKey, seq: OpSeq) -> Result<Option<Record>, StoreError> {
        let body = self.version_at(key, seq).and_then(|version| version.body.as_ref());
        Ok(body.map(Body::record))
    }

    fn visit_tasks_at(
        &mut self,
        seq: OpSeq,
        visit: &mut dyn FnMut(Task) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for key in self.versions.keys() {
            let Some(version) = self.version_at(key, seq) else { continue };
            if let Some(Body::Task(task)) = &version.body
                && visit(Task::clone(task)).is_break()
            {
                break;
            }
        }
        Ok(())
    }
}
