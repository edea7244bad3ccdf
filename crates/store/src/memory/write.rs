//! Writing: every change notes how to take it back.

use std::sync::Arc;

use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Consumer, Entry, InboxRow};
use wg_core::command::Command;
use wg_core::control::Control;
use wg_core::effect::{Effect, EffectRow, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::operation::{Operation, RecordKey};
use wg_core::port::{Artifact, LogEntry, Message, StoreError, Write};
use wg_core::task::Task;
use wg_core::time::Timestamp;

use super::graph::{Body, Graph, Rows, Undo, Version};

impl Graph {
    /// The operation that is being written.
    pub(super) fn current(&self) -> Result<OpSeq, StoreError> {
        let none = || StoreError::Failed("something was written outside of an operation".into());
        self.current.ok_or_else(none)
    }

    /// Writes the next version of a record; a second one within an operation replaces the first, and one that
    /// was both made and removed in it leaves no trace.
    pub(super) fn record(&mut self, key: RecordKey, body: Option<Body>) -> Result<(), StoreError> {
        let op = self.current()?;
        let versions = self.versions.entry(key.clone()).or_default();
        let count = versions.len();
        let last = versions.pop_if(|last| last.op == op);
        let number = last.as_ref().map_or(count as u64 + 1, |last| last.number);
        let was_there = versions.last().is_some_and(|before| before.body.is_some());
        if body.is_some() || was_there {
            versions.push(Version { op, number, body });
        }
        self.undo.push(Undo::Versions(key, count, last));
        Ok(())
    }

    /// The rows of a task that are about to grow.
    fn growing(&mut self, id: &TaskId) -> Result<&mut Rows, StoreError> {
        self.current()?;
        let none = || StoreError::Failed(format!("there is no task {id} to write to"));
        let (_, rows) = self.tasks.get_mut(id).ok_or_else(none)?;
        let lengths = (rows.log.len(), rows.messages.len(), rows.artifacts.len());
        self.undo.push(Undo::Rows(id.clone(), lengths.0, lengths.1, lengths.2));
        Ok(rows)
    }
}

impl Write for Graph {
    fn begin_operation(
        &mut self,
        at: Timestamp,
        actor: &Actor,
        command: &Command,
    ) -> Result<OpSeq, StoreError> {
        let seq = OpSeq(self.operations.len() as u64 + 1);
        self.operations.push(Operation { seq, at, actor: actor.clone(), command: command.clone() });
        self.undo.push(Undo::Operation);
        self.current = Some(seq);
        Ok(seq)
    }

    fn put_task(&mut self, task: &Task) -> Result<(), StoreError> {
        let task = Arc::new(task.clone());
        self.record(RecordKey::Task(task.id.clone()), Some(Body::Task(Arc::clone(&task))))?;
        let undo = match self.tasks.get_mut(&task.id) {
            Some(found) => {
                Undo::TaskBody(task.id.clone(), std::mem::replace(&mut found.0, Arc::clone(&task)))
            }
            None => {
                self.tasks.insert(task.id.clone(), (Arc::clone(&task), Rows::default()));
                Undo::Task(task.id.clone(), None)
            }
        };
        self.undo.push(undo);
        Ok(())
    }

    fn remove_task(&mut self, id: &TaskId) -> Result<(), StoreError> {
        self.current()?;
        if let Some(task) = self.tasks.remove(id) {
            self.undo.push(Undo::Task(id.clone(), Some(task)));
            self.record(RecordKey::Task(id.clone()), None)?;
        }
        Ok(())
    }

    fn put_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let attempt = Arc::new(attempt.clone());
        let reference = attempt.reference;
        self.record(RecordKey::Attempt(reference), Some(Body::Attempt(Arc::clone(&attempt))))?;
        let before = self.attempts.insert(reference, attempt);
        self.undo.push(Undo::Attempt(reference, before));
        Ok(())
    }

    fn put_chat(&mut self, chat: &Chat) -> Result<(), StoreError> {
        self.write_chat(chat)
    }

    fn append_entry(&mut self, chat: ChatNumber, entry: &Entry) -> Result<(), StoreError> {
        self.write_entry(chat, entry)
    }

    fn put_inbox(&mut self, chat: ChatNumber, row: &InboxRow) -> Result<(), StoreError> {
        self.write_inbox(chat, row)
    }

    fn put_consumer(&mut self, chat: ChatNumber, consumer: &Consumer) -> Result<(), StoreError> {
        let before = self.consumers.insert(chat, *consumer);
        self.undo.push(Undo::Consumer(chat, before));
        Ok(())
    }

    fn put_control(&mut self, control: &Control) -> Result<(), StoreError> {
        let control = Arc::new(control.clone());
        self.record(RecordKey::Control, Some(Body::Control(Arc::clone(&control))))?;
        let before = std::mem::replace(&mut self.control, control);
        self.undo.push(Undo::Control(before));
        Ok(())
    }

    fn append_log(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        message: &str,
    ) -> Result<(), StoreError> {
        let operation = self.current()?;
        let entry = LogEntry { at, actor: actor.to_owned(), message: message.to_owned(), operation };
        self.growing(id)?.log.push(entry);
        Ok(())
    }

    fn append_message(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        from: &Actor,
        body: &str,
    ) -> Result<(), StoreError> {
        let messages = &mut self.growing(id)?.messages;
        let number = messages.len() as u64 + 1;
        messages.push(Message { number, at, from: from.clone(), body: body.to_owned(), read_by: None });
        Ok(())
    }

    fn mark_read(&mut self, id: &TaskId, by: AttemptRef, through: u64) -> Result<(), StoreError> {
        self.current()?;
        let Some((_, rows)) = self.tasks.get_mut(id) else { return Ok(()) };
        for (index, message) in rows.messages.iter_mut().enumerate() {
            if message.read_by.is_none() && message.number <= through {
                message.read_by = Some(by);
                self.undo.push(Undo::Unread(id.clone(), index));
            }
        }
        Ok(())
    }

    fn append_artifact(
        &mut self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        path: &str,
    ) -> Result<(), StoreError> {
        let artifacts = &mut self.growing(id)?.artifacts;
        if !artifacts.iter().any(|artifact| artifact.path == path) {
            artifacts.push(Artifact { at, actor: actor.to_owned(), path: path.to_owned() });
        }
        Ok(())
    }

    fn put_imported(&mut self, task: &Task) -> Result<(), StoreError> {
        self.current()?;
        let before = self.imported.insert(task.id.clone(), Arc::new(task.clone()));
        self.undo.push(Undo::Imported(task.id.clone(), before));
        Ok(())
    }

    fn put_effect(&mut self, effect: &Effect, state: &EffectState) -> Result<(), StoreError> {
        self.current()?;
        let key = (effect.attempt, effect.kind);
        if self.effects.get(&key).is_some_and(|row| row.state == EffectState::Settled) {
            return Ok(());
        }
        let before = self.effects.insert(key, EffectRow { effect: *effect, state: state.clone() });
        self.undo.push(Undo::Effect(key, before));
        Ok(())
    }

    fn free_effects(&mut self, host: &str) -> Result<(), StoreError> {
        self.current()?;
        for (key, row) in &mut self.effects {
            if matches!(&row.state, EffectState::Claimed(by) if by == host) {
                self.undo.push(Undo::Effect(*key, Some(row.clone())));
                row.state = EffectState::Pending;
            }
        }
        Ok(())
    }
}
