//! Tasks and attempts as programs read them: the fields of `docs/json.md`, flat, the empty ones left out.

use serde::ser::{Serialize, SerializeMap, Serializer};
use wg_core::attempt::{Attempt, AttemptState, Outcome};
use wg_core::id::{AttemptRef, TaskId};
use wg_core::task::{Holder, Task, TaskState};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use crate::telling::reason::Said;

/// A task with what is derived of it, where that was asked for.
pub struct TaskRecord<'a> {
    /// The task.
    pub task: &'a Task,
    /// Why it is not running.
    pub said: Option<&'a Said>,
}

impl<'a> TaskRecord<'a> {
    /// A task alone.
    #[must_use]
    pub fn bare(task: &'a Task) -> Self {
        Self { task, said: None }
    }
}

impl Serialize for TaskRecord<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let task = self.task;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("id", &task.id)?;
        map.serialize_entry("title", &task.title)?;
        map.serialize_entry("state", &task.state.name())?;
        state(&task.state, &mut map)?;
        map.serialize_entry("paused", &task.paused)?;
        if let Some(said) = self.said {
            map.serialize_entry("shown", said.word)?;
            map.serialize_entry("why", &said.sentence)?;
            map.serialize_entry("needs_you", &said.needs_you)?;
        }
        map.serialize_entry("priority", &task.priority.0)?;
        list("tags", &task.tags, &mut map)?;
        list("skills", &task.skills, &mut map)?;
        list("after", &task.after, &mut map)?;
        some("parent", task.parent.as_ref(), &mut map)?;
        some("discovered_from", task.discovered_from.as_ref(), &mut map)?;
        list("deliverables", &task.deliverables, &mut map)?;
        list("paths", &task.paths, &mut map)?;
        some("exec", task.run.exec.as_ref(), &mut map)?;
        some("adapter", task.run.adapter.as_ref(), &mut map)?;
        some("model", task.run.model.as_ref(), &mut map)?;
        some("agent", task.run.agent.as_ref(), &mut map)?;
        some("timeout_seconds", task.run.timeout.map(|span| span.as_secs_f64()), &mut map)?;
        some("max_attempts", task.run.max_attempts, &mut map)?;
        some("budget", Some(task.run.budget).filter(|budget| !budget.is_empty()), &mut map)?;
        some("used", Some(&task.history.used).filter(|used| !used.is_empty()), &mut map)?;
        map.serialize_entry("created_at", &task.times.created_at)?;
        some("started_at", task.times.started_at, &mut map)?;
        some("completed_at", task.times.completed_at, &mut map)?;
        some("not_before", task.times.not_before, &mut map)?;
        map.serialize_entry("attempts", &task.history.attempts)?;
        some("assigned", task.history.last, &mut map)?;
        map.serialize_entry("visibility", &task.visibility)?;
        if !task.description.is_empty() {
            map.serialize_entry("description", &task.description)?;
        }
        if !task.notes.is_empty() {
            map.serialize_entry("notes", &task.notes)?;
        }
        map.end()
    }
}

fn state<M: SerializeMap>(state: &TaskState, map: &mut M) -> Result<(), M::Error> {
    match state {
        TaskState::InProgress { by: Holder::Person(name) } => {
            map.serialize_entry("held_by", &format!("user:{name}"))
        }
        TaskState::InProgress { by: Holder::Attempt(attempt) } => map.serialize_entry("held_by", attempt),
        TaskState::Waiting { on } => map.serialize_entry("waits_for", on),
        TaskState::Failed { reason } => map.serialize_entry("failure", reason),
        TaskState::Abandoned { reason: Some(reason) } => map.serialize_entry("failure", reason),
        TaskState::InProgress { by: Holder::Chat } => map.serialize_entry("held_by", "chat"),
        TaskState::Open | TaskState::InReview | TaskState::Done | TaskState::Abandoned { reason: None } => {
            Ok(())
        }
    }
}

fn some<M: SerializeMap>(
    key: &'static str,
    value: Option<impl Serialize>,
    map: &mut M,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}

fn list<'v, M, L>(key: &'static str, list: &'v L, map: &mut M) -> Result<(), M::Error>
where
    M: SerializeMap,
    L: Serialize,
    &'v L: IntoIterator,
{
    match list.into_iter().next() {
        None => Ok(()),
        Some(_) => map.serialize_entry(key, list),
    }
}

/// An attempt.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AttemptRecord {
    attempt: AttemptRef,
    task: TaskId,
    number: u32,
    adapter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    host: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    running_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Usage::is_empty")]
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

impl AttemptRecord {
    /// The record of an attempt.
    #[must_use]
    pub fn of(attempt: &Attempt) -> Self {
        let (state, running_since, ended_at) = match &attempt.state {
            AttemptState::Starting => ("starting", None, None),
            AttemptState::Running { since } => ("running", Some(*since), None),
            AttemptState::Finished { at, .. } => ("finished", None, Some(*at)),
        };
        Self {
            attempt: attempt.reference,
            task: attempt.task.clone(),
            number: attempt.number,
            adapter: attempt.adapter.clone(),
            model: attempt.model.clone(),
            host: attempt.host.clone(),
            state,
            outcome: attempt.outcome().map(Outcome::class),
            detail: attempt.outcome().map(ToString::to_string),
            created_at: attempt.created_at,
            running_since,
            ended_at,
            pid: attempt.shim.as_ref().map(|shim| shim.pid),
            session: attempt.progress.session.clone(),
            usage: attempt.progress.usage(),
            words: attempt.progress.words.clone(),
        }
    }
}
