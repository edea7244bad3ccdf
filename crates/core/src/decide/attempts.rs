//! Attempts: how they start, what is told of them, how they end.

use crate::attempt::{
    Attempt, AttemptEvent, AttemptKind, AttemptState, Budget, Outcome, ProcessIdentity, step as attempt_step,
};
use crate::budget::PER_TASK;
use crate::chat::Said;
use crate::command::{AttemptHeard, Ended, Start};
use crate::decide::providers::{self, Trouble};
use crate::decide::{Draft, Refusal, day, handlers};
use crate::effect::{EffectKind, EffectState};
use crate::id::{AttemptRef, ChatNumber, Fence, TaskId};
use crate::rejection::Rejection;
use crate::schedule::leaving;
use crate::task::{AttemptEnd, TaskEvent, TaskState, Wait};
use crate::time::Timestamp;

pub(super) fn start(draft: &mut Draft<'_>, start: Start) -> Result<(), Refusal> {
    let mut task = draft.task(&start.task)?;
    let control = draft.control()?;
    let not_ready = |why: String| Rejection::NotReady { task: start.task.clone(), why };
    if control.paused.is_some() {
        return Err(not_ready("dispatching is paused".into()).into());
    }
    if let Some(pause) = control.adapter_pause(&start.adapter, draft.now) {
        return Err(not_ready(format!("adapter {} is paused: {}", start.adapter, pause.reason)).into());
    }
    if draft.read.unmet(&start.task)? > 0 {
        return Err(not_ready("a dependency is not done".into()).into());
    }
    if task.state == TaskState::Open
        && let Some(last) = leaving(draft.read, &task)?
    {
        return Err(not_ready(format!("{last} is not gone yet")).into());
    }
    let mut starts = task.history.starts;
    if let Err(until) = starts.take(PER_TASK, draft.now) {
        if task.state != TaskState::Open || task.paused {
            return Err(not_ready(format!("it is {}", task.state.name())).into());
        }
        task.history.starts = starts;
        return draft.step_task(task, TaskEvent::Throttled(until));
    }
    providers::tried(draft, &start.adapter)?;
    let reference = AttemptRef(draft.read.last_attempt()?.0 + 1);
    let own = task.run.model_for(&start.adapter).map(str::to_owned);
    let (model, timeout) = (own.or(start.model), task.run.timeout);
    draft.step_task(task, TaskEvent::Started(reference))?;
    let mut task = draft.task(&start.task)?;
    task.history.starts = starts;
    let attempt = Attempt {
        reference,
        task: task.id.clone(),
        kind: AttemptKind::Work,
        number: task.history.attempts,
        fence: task.history.fence,
        nonce: start.nonce,
        adapter: start.adapter,
        model,
        host: start.host.clone(),
        state: AttemptState::Starting,
        created_at: draft.now,
        shim: None,
        report: None,
        stop: None,
        timeout,
        progress: crate::attempt::Progress::default(),
    };
    draft.put_task(task);
    draft.effect(EffectKind::Launch, &attempt, EffectState::Claimed(start.host));
    draft.put_attempt(attempt);
    Ok(())
}

pub(super) fn started(
    draft: &mut Draft<'_>,
    reference: AttemptRef,
    fence: Fence,
    shim: ProcessIdentity,
    at: Timestamp,
) -> Result<(), Refusal> {
    let Some(attempt) = draft.attempt(reference)?.filter(|attempt| attempt.fence == fence) else {
        return Ok(());
    };
    let before = attempt.clone();
    let stepped = attempt_step(attempt, AttemptEvent::Started { shim, at })?;
    if stepped.state != before {
        draft.effect(EffectKind::Launch, &before, EffectState::Settled);
        draft.put_attempt(stepped.state);
    }
    Ok(())
}

/// An agent at work was told messages of its task: they are read.
pub(super) fn messages_told(
    draft: &mut Draft<'_>,
    reference: AttemptRef,
    fence: Fence,
    through: u64,
) -> Result<(), Refusal> {
    let Some(attempt) = draft.attempt(reference)?.filter(|attempt| attempt.fence == fence) else {
        return Ok(());
    };
    let before = attempt.clone();
    let attempt = attempt_step(attempt, AttemptEvent::Told { through })?.state;
    if attempt != before {
        draft.read_messages = Some((attempt.task.clone(), reference, through));
        draft.put_attempt(attempt);
    }
    Ok(())
}

/// What an agent at work said. Under an old fence, or of an attempt that is over, it changes nothing.
pub(super) fn heard(draft: &mut Draft<'_>, heard: AttemptHeard) -> Result<(), Refusal> {
    let AttemptHeard { attempt: reference, fence, said, parsed, cap } = heard;
    let Some(attempt) = draft.attempt(reference)?.filter(|attempt| attempt.fence == fence) else {
        return Ok(());
    };
    let before = attempt.clone();
    let answered = said.iter().any(|said| matches!(said, Said::Answer { .. }));
    let by = (draft.actor.clone(), draft.now);
    let budget = match draft.find_task(&attempt.task)? {
        Some(task) => Budget { most: task.run.budget, before: task.history.used },
        None => Budget::default(),
    };
    let stepped = attempt_step(attempt, AttemptEvent::Heard { said, parsed, cap, budget, by })?;
    let attempt = stepped.state;
    if attempt == before {
        return Ok(());
    }
    if before.progress.capped.is_none()
        && let Some(why) = &attempt.progress.capped
    {
        draft.log(&attempt.task, format!("{reference} is to end: {why}"));
    }
    for kind in stepped.effects {
        draft.effect(kind, &attempt, EffectState::Pending);
    }
    day::used(draft, &attempt.adapter, &before.progress.usage(), &attempt.progress.usage())?;
    if answered {
        providers::mended(draft, &attempt.adapter)?;
    }
    draft.put_attempt(attempt);
    Ok(())
}

pub(super) fn ended(draft: &mut Draft<'_>, ended: Ended) -> Result<(), Refusal> {
    let Some(attempt) = draft.attempt(ended.attempt)?.filter(|a| a.fence == ended.fence && a.is_live())
    else {
        return Ok(());
    };
    let stepped = attempt_step(attempt, AttemptEvent::Ended { seen: ended.seen, at: ended.at })?;
    let attempt = stepped.state;
    let outcome = attempt.outcome().expect("it has just ended").clone();
    draft.effect(EffectKind::Launch, &attempt, EffectState::Settled);
    draft.effect(EffectKind::Kill, &attempt, EffectState::Settled);
    let handled = ChatNumber::of_task(&attempt.task).filter(|_| attempt.kind == AttemptKind::Handler);
    if handled.is_none() {
        told(draft, &attempt, &outcome, ended.configuration)?;
    }
    let (reference, task, fence) = (attempt.reference, attempt.task.clone(), attempt.fence);
    let used = attempt.progress.usage();
    draft.put_attempt(attempt);
    if let Some(chat) = handled {
        return handlers::ended(draft, chat, reference, outcome, ended.jitter);
    }
    let Some(mut task) = draft.find_task(&task)? else { return Ok(()) };
    // Once for each attempt, also for one that has lost its task meanwhile: what it used, it used.
    task.history.count(&used);
    let waits = match &outcome {
        Outcome::Waiting { on } => Some(on.clone()),
        _ => None,
    };
    let Ended { first_pause, max_attempts, jitter, .. } = ended;
    let end = AttemptEnd { attempt: reference, fence, outcome, first_pause, max_attempts, jitter };
    let id = task.id.clone();
    draft.step_task(task, TaskEvent::Ended(end))?;
    match waits {
        Some(on) => wait_begun(draft, &id, &on),
        None => Ok(()),
    }
}

/// What a task began to wait for may have come between its worker's report and its end.
fn wait_begun(draft: &mut Draft<'_>, id: &TaskId, on: &Wait) -> Result<(), Refusal> {
    let never = match on {
        Wait::Task(other) => match draft.find_task(other)?.map(|task| task.state) {
            Some(TaskState::Done) => None,
            Some(state) if state.is_final() => {
                Some(format!("it waited for {other}, which is {}", state.name()))
            }
            Some(_) => return Ok(()),
            None => Some(format!("it waited for {other}, which is not there any more")),
        },
        Wait::Message => {
            if draft.read.messages_of(id)?.iter().all(|message| message.read_by.is_some()) {
                return Ok(());
            }
            None
        }
        Wait::Until(time) if *time <= draft.now => None,
        Wait::Until(_) | Wait::Person(_) => return Ok(()),
    };
    wait_over(draft, id, never)
}

/// What the end of work tells of who is behind its adapter.
fn told(
    draft: &mut Draft<'_>,
    attempt: &Attempt,
    outcome: &Outcome,
    configuration: u64,
) -> Result<(), Refusal> {
    if let Some(trouble) = Trouble::of_end(outcome, configuration) {
        providers::pause(draft, &attempt.adapter, attempt.created_at, trouble)?;
    }
    if providers::was_there(attempt, outcome) {
        providers::mended(draft, &attempt.adapter)?;
    }
    Ok(())
}

pub(super) fn kill(draft: &mut Draft<'_>, attempts: &[AttemptRef], why: &str) -> Result<(), Refusal> {
    for reference in attempts {
        draft.ask_to_stop(*reference, why.to_owned())?;
        let attempt = draft.attempt(*reference)?;
        if let Some(attempt) = &attempt {
            handlers::killed(draft, attempt)?;
        }
        if let Some(task) = attempt.map(|attempt| attempt.task) {
            draft.log(&task, format!("{reference} is to end: {why}"));
        }
    }
    if attempts.is_empty() {
        return Err(Rejection::Nothing("no attempt was named".into()).into());
    }
    Ok(())
}

pub(super) fn wait_over(draft: &mut Draft<'_>, id: &TaskId, never: Option<String>) -> Result<(), Refusal> {
    let Some(task) = draft.find_task(id)? else { return Ok(()) };
    if !matches!(task.state, TaskState::Waiting { .. }) {
        return Ok(());
    }
    draft.step_task(task, TaskEvent::WaitOver(never))
}
