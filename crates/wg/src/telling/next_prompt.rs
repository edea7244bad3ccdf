//! What an agent would be told that began to work on a task now.

use std::io::Write;

use serde::Serialize;
use wg_agents::prompt;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Progress};
use wg_core::id::{AttemptRef, TaskId};
use wg_core::task::{Task, TaskKind};
use wg_core::time::Timestamp;
use wg_dispatch::prompt::prompt_facts;

use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;

#[derive(Serialize)]
struct Told<'a> {
    task: &'a TaskId,
    prompt: &'a str,
}

/// Prints it. Nothing is started, and nothing of it is kept.
pub fn show(ctx: &mut Context, typed: &str) -> Result<()> {
    let folder = ctx.folder()?.to_owned();
    let template = config::prompt_template(ctx.config()?, &folder)?;
    let now = ctx.now();
    let (id, facts) = ctx.read(|read| {
        let id = resolve::task_id(read, typed)?;
        let task = resolve::found(read, &id)?;
        refuse_without(&task)?;
        let attempt = next(&task, read.last_attempt()?, now);
        Ok((id, prompt_facts(read, &task, &attempt)?))
    })?;
    let text = prompt::render(template.as_deref(), &facts).map_err(|error| {
        Failure::refused("the template of prompts can't be used for this task").because(error)
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { task: &id, prompt: &text })?);
    }
    ctx.out.page();
    Ok(ctx.out.write_all(text.as_bytes())?)
}

/// Refuses tasks of whose work nobody is told.
fn refuse_without(task: &Task) -> Result<()> {
    let id = &task.id;
    if task.kind == TaskKind::Chat {
        return Err(Failure::refused(format!("{id} is a chat: its agent is told what is said there"))
            .hint(format!("wg chat history {id}")));
    }
    if task.run.exec.is_some() {
        return Err(Failure::refused(format!(
            "{id} has a command, which is run as it is: nobody is told anything"
        ))
        .hint(format!("wg show {id}")));
    }
    Ok(())
}

/// The attempt that would be the next: of no adapter and no host yet.
fn next(task: &Task, last: AttemptRef, now: Timestamp) -> Attempt {
    Attempt {
        reference: AttemptRef(last.0 + 1),
        task: task.id.clone(),
        kind: AttemptKind::Work,
        number: task.history.attempts + 1,
        fence: task.history.fence.next(),
        nonce: 0,
        adapter: String::new(),
        model: None,
        host: String::new(),
        state: AttemptState::Starting,
        created_at: now,
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress::default(),
    }
}
