//! Operations as they are told: one line for people, one object for programs.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::command::{ChatCommand, Command, DayBudget, Ended, Patch, RunPatch, SetPatch};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
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
        let tasks = subjects(read, &operation)?;
        let text = match &operation.command {
            // What was recorded: a report, or a stop that was asked for, goes before what was seen.
            Command::AttemptEnded(ended) => Some(end_of(read, ended)?),
            command => said(command),
        };
        Ok(Self {
            seq: operation.seq,
            at: operation.at,
            verb: operation.command.verb(),
            text,
            actor: operation.actor,
            tasks,
        })
    }

    /// Prints its line.
    pub fn print(&self, ctx: &mut Context) -> Result<()> {
        let paint = ctx.out.paint();
        let (names, more) = self.names();
        let head =
            format!("{:>5}  {}  {}  ", self.seq.0, ctx.time(self.at), text::line(&self.actor.to_string()));
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

    /// What was done, in one line: `done k3: it works`.
    #[must_use]
    pub fn what(&self) -> String {
        let (names, more) = self.names();
        let what = format!("{} {names}{more}", self.verb);
        match &self.text {
            None => what.trim_end().to_owned(),
            Some(said) => format!("{}: {}", what.trim_end(), text::line(said)),
        }
    }

    /// The first tasks, and how many more there are.
    fn names(&self) -> (String, String) {
        let names = self.tasks.iter().take(NAMED).map(TaskId::as_str).collect::<Vec<_>>().join(", ");
        match self.tasks.len().saturating_sub(NAMED) {
            0 => (names, String::new()),
            more => (names, format!(" and {more} more")),
        }
    }
}

/// The tasks that an operation is about. What it changed is read only where it changed little: an import of a
/// hundred thousand tasks is told as fast as anything else.
fn subjects(read: &mut dyn Read, operation: &Operation) -> Result<Vec<TaskId>> {
    Ok(match &operation.command {
        Command::Edit { tasks, .. }
        | Command::Done { tasks, .. }
        | Command::Fail { tasks, .. }
        | Command::Retry { tasks }
        | Command::Reopen { tasks }
        | Command::Abandon { tasks, .. }
        | Command::Pause { tasks }
        | Command::Resume { tasks } => tasks.clone(),
        Command::Log { task, .. }
        | Command::AddArtifact { task, .. }
        | Command::PostMessage { task, .. }
        | Command::ReadMessages { task }
        | Command::Wait { task, .. }
        | Command::WaitOver { task, .. }
        | Command::Claim { task }
        | Command::Unclaim { task } => vec![task.clone()],
        Command::StartAttempt(start) => vec![start.task.clone()],
        Command::Add(_) => made(read, operation.seq)?,
        Command::Kill { attempts, .. } => of_attempts(read, attempts)?,
        Command::AttemptStarted { attempt, .. } => of_attempts(read, &[*attempt])?,
        Command::AttemptTold { attempt, .. } => of_attempts(read, &[*attempt])?,
        Command::AttemptHeard(heard) => of_attempts(read, &[heard.attempt])?,
        Command::AttemptEnded(ended) => of_attempts(read, &[ended.attempt])?,
        Command::DayBudget(DayBudget::UsedUp { attempts, .. }) => of_attempts(read, attempts)?,
        Command::Chat(ChatCommand::Create(_)) => made(read, operation.seq)?,
        Command::Chat(command) => chats(command).into_iter().map(ChatNumber::task_id).collect(),
        Command::Undo { .. }
        | Command::Import(_)
        | Command::PauseDispatch
        | Command::ResumeDispatch
        | Command::ResumeAdapter { .. }
        | Command::AdapterChanged { .. }
        | Command::DayBudget(DayBudget::Raised | DayBudget::CountedAnew)
        | Command::DispatcherStarted { .. } => Vec::new(),
    })
}

/// The chats that a command names; a purge names none.
fn chats(command: &ChatCommand) -> Vec<ChatNumber> {
    match command {
        ChatCommand::Hold { chats }
        | ChatCommand::Resume { chats }
        | ChatCommand::Archive { chats }
        | ChatCommand::Restore { chats } => chats.clone(),
        ChatCommand::Send { chat, .. }
        | ChatCommand::Resend { chat, .. }
        | ChatCommand::Interrupt { chat, .. }
        | ChatCommand::Answer { chat, .. }
        | ChatCommand::Queue { chat, .. }
        | ChatCommand::Deliver { chat, .. }
        | ChatCommand::Want { chat }
        | ChatCommand::Unwant { chat, .. }
        | ChatCommand::Drain { chat, .. }
        | ChatCommand::NotReady { chat, .. }
        | ChatCommand::TurnTimedOut { chat, .. }
        | ChatCommand::InterruptIgnored { chat, .. }
        | ChatCommand::Configured { chat, .. }
        | ChatCommand::Consumed { chat, .. } => vec![*chat],
        ChatCommand::TakeIn(imported) => vec![imported.chat.number],
        ChatCommand::Start(start) => vec![start.chat],
        ChatCommand::Heard(heard) => vec![heard.chat],
        ChatCommand::Create(_) | ChatCommand::Purge { .. } | ChatCommand::Rename => Vec::new(),
    }
}

fn made(read: &mut dyn Read, seq: OpSeq) -> Result<Vec<TaskId>> {
    let tasks = read.changes_of(seq)?.into_iter().filter_map(|change| match change.key {
        RecordKey::Task(id) => Some(id),
        RecordKey::Attempt(_) | RecordKey::Control | RecordKey::Chat(_) => None,
    });
    Ok(tasks.collect())
}

fn of_attempts(read: &mut dyn Read, attempts: &[AttemptRef]) -> Result<Vec<TaskId>> {
    let mut tasks = Vec::with_capacity(attempts.len());
    for reference in attempts {
        tasks.extend(read.attempt(*reference)?.map(|(attempt, _)| attempt.task));
    }
    Ok(tasks)
}

fn end_of(read: &mut dyn Read, ended: &Ended) -> Result<String> {
    let attempt = read.attempt(ended.attempt)?.map(|(attempt, _)| attempt);
    let outcome = attempt.as_ref().and_then(Attempt::outcome).unwrap_or(&ended.seen);
    Ok(format!("{} {outcome}", ended.attempt))
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
        Command::DayBudget(DayBudget::UsedUp { why, .. }) => Some(why.clone()),
        Command::DayBudget(DayBudget::Raised) => Some("raised".into()),
        Command::DayBudget(DayBudget::CountedAnew) => Some("counted anew".into()),
        Command::StartAttempt(start) => Some(format!("by {} on {}", start.adapter, start.host)),
        Command::AttemptStarted { attempt, .. } => Some(attempt.to_string()),
        Command::AttemptTold { attempt, .. } => Some(attempt.to_string()),
        Command::AttemptHeard(heard) => Some(heard.attempt.to_string()),
        Command::AttemptEnded(ended) => Some(format!("{} {}", ended.attempt, ended.seen)),
        Command::DispatcherStarted { host } => Some(host.clone()),
        Command::WaitOver { never, .. } => never.clone(),
        Command::Undo { operation } => operation.map(|seq| format!("operation {seq}")),
        Command::Edit { patch, .. } => Some(touched(patch).join(", ")),
        Command::Chat(command) => said_of_chat(command),
        Command::Retry { .. }
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

fn said_of_chat(command: &ChatCommand) -> Option<String> {
    match command {
        ChatCommand::Create(new) => new.name.clone(),
        ChatCommand::Send { text, .. } => Some(text.clone()),
        ChatCommand::Resend { messages, .. } if !messages.is_empty() => {
            Some(messages.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
        }
        ChatCommand::Answer { choice, .. } => choice.clone(),
        ChatCommand::Queue { why, .. } => Some(why.to_string()),
        ChatCommand::Drain { why, .. } => Some(why.to_string()),
        ChatCommand::Deliver { handler, message, .. } => Some(format!("message {message} to {handler}")),
        ChatCommand::NotReady { handler, .. } => Some(handler.to_string()),
        ChatCommand::TurnTimedOut { handler, message, .. }
        | ChatCommand::InterruptIgnored { handler, message, .. } => {
            Some(format!("message {message} by {handler}"))
        }
        ChatCommand::Heard(heard) => Some(heard.handler.to_string()),
        ChatCommand::Resend { .. }
        | ChatCommand::Interrupt { .. }
        | ChatCommand::Hold { .. }
        | ChatCommand::Resume { .. }
        | ChatCommand::Archive { .. }
        | ChatCommand::Restore { .. }
        | ChatCommand::Purge { .. }
        | ChatCommand::Rename
        | ChatCommand::TakeIn(_)
        | ChatCommand::Start(_)
        | ChatCommand::Want { .. }
        | ChatCommand::Unwant { .. }
        | ChatCommand::Configured { .. }
        | ChatCommand::Consumed { .. } => None,
    }
}

/// The fields that an edit touches, as people call them.
fn touched(patch: &Patch) -> Vec<String> {
    let Patch { title, description, priority, tags, skills, after, parent, .. } = patch;
    let Patch { deliverables, paths, not_before, run, visibility, .. } = patch;
    let RunPatch { exec, adapter, model, timeout, max_attempts, budget_tokens, budget_cost } = run;
    let fields = [
        (title.is_some(), "title"),
        (description.is_some(), "description"),
        (parent.is_some(), "parent"),
        (deliverables.is_some(), "deliverables"),
        (paths.is_some(), "paths"),
        (not_before.is_some(), "not before"),
        (exec.is_some(), "command"),
        (adapter.is_some(), "adapter"),
        (model.is_some(), "model"),
        (timeout.is_some(), "timeout"),
        (max_attempts.is_some(), "max attempts"),
        (budget_tokens.is_some(), "budget of tokens"),
        (budget_cost.is_some(), "budget of cost"),
        (visibility.is_some(), "visibility"),
    ];
    let sets = [set("after", after), set("tags", tags), set("skills", skills)];
    let mut said: Vec<String> = sets.into_iter().flatten().collect();
    said.extend(priority.map(|priority| format!("priority {priority}")));
    said.extend(fields.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()));
    said
}

fn set<T: Ord + Display>(name: &str, patch: &SetPatch<T>) -> Option<String> {
    let added = patch.add.iter().map(|member| format!("+{member}"));
    let removed = patch.remove.iter().map(|member| format!("-{member}"));
    let members: Vec<String> = added.chain(removed).collect();
    (!members.is_empty()).then(|| format!("{name} {}", members.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &Command, tasks: &[&str]) -> String {
        let tasks = tasks.iter().map(|name| TaskId::slug(name)).collect();
        let (actor, at) = (Actor::User("ann".into()), Timestamp::default());
        Told { seq: OpSeq(1), at, actor, verb: command.verb(), tasks, text: said(command) }.what()
    }

    #[test]
    fn an_operation_is_told_in_one_line() {
        let done = Command::Done { tasks: Vec::new(), summary: Some("it\nworks".into()) };
        assert_eq!(told(&done, &["a", "b", "c", "d", "e"]), "done a, b, c and 2 more: it");
        assert_eq!(told(&Command::Abandon { tasks: Vec::new(), reason: None }, &["a"]), "abandon a");
        assert_eq!(told(&Command::PauseDispatch, &[]), "service pause");
        assert_eq!(told(&Command::Undo { operation: Some(OpSeq(7)) }, &[]), "undo: operation 7");
    }

    #[test]
    fn an_edit_tells_what_it_touches() {
        let mut patch = Patch { title: Some("T".into()), ..Patch::default() };
        patch.after.add.insert(TaskId::slug("x"));
        patch.after.remove.insert(TaskId::slug("y"));
        patch.run.exec = Some(None);
        let edit = Command::Edit { tasks: Vec::new(), patch: Box::new(patch) };
        assert_eq!(told(&edit, &["a"]), "edit a: after +x -y, title, command");
    }
}
