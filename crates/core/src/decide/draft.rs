//! What is to be written, with reads that already see it.

use std::collections::BTreeMap;

use crate::attempt::{Attempt, AttemptEvent, Stop, step as attempt_step};
use crate::command::Command;
use crate::control::Control;
use crate::decide::Refusal;
use crate::decide::draft_chats::ChatRows;
use crate::effect::{Effect, EffectKind, EffectState};
use crate::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use crate::port::{Read, StoreError, Write};
use crate::rejection::Rejection;
use crate::step::Step;
use crate::task::{Task, TaskEvent, TaskKind, TaskState, step as task_step};
use crate::time::Timestamp;

/// A row to append.
enum Row {
    Log { task: TaskId, at: Timestamp, actor: String, message: String },
    Message { task: TaskId, at: Timestamp, from: Actor, body: String },
    Artifact { task: TaskId, at: Timestamp, actor: String, path: String },
}

/// What is to be written, with reads that already see it.
pub(crate) struct Draft<'a> {
    pub(crate) read: &'a mut dyn Read,
    pub(crate) actor: Actor,
    /// What is recorded; an undo fills in which operation was meant.
    pub(crate) command: Command,
    pub(crate) now: Timestamp,
    /// Lines for the one who asked.
    pub(crate) notes: Vec<String>,
    /// Numbers of messages to chats that were written or sent again.
    pub(crate) messages: Vec<u64>,
    /// A host whose claims are to be freed.
    pub(crate) free_host: Option<String>,
    /// A task whose messages this attempt has read.
    pub(crate) read_messages: Option<(TaskId, AttemptRef, u64)>,
    /// Tasks as an import brought them.
    pub(crate) imported: Vec<Task>,
    tasks: BTreeMap<TaskId, Option<Task>>,
    attempts: BTreeMap<AttemptRef, Attempt>,
    pub(super) chats: ChatRows,
    control: Option<Control>,
    rows: Vec<Row>,
    effects: Vec<(Effect, EffectState)>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(read: &'a mut dyn Read, actor: Actor, command: Command, now: Timestamp) -> Self {
        Self {
            read,
            actor,
            command,
            now,
            notes: Vec::new(),
            messages: Vec::new(),
            free_host: None,
            read_messages: None,
            imported: Vec::new(),
            tasks: BTreeMap::new(),
            attempts: BTreeMap::new(),
            chats: ChatRows::default(),
            control: None,
            rows: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// A task as it will be.
    pub(crate) fn find_task(&mut self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        match self.tasks.get(id) {
            Some(task) => Ok(task.clone()),
            None => Ok(self.read.task(id)?.map(|(task, _)| task)),
        }
    }

    /// A task as it will be; its absence is a rejection.
    pub(crate) fn task(&mut self, id: &TaskId) -> Result<Task, Refusal> {
        self.find_task(id)?.ok_or_else(|| Rejection::NoTask(id.clone()).into())
    }

    /// The tasks to be written that have a budget and an attempt at work.
    pub(crate) fn budgeted(&self) -> Vec<(Task, AttemptRef)> {
        let budgeted = self.tasks.values().flatten().filter(|task| !task.run.budget.is_empty());
        budgeted.filter_map(|task| Some((task.clone(), task.live_attempt()?))).collect()
    }

    pub(crate) fn put_task(&mut self, task: Task) {
        self.tasks.insert(task.id.clone(), Some(task));
    }

    pub(crate) fn remove_task(&mut self, id: &TaskId) {
        self.tasks.insert(id.clone(), None);
    }

    /// The dependencies of a task as they will be; none where it does not exist.
    pub(crate) fn after(&mut self, id: &TaskId) -> Result<Vec<TaskId>, StoreError> {
        Ok(self.find_task(id)?.map(|task| task.after.into_iter().collect()).unwrap_or_default())
    }

    pub(crate) fn attempt(&mut self, reference: AttemptRef) -> Result<Option<Attempt>, StoreError> {
        match self.attempts.get(&reference) {
            Some(attempt) => Ok(Some(attempt.clone())),
            None => Ok(self.read.attempt(reference)?.map(|(attempt, _)| attempt)),
        }
    }

    pub(crate) fn put_attempt(&mut self, attempt: Attempt) {
        self.attempts.insert(attempt.reference, attempt);
    }

    pub(crate) fn control(&mut self) -> Result<Control, StoreError> {
        match &self.control {
            Some(control) => Ok(control.clone()),
            None => Ok(self.read.control()?.0),
        }
    }

    pub(crate) fn put_control(&mut self, control: Control) {
        self.control = Some(control);
    }

    pub(crate) fn effect(&mut self, kind: EffectKind, attempt: &Attempt, state: EffectState) {
        let effect = Effect { kind, attempt: attempt.reference, fence: attempt.fence };
        self.effects.push((effect, state));
    }

    /// Appends to a task's log, as the actor, now.
    pub(crate) fn log(&mut self, task: &TaskId, message: impl Into<String>) {
        self.log_as(task, self.now, self.actor.to_string(), message.into());
    }

    /// Appends what somebody said at some time.
    pub(crate) fn log_as(&mut self, task: &TaskId, at: Timestamp, actor: String, message: String) {
        self.rows.push(Row::Log { task: task.clone(), at, actor, message });
    }

    /// Appends to a task's messages.
    pub(crate) fn message(&mut self, task: &TaskId, at: Timestamp, from: Actor, body: String) {
        self.rows.push(Row::Message { task: task.clone(), at, from, body });
    }

    /// Appends to a task's artifacts.
    pub(crate) fn artifact(&mut self, task: &TaskId, at: Timestamp, actor: String, path: String) {
        self.rows.push(Row::Artifact { task: task.clone(), at, actor, path });
    }

    /// Steps a task's machine and follows what comes of it: the log, the end of an attempt that lost its
    /// task, and the tasks that waited for this one.
    pub(crate) fn step_task(&mut self, task: Task, event: TaskEvent) -> Result<(), Refusal> {
        refuse_chat(&task, verb(&event))?;
        let (id, running, was_final) = (task.id.clone(), task.live_attempt(), task.state.is_final());
        let Step { state, effects, log } = task_step(task, event, self.now)?;
        let to = state.state.clone();
        self.put_task(state);
        for line in log {
            self.log(&id, line);
        }
        if let Some(attempt) = running.filter(|_| effects.contains(&EffectKind::Kill)) {
            self.ask_to_stop(attempt, format!("{id} is {}", to.name()))?;
        }
        if to.is_final() && !was_final {
            self.wake_waiting(&id, &to)?;
        }
        Ok(())
    }

    /// Notes on an attempt that its end is wanted, with the effect that brings it.
    pub(crate) fn ask_to_stop(&mut self, reference: AttemptRef, why: String) -> Result<(), Refusal> {
        let attempt = self.attempt(reference)?.ok_or(Rejection::NoAttempt(reference))?;
        let stop = Stop { by: self.actor.clone(), at: self.now, why };
        let Step { state, effects, .. } = attempt_step(attempt, AttemptEvent::StopAsked(stop))?;
        for kind in effects {
            self.effect(kind, &state, EffectState::Pending);
        }
        self.put_attempt(state);
        Ok(())
    }

    fn wake_waiting(&mut self, id: &TaskId, to: &TaskState) -> Result<(), Refusal> {
        for waiting in self.read.waiting_for(id)? {
            let never =
                (*to != TaskState::Done).then(|| format!("it waited for {id}, which is {}", to.name()));
            if let Some(task) = self.find_task(&waiting)? {
                self.step_task(task, TaskEvent::WaitOver(never))?;
            }
        }
        Ok(())
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.attempts.is_empty()
            && self.chats.is_empty()
            && self.control.is_none()
            && self.rows.is_empty()
            && self.effects.is_empty()
            && self.free_host.is_none()
            && self.read_messages.is_none()
            && self.imported.is_empty()
    }

    /// Everything but the view, so that the view can be written through.
    pub(crate) fn close(self) -> Closed {
        Closed {
            actor: self.actor,
            command: self.command,
            now: self.now,
            notes: self.notes,
            messages: self.messages,
            free_host: self.free_host,
            read_messages: self.read_messages,
            imported: self.imported,
            tasks: self.tasks,
            attempts: self.attempts,
            chats: self.chats,
            control: self.control,
            rows: self.rows,
            effects: self.effects,
        }
    }
}

/// A draft that reads no more.
pub(crate) struct Closed {
    actor: Actor,
    command: Command,
    now: Timestamp,
    pub(crate) notes: Vec<String>,
    pub(crate) messages: Vec<u64>,
    free_host: Option<String>,
    read_messages: Option<(TaskId, AttemptRef, u64)>,
    imported: Vec<Task>,
    pub(crate) tasks: BTreeMap<TaskId, Option<Task>>,
    pub(crate) attempts: BTreeMap<AttemptRef, Attempt>,
    chats: ChatRows,
    control: Option<Control>,
    rows: Vec<Row>,
    effects: Vec<(Effect, EffectState)>,
}

impl Closed {
    /// Writes what belongs to no operation.
    pub(crate) fn write_aside(&self, to: &mut dyn Write) -> Result<(), StoreError> {
        self.chats.write_consumers(to)
    }

    /// Writes everything else as one operation.
    pub(crate) fn write(&self, to: &mut dyn Write) -> Result<OpSeq, StoreError> {
        let seq = to.begin_operation(self.now, &self.actor, &self.command)?;
        for (id, task) in &self.tasks {
            match task {
                Some(task) => to.put_task(task)?,
                None => to.remove_task(id)?,
            }
        }
        for attempt in self.attempts.values() {
            to.put_attempt(attempt)?;
        }
        self.chats.write(to)?;
        if let Some(control) = &self.control {
            to.put_control(control)?;
        }
        if let Some(host) = &self.free_host {
            to.free_effects(host)?;
        }
        for (effect, state) in &self.effects {
            to.put_effect(effect, state)?;
        }
        for task in &self.imported {
            to.put_imported(task)?;
        }
        if let Some((task, attempt, through)) = &self.read_messages {
            to.mark_read(task, *attempt, *through)?;
        }
        for row in &self.rows {
            match row {
                Row::Log { task, at, actor, message } => to.append_log(task, *at, actor, message)?,
                Row::Message { task, at, from, body } => to.append_message(task, *at, from, body)?,
                Row::Artifact { task, at, actor, path } => to.append_artifact(task, *at, actor, path)?,
            }
        }
        Ok(seq)
    }
}

/// What a chat's task is not, as a participle: each turn of it has a bound.
pub(super) const BUDGETED: &str = "given a budget";

/// What is done to work is not done to a chat, whose task follows from its own record.
pub(super) fn refuse_chat(task: &Task, verb: &'static str) -> Result<(), Rejection> {
    match ChatNumber::of_task(&task.id).filter(|_| task.kind == TaskKind::Chat) {
        Some(chat) => {
            let hint = match verb {
                "paused" => format!("wg chat stop {chat}"),
                "resumed" => format!("wg chat resume {chat}"),
                "opened again" => format!("wg chat restore {chat}"),
                "done" | "failed" | "abandoned" => format!("wg chat archive {chat}"),
                BUDGETED => "wg config set budget.attempt_tokens N; it bounds each turn of a chat".to_owned(),
                _ => format!("wg chat show {chat}"),
            };
            Err(Rejection::IsChat { chat, verb, hint })
        }
        None => Ok(()),
    }
}

fn verb(event: &TaskEvent) -> &'static str {
    match event {
        TaskEvent::Claimed(_) => "claimed",
        TaskEvent::Unclaimed => "given back",
        TaskEvent::Done(_) => "done",
        TaskEvent::Failed(_) => "failed",
        TaskEvent::Waits(_) | TaskEvent::WaitOver(_) => "set aside",
        TaskEvent::Abandoned(_) => "abandoned",
        TaskEvent::Reopened { .. } => "opened again",
        TaskEvent::Paused => "paused",
        TaskEvent::Resumed => "resumed",
        TaskEvent::Started(_) | TaskEvent::Throttled(_) | TaskEvent::Ended(_) => "dispatched",
    }
}
