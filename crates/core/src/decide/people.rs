//! What a person says of tasks and of the dispatcher.

use crate::control::Pause;
use crate::decide::{Draft, Refusal, chats};
use crate::id::{Actor, TaskId};
use crate::rejection::{Rejection, raise};
use crate::task::{TaskEvent, TaskState, Wait};

fn each(draft: &mut Draft<'_>, tasks: &[TaskId], event: &dyn Fn() -> TaskEvent) -> Result<(), Refusal> {
    let mut same: Vec<String> = Vec::new();
    for id in tasks {
        let task = draft.task(id)?;
        match draft.step_task(task, event()) {
            // Of several, those that are as asked already stand in nobody's way.
            Err(Refusal::Rejected(Rejection::Nothing(why))) => same.push(why),
            other => other?,
        }
    }
    if draft.is_empty() {
        let what = if same.is_empty() { "no task was named".to_owned() } else { same.join(", ") };
        return Err(Rejection::Nothing(what).into());
    }
    draft.notes.append(&mut same);
    Ok(())
}

/// As [`each`], and says of those whose budget is used up that they start no more for it.
fn let_start(draft: &mut Draft<'_>, tasks: &[TaskId], event: &dyn Fn() -> TaskEvent) -> Result<(), Refusal> {
    each(draft, tasks, event)?;
    for id in tasks {
        let task = draft.task(id)?;
        if let Some(met) = task.used_up().filter(|_| task.state == TaskState::Open) {
            draft.notes.push(format!("{id} does not start: {}; {}", met.used_up(), raise(id, &met)));
        }
    }
    Ok(())
}

/// A chat is done when it is archived.
pub(super) fn done(draft: &mut Draft<'_>, tasks: &[TaskId], summary: Option<&str>) -> Result<(), Refusal> {
    let mut chosen = Vec::new();
    let mut work = Vec::new();
    for id in tasks {
        match chats::of_task(draft, id)? {
            Some(chat) => chosen.push(chat),
            None => work.push(id.clone()),
        }
    }
    if !chosen.is_empty() {
        chats::archive(draft, &chosen)?;
    }
    if work.is_empty() && !chosen.is_empty() {
        return Ok(());
    }
    let tasks = &work[..];
    each(draft, tasks, &|| TaskEvent::Done(summary.map(str::to_owned)))
}

pub(super) fn fail(draft: &mut Draft<'_>, tasks: &[TaskId], reason: &str) -> Result<(), Refusal> {
    each(draft, tasks, &|| TaskEvent::Failed(reason.to_owned()))
}

pub(super) fn abandon(draft: &mut Draft<'_>, tasks: &[TaskId], reason: Option<&str>) -> Result<(), Refusal> {
    each(draft, tasks, &|| TaskEvent::Abandoned(reason.map(str::to_owned)))
}

pub(super) fn reopen(draft: &mut Draft<'_>, tasks: &[TaskId], resume: bool) -> Result<(), Refusal> {
    let_start(draft, tasks, &|| TaskEvent::Reopened { resume })
}

pub(super) fn pause(draft: &mut Draft<'_>, tasks: &[TaskId], paused: bool) -> Result<(), Refusal> {
    if paused {
        each(draft, tasks, &|| TaskEvent::Paused)
    } else {
        let_start(draft, tasks, &|| TaskEvent::Resumed)
    }
}

pub(super) fn wait(draft: &mut Draft<'_>, task: &TaskId, on: Wait) -> Result<(), Refusal> {
    check_wait(draft, task, &on)?;
    let task = draft.task(task)?;
    draft.step_task(task, TaskEvent::Waits(on))
}

/// Refuses to wait for what has come already, can't come, or would be a task waiting for itself.
pub(super) fn check_wait(draft: &mut Draft<'_>, task: &TaskId, on: &Wait) -> Result<(), Refusal> {
    let why = match on {
        Wait::Task(other) if other == task => "a task can't wait for itself".to_owned(),
        Wait::Task(other) => match draft.task(other)?.state {
            TaskState::Done => format!("{other} is done already"),
            TaskState::Failed { .. } | TaskState::Abandoned { .. } => format!("{other} will not be done"),
            TaskState::Open
            | TaskState::InProgress { .. }
            | TaskState::Waiting { .. }
            | TaskState::InReview => {
                return Ok(());
            }
        },
        Wait::Until(time) if *time <= draft.now => format!("{time} is past"),
        Wait::Until(_) | Wait::Message | Wait::Person(_) => return Ok(()),
    };
    Err(Rejection::Nothing(why).into())
}

pub(super) fn claim(draft: &mut Draft<'_>, task: &TaskId) -> Result<(), Refusal> {
    let name = match &draft.actor {
        Actor::User(name) => name.clone(),
        Actor::Agent(_) | Actor::Dispatcher(_) => {
            let why = "only a person claims a task".to_owned();
            return Err(Rejection::NotAllowed { actor: draft.actor.clone(), why }.into());
        }
    };
    let task = draft.task(task)?;
    let unmet = crate::graph::unmet(draft.read, &task)?;
    if !unmet.is_empty() {
        let names = unmet.iter().map(|unmet| unmet.task.as_str()).collect::<Vec<_>>().join(", ");
        draft.notes.push(format!("{} still depends on {names}", task.id));
    }
    draft.step_task(task, TaskEvent::Claimed(name))
}

pub(super) fn unclaim(draft: &mut Draft<'_>, task: &TaskId) -> Result<(), Refusal> {
    let task = draft.task(task)?;
    draft.step_task(task, TaskEvent::Unclaimed)
}

pub(super) fn log(draft: &mut Draft<'_>, task: &TaskId, message: &str) -> Result<(), Refusal> {
    let task = draft.task(task)?.id;
    draft.log(&task, said(message, "a log entry")?);
    Ok(())
}

pub(super) fn artifact(draft: &mut Draft<'_>, task: &TaskId, path: &str) -> Result<(), Refusal> {
    let task = draft.task(task)?.id;
    let path = said(path, "an artifact")?.to_owned();
    draft.artifact(&task, draft.now, draft.actor.to_string(), path);
    Ok(())
}

pub(super) fn message(draft: &mut Draft<'_>, task: &TaskId, body: &str) -> Result<(), Refusal> {
    if let Some(chat) = chats::of_task(draft, task)? {
        return chats::send(draft, chat, body);
    }
    let task = draft.task(task)?;
    let body = said(body, "a message")?.to_owned();
    draft.message(&task.id, draft.now, draft.actor.clone(), body);
    if task.state == (TaskState::Waiting { on: Wait::Message }) {
        draft.step_task(task, TaskEvent::WaitOver(None))?;
    }
    Ok(())
}

pub(super) fn said<'t>(text: &'t str, what: &str) -> Result<&'t str, Rejection> {
    let text = text.trim_end();
    if text.trim().is_empty() { Err(Rejection::Invalid(format!("{what} can't be empty"))) } else { Ok(text) }
}

pub(super) fn dispatch(draft: &mut Draft<'_>, pause: bool) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    if control.paused.is_some() == pause {
        let how = if pause { "paused already" } else { "not paused" };
        return Err(Rejection::Nothing(format!("dispatching is {how}")).into());
    }
    control.paused = pause.then(|| Pause { by: draft.actor.clone(), at: draft.now });
    draft.put_control(control);
    Ok(())
}
