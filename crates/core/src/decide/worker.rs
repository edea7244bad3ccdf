//! What an attempt may say: its own task's log, artifacts, messages and end, new tasks found while working,
//! and messages to others. Everything else is refused here, whatever the door let through.

use crate::attempt::{Attempt, AttemptEvent, Report, step as attempt_step};
use crate::command::{Command, NewTask};
use crate::decide::{Draft, Refusal, edit, people};
use crate::id::{AttemptRef, TaskId};
use crate::rejection::Rejection;

pub(super) fn decide(draft: &mut Draft<'_>, reference: AttemptRef, command: Command) -> Result<(), Refusal> {
    let attempt = current(draft, reference)?;
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
            draft.read_messages = Some((task, reference));
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

/// A task found while working. It may carry a command only where the attempt itself is one: an agent that
/// works under stricter rules can't leave them by way of the graph.
fn add(draft: &mut Draft<'_>, attempt: &Attempt, mut new: NewTask) -> Result<(), Refusal> {
    if new.run.exec.is_some() && attempt.adapter != "shell" {
        let why = format!(
            "a task with a command can be added by a person or a `shell` attempt, not by {}",
            attempt.adapter
        );
        return Err(Rejection::NotAllowed { actor: draft.actor.clone(), why }.into());
    }
    new.discovered_from = Some(attempt.task.clone());
    edit::add(draft, new)
}
