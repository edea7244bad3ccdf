//! `wg show`: everything there is to say of a task.

use serde::Serialize;
use wg_core::id::{OpSeq, TaskId};
use wg_core::operation::{Record, RecordKey};
use wg_core::port::{Artifact, LogEntry, Message, Read};
use wg_core::task::{StateName, Task};

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::telling::next_prompt;
use crate::telling::past;
use crate::telling::reason::{self, Said, Times};
use crate::telling::record::{AttemptRecord, TaskRecord};
use crate::telling::relatives::{self, Relative};
use crate::telling::story::{self, Story};
use crate::telling::works::Works;

/// Tell a task's whole story
///
/// What it is, why it is not running, what it depends on and what requires it, its attempts, messages,
/// artifacts and log.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
    /// As it was after this operation
    #[arg(long, value_name = "N")]
    at_op: Option<u64>,
    /// Print what an agent would be told that began to work on it now, and nothing else
    #[arg(long, conflicts_with = "at_op")]
    prompt: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    task: TaskRecord<'a>,
    depends_on: &'a [Relative],
    required_by: &'a [Relative],
    attempts: &'a [AttemptRecord],
    messages: &'a [Message],
    artifacts: &'a [Artifact],
    log: &'a [LogEntry],
    #[serde(skip_serializing_if = "Option::is_none")]
    works: Option<&'a Works>,
}

/// Tells it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    if args.prompt {
        return next_prompt::show(ctx, &args.task);
    }
    let exact = ctx.out.form.exact_times || ctx.out.form.json;
    let story = match args.at_op {
        Some(seq) => ctx.read(|read| then(read, &args.task, OpSeq(seq), exact))?,
        None => {
            let seen = ctx.surroundings()?;
            let times = Times { now: ctx.now(), exact };
            ctx.read(|read| {
                let id = resolve::task_id(read, &args.task)?;
                let task = resolve::found(read, &id)?;
                let said = reason::of(read, &task, &seen, times)?;
                let required = read.dependents(&id)?;
                let attempts = read.attempts_of(&id)?;
                let works = Works::on(&seen.policy, &task);
                rows(read, Story { required, attempts, works, ..Story::of(task, said) })
            })?
        }
    };
    if !ctx.out.form.json {
        ctx.out.page();
        return story::print(ctx, &story);
    }
    let attempts: Vec<AttemptRecord> = story.attempts.iter().map(AttemptRecord::of).collect();
    Ok(ctx.out.json(&Document {
        task: TaskRecord { task: &story.task, said: Some(&story.said) },
        depends_on: &story.depends_on,
        required_by: &story.required_by,
        attempts: &attempts,
        messages: &story.messages,
        artifacts: &story.artifacts,
        log: &story.log,
        works: story.works.as_ref(),
    })?)
}

/// What stands in rows of its own.
fn rows(read: &mut dyn Read, story: Story) -> Result<Story> {
    let id = &story.task.id;
    Ok(Story {
        depends_on: relatives::of(read, story.task.after.iter(), usize::MAX)?,
        required_by: relatives::of(read, story.required.iter(), usize::MAX)?,
        messages: read.messages_of(id)?,
        artifacts: read.artifacts_of(id)?,
        log: read.log_of(id, None)?,
        ..story
    })
}

/// The story as it stood after an operation.
fn then(read: &mut dyn Read, typed: &str, seq: OpSeq, exact: bool) -> Result<Story> {
    let at = past::operation(read, seq)?.at;
    let id = match TaskId::parse(typed) {
        Ok(id) if task_at(read, &id, seq)?.is_some() => id,
        _ => resolve::task_id(read, typed)?,
    };
    let missing = || Failure::not_found(format!("there was no task {id} after operation {seq}"));
    let task = task_at(read, &id, seq)?.ok_or_else(missing)?;
    let mut depends_on = Vec::new();
    for id in &task.after {
        let then = task_at(read, id, seq)?;
        let (state, title) = then.map(|task| (task.state.name(), task.title)).unzip();
        depends_on.push(Relative { id: id.clone(), state, title });
    }
    let state = |id: &TaskId| -> Option<StateName> {
        depends_on.iter().find(|relative| relative.id == *id).and_then(|relative| relative.state)
    };
    let unmet = past::unmet(&task, state);
    let chat = past::chats(read, std::iter::once(&id), seq)?.remove(&id);
    let said: Said = past::then(&task, unmet, chat, Times { now: at, exact });
    let mut story = rows(read, Story::of(task, said))?;
    for attempt in read.attempts_of(&id)? {
        if let Some(Record::Attempt(attempt)) = read.record_at(&RecordKey::Attempt(attempt.reference), seq)? {
            story.attempts.push(*attempt);
        }
    }
    story.log.retain(|entry| entry.operation <= seq);
    story.messages.retain(|message| message.at <= at);
    story.artifacts.retain(|artifact| artifact.at <= at);
    Ok(Story { depends_on, at: Some((seq, at)), ..story })
}

fn task_at(read: &mut dyn Read, id: &TaskId, seq: OpSeq) -> Result<Option<Task>> {
    Ok(match read.record_at(&RecordKey::Task(id.clone()), seq)? {
        Some(Record::Task(task)) => Some(*task),
        _ => None,
    })
}
