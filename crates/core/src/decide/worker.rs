//! What an attempt may say: its own task's log, artifacts, messages and end, new tasks found while working,
//! and messages to others. Everything else is refused here, whatever the door let through.

use crate::attempt::{Attempt, AttemptEvent, AttemptKind, Report, step as attempt_step};
use crate::command::{ChatCommand, Command, NewTask};
use crate::decide::{Draft, Refusal, chats, edit, people};
use crate::id::{AttemptRef, ChatNumber, TaskId};
use crate::rejection::Rejection;

pub(super) fn decide(draft: &mut Draft<'_>, reference: AttemptRef, command: Command) -> Result<(), Refusal> {
    let attempt = current(draft, reference)?;
    if attempt.kind == AttemptKind::Handler {
        return of_chat(draft, &attempt, command);
    }
    let own = |task: &TaskId| {
        if *task == attempt.task {
            return Ok(());
        }
        let why = format!("{reference} works on {}, not on {task}", attempt.task);
        Err(Rejection::NotAllowed { actor: draft.actor.clone(), why })
    };
    match command {
        Command::Log { task, message } => {
            own(&task)?;
            people::log(draft, &task, &message)
        }
        Command::AddArtifact { task, path } => {
            own(&task)?;
            people::artifact(draft, &task, &path)
        }
        Command::ReadMessages { task } => {
            own(&task)?;
            draft.read_messages = Some((task, reference, u64::MAX));
            Ok(())
        }
        Command::PostMessage { task, body } => people::message(draft, &task, &body),
        Command::Done { tasks, summary } => {
            tasks.iter().try_for_each(own)?;
            report(draft, attempt, Report::Done(summary))
        }
        Command::Fail { tasks, reason } => {
            tasks.iter().try_for_each(own)?;
            report(draft, attempt, Report::Failed(reason))
        }
        Command::Wait { task, on } => {
            own(&task)?;
            people::check_wait(draft, &task, &on)?;
            report(draft, attempt, Report::Waiting(on))
        }
        Command::Add(new) => add(draft, &attempt, *new),
        other => {
            let why = format!("an attempt can't `{}`", other.verb());
            Err(Rejection::NotAllowed { actor: draft.actor.clone(), why }.into())
        }
    }
}

/// The attempt, which must hold its task now.
fn current(draft: &mut Draft<'_>, reference: AttemptRef) -> Result<Attempt, Refusal> {
    let attempt = draft.attempt(reference)?.ok_or(Rejection::NoAttempt(reference))?;
    if attempt.kind == AttemptKind::Handler {
        let chat = match ChatNumber::of_task(&attempt.task) {
            Some(number) => draft.find_chat(number)?,
            None => None,
        };
        let serves = chat.is_some_and(|c| c.fence == attempt.fence && c.handler() == Some(reference));
        return if serves && attempt.is_live() {
            Ok(attempt)
        } else {
            Err(Rejection::Stale { attempt: reference, task: attempt.task }.into())
        };
    }
    let task = draft.task(&attempt.task)?;
    let holds =
        attempt.is_live() && task.history.fence == attempt.fence && task.live_attempt() == Some(reference);
    if holds { Ok(attempt) } else { Err(Rejection::Stale { attempt: reference, task: attempt.task }.into()) }
}

fn report(draft: &mut Draft<'_>, attempt: Attempt, report: Report) -> Result<(), Refusal> {
    let line = match &report {
        Report::Done(Some(summary)) => format!("reports done: {summary}"),
        Report::Done(None) => "reports done".to_owned(),
        Report::Failed(reason) => format!("reports failed: {reason}"),
        Report::Waiting(on) => format!("wants to wait for {on}"),
    };
    draft.log(&attempt.task, line);
    let stepped = attempt_step(attempt, AttemptEvent::Reported(report))?;
    draft.put_attempt(stepped.state);
    Ok(())
}

/// What a chat's agent may do: read and change the graph as a person would, but neither what runs the graph
/// (pauses, imports, adapters) nor what only a dispatcher says.
fn of_chat(draft: &mut Draft<'_>, attempt: &Attempt, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Add(mut new) => {
            refuse_exec(draft, attempt, new.run.exec.is_some())?;
            new.discovered_from = Some(attempt.task.clone());
            edit::add(draft, *new)
        }
        Command::Edit { tasks, patch } => {
            refuse_exec(draft, attempt, matches!(patch.run.exec, Some(Some(_))))?;
            edit::edit(draft, &tasks, &patch)
        }
        Command::Chat(ChatCommand::Create(new)) => {
            refuse_exec(draft, attempt, new.run.exec.is_some())?;
            chats::decide(draft, ChatCommand::Create(new))
        }
        Command::Chat(
            command @ (ChatCommand::Send { .. }
            | ChatCommand::Hold { .. }
            | ChatCommand::Archive { .. }
            | ChatCommand::Purge { .. }),
        ) => chats::decide(draft, command),
        Command::ReadMessages { .. } => Ok(()),
        command @ (Command::Log { .. }
        | Command::Done { .. }
        | Command::Fail { .. }
        | Command::Retry { .. }
        | Command::Reopen { .. }
        | Command::Wait { .. }
        | Command::Abandon { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::AddArtifact { .. }
        | Command::PostMessage { .. }
        | Command::Kill { .. }
        | Command::Undo { .. }) => super::of_person(draft, command),
        other => {
            let why = format!("a chat's agent can't `{}`", other.verb());
            Err(Rejection::NotAllowed { actor: draft.actor.clone(), why }.into())
        }
    }
}

/// An agent that works under stricter rules than a command can't leave them by way of the graph.
fn refuse_exec(draft: &Draft<'_>, attempt: &Attempt, exec: bool) -> Result<(), Rejection> {
    if !exec || matches!(attempt.adapter.as_str(), "shell" | "command") {
        return Ok(());
    }
    let why =
        format!("a task's command is for a person or a `shell` attempt to give, not for {}", attempt.adapter);
    Err(Rejection::NotAllowed { actor: draft.actor.clone(), why })
}

/// A task found while working. It may carry a command only where the attempt itself is one.
fn add(draft: &mut Draft<'_>, attempt: &Attempt, mut new: NewTask) -> Result<(), Refusal> {
    refuse_exec(draft, attempt, new.run.exec.is_some())?;
    new.discovered_from = Some(attempt.task.clone());
    edit::add(draft, new)
}
