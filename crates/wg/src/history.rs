//! Operations as they are told: one line for people, one object for programs.

use std::io::Write;

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::{Actor, OpSeq, TaskId};
use wg_core::operation::{Operation, RecordKey};
use wg_core::port::Read;
use wg_core::time::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::output::text;

/// Tasks that are named in a line.
const NAMED: usize = 3;

/// An operation and the tasks that it concerns.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its number.
    pub seq: OpSeq,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The verb.
    pub verb: &'static str,
    /// The tasks.
    pub tasks: Vec<TaskId>,
    /// What was said with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Told {
    /// An operation with what it changed.
    pub fn of(read: &mut dyn Read, operation: Operation) -> Result<Self> {
        let changes = read.changes_of(operation.seq)?;
        let mut tasks: Vec<TaskId> = changes
            .into_iter()
            .filter_map(|change| match change.key {
                RecordKey::Task(id) => Some(id),
                RecordKey::Attempt(_) | RecordKey::Control => None,
            })
            .collect();
        if tasks.is_empty() {
            tasks.extend(subject(&operation.command).cloned());
        }
        Ok(Self {
            seq: operation.seq,
            at: operation.at,
            verb: operation.command.verb(),
            text: said(&operation.command),
            actor: operation.actor,
            tasks,
        })
    }

    /// Prints its line.
    pub fn print(&self, ctx: &mut Context) -> Result<()> {
        let paint = ctx.out.paint();
        let more = match self.tasks.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names = self.tasks.iter().take(NAMED).map(TaskId::as_str).collect::<Vec<_>>().join(", ");
        let head = format!("{:>5}  {}  {}  ", self.seq.0, ctx.time(self.at), self.actor);
        let what = format!("{} {names}{more}", self.verb);
        let used = text::width(&head) + text::width(&what);
        let beside = match (&self.text, ctx.out.form.width) {
            (None, _) => String::new(),
            (Some(said), None) => format!(": {}", text::line(said)),
            (Some(said), Some(width)) => {
                text::cut(&format!(": {}", text::line(said)), width.saturating_sub(used))
            }
        };
        let what = format!("{} {}{more}", self.verb, paint.cyan(&names));
        Ok(writeln!(ctx.out, "{}{}{beside}", paint.dim(&head), what.trim_end())?)
    }
}

/// The task that a command names, where its changes do not.
fn subject(command: &Command) -> Option<&TaskId> {
    match command {
        Command::Log { task, .. }
        | Command::AddArtifact { task, .. }
        | Command::PostMessage { task, .. }
        | Command::ReadMessages { task }
        | Command::Wait { task, .. }
        | Command::WaitOver { task, .. } => Some(task),
        Command::Done { tasks, .. } | Command::Fail { tasks, .. } => tasks.first(),
        _ => None,
    }
}

/// What was said with a command.
fn said(command: &Command) -> Option<String> {
    match command {
        Command::Add(new) => Some(new.title.clone()),
        Command::Log { message, .. } => Some(message.clone()),
        Command::PostMessage { body, .. } => Some(body.clone()),
        Command::AddArtifact { path, .. } => Some(path.clone()),
        Command::Done { summary, .. } => summary.clone(),
        Command::Fail { reason, .. } => Some(reason.clone()),
        Command::Abandon { reason, .. } => reason.clone(),
        Command::Wait { on, .. } => Some(on.to_string()),
        Command::Kill { why, .. } => Some(why.clone()),
        Command::Import(import) => Some(import.source.clone()),
        Command::ResumeAdapter { adapter } | Command::AdapterChanged { adapter } => Some(adapter.clone()),
        Command::StartAttempt(start) => Some(format!("by {} on {}", start.adapter, start.host)),
        Command::AttemptStarted { attempt, .. } => Some(attempt.to_string()),
        Command::AttemptEnded(ended) => Some(format!("{} {}", ended.attempt, ended.seen)),
        Command::DispatcherStarted { host } => Some(host.clone()),
        Command::WaitOver { never, .. } => never.clone(),
        Command::Undo { operation } => operation.map(|seq| format!("operation {seq}")),
        Command::Edit { .. }
        | Command::Retry { .. }
        | Command::Reopen { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Claim { .. }
        | Command::Unclaim { .. }
        | Command::ReadMessages { .. }
        | Command::PauseDispatch
        | Command::ResumeDispatch => None,
    }
}
