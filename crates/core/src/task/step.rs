//! The task's machine: pure and total. Requests may be refused; facts with an old fence change nothing.

use std::time::Duration;

use crate::attempt::Outcome;
use crate::effect::EffectKind;
use crate::id::{AttemptRef, Fence};
use crate::rejection::Rejection;
use crate::retry::{LOST_IN_A_ROW, back_off};
use crate::step::Step;
use crate::task::{Holder, StateName, Task, TaskState, Wait};
use crate::time::{Timestamp, format_span};

/// What can happen to a task's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEvent {
    /// A person takes it.
    Claimed(String),
    /// It is given back.
    Unclaimed,
    /// A person says that it is done.
    Done(Option<String>),
    /// A person says that it failed.
    Failed(String),
    /// It is set aside.
    Waits(Wait),
    /// A person gives it up.
    Abandoned(Option<String>),
    /// A person opens it again; `resume`: it may start at once.
    Reopened {
        /// Also take a pause away.
        resume: bool,
    },
    /// A person keeps it from being dispatched.
    Paused,
    /// A person lets it be dispatched.
    Resumed,
    /// The dispatcher starts an attempt.
    Started(AttemptRef),
    /// Its bucket of starts is empty until then.
    Throttled(Timestamp),
    /// Fact: what it waited for has come, or can't come (and why).
    WaitOver(Option<String>),
    /// Fact: an attempt is over.
    Ended(AttemptEnd),
}

/// How an attempt ended, as far as its task has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnd {
    /// Which.
    pub attempt: AttemptRef,
    /// Under which fence.
    pub fence: Fence,
    /// How.
    pub outcome: Outcome,
    /// The pause before the second attempt.
    pub first_pause: Duration,
    /// Attempts that the task may have.
    pub max_attempts: u32,
    /// Chance in the back-off, per mille.
    pub jitter: i16,
}

/// The task after an event.
pub fn step(task: Task, event: TaskEvent, now: Timestamp) -> Result<Step<Task>, Rejection> {
    match event {
        TaskEvent::Claimed(person) => claim(task, person, now),
        TaskEvent::Unclaimed => unclaim(task),
        TaskEvent::Done(summary) => {
            let line = summary.map_or_else(|| "done".to_owned(), |summary| format!("done: {summary}"));
            finish(task, TaskState::Done, "done", line, now)
        }
        TaskEvent::Failed(reason) => {
            let line = format!("failed: {reason}");
            finish(task, TaskState::Failed { reason }, "failed", line, now)
        }
        TaskEvent::Abandoned(reason) => {
            let line =
                reason.as_ref().map_or_else(|| "abandoned".to_owned(), |why| format!("abandoned: {why}"));
            finish(task, TaskState::Abandoned { reason }, "abandoned", line, now)
        }
        TaskEvent::Waits(on) => set_aside(task, on),
        TaskEvent::Reopened { resume } => reopen(task, resume),
        TaskEvent::Paused => pause(task, true),
        TaskEvent::Resumed => pause(task, false),
        TaskEvent::Started(attempt) => start(task, attempt, now),
        TaskEvent::Throttled(until) => Ok(throttle(task, until)),
        TaskEvent::WaitOver(never) => Ok(wait_over(task, never)),
        TaskEvent::Ended(end) => Ok(ended(task, end, now)),
    }
}

fn refuse(task: &Task, verb: &'static str, hint: impl Into<String>) -> Rejection {
    Rejection::State { task: task.id.clone(), state: task.state.name(), verb, hint: hint.into() }
}

/// What helps where a task's state stands in the way.
fn way_out(task: &Task) -> String {
    match &task.state {
        TaskState::Done | TaskState::Failed { .. } | TaskState::Abandoned { .. } => {
            format!("wg reopen {}", task.id)
        }
        TaskState::InProgress { by: Holder::Attempt(attempt) } => format!("wg kill {attempt}"),
        TaskState::InProgress { by: Holder::Person(_) } => format!("wg unclaim {}", task.id),
        TaskState::InProgress { by: Holder::Chat } => format!("wg chat archive {}", task.id),
        TaskState::Open | TaskState::Waiting { .. } | TaskState::InReview => format!("wg show {}", task.id),
    }
}

fn held(task: &Task) -> Option<Rejection> {
    let TaskState::InProgress { by } = &task.state else { return None };
    let holder = match by {
        Holder::Person(name) => name.clone(),
        Holder::Attempt(attempt) => attempt.to_string(),
        Holder::Chat => "a chat".to_owned(),
    };
    Some(Rejection::Held { task: task.id.clone(), holder, hint: way_out(task) })
}

fn claim(mut task: Task, person: String, now: Timestamp) -> Result<Step<Task>, Rejection> {
    if let Some(rejection) = held(&task) {
        return Err(rejection);
    }
    if task.state != TaskState::Open {
        return Err(refuse(&task, "claimed", way_out(&task)));
    }
    let line = format!("claimed by {person}");
    task.state = TaskState::InProgress { by: Holder::Person(person) };
    task.times.started_at = Some(now);
    Ok(Step::to(task).logging(line))
}

fn unclaim(mut task: Task) -> Result<Step<Task>, Rejection> {
    match &task.state {
        TaskState::InProgress { by: Holder::Person(_) } => {
            task.state = TaskState::Open;
            Ok(Step::to(task).logging("given back"))
        }
        TaskState::InProgress { by: Holder::Attempt(_) | Holder::Chat } => {
            Err(held(&task).expect("it is in progress"))
        }
        TaskState::Open
        | TaskState::Waiting { .. }
        | TaskState::InReview
        | TaskState::Done
        | TaskState::Failed { .. }
        | TaskState::Abandoned { .. } => Err(refuse(&task, "given back", format!("wg show {}", task.id))),
    }
}

/// Done, failed or abandoned by a person; an attempt that is at it loses its fence and is ended.
fn finish(
    mut task: Task,
    to: TaskState,
    verb: &'static str,
    line: String,
    now: Timestamp,
) -> Result<Step<Task>, Rejection> {
    if task.state.is_final() {
        return Err(refuse(&task, verb, way_out(&task)));
    }
    let running = task.live_attempt();
    task.state = to;
    task.times.completed_at = Some(now);
    task.times.not_before = None;
    if running.is_none() {
        return Ok(Step::to(task).logging(line));
    }
    task.history.fence = task.history.fence.next();
    Ok(Step::to(task).logging(line).wanting(EffectKind::Kill))
}

fn set_aside(mut task: Task, on: Wait) -> Result<Step<Task>, Rejection> {
    match &task.state {
        TaskState::Open | TaskState::Waiting { .. } | TaskState::InProgress { by: Holder::Person(_) } => {
            let line = format!("waits for {on}");
            task.state = TaskState::Waiting { on };
            Ok(Step::to(task).logging(line))
        }
        TaskState::InProgress { by: Holder::Attempt(_) | Holder::Chat } => {
            Err(held(&task).expect("it is in progress"))
        }
        TaskState::InReview | TaskState::Done | TaskState::Failed { .. } | TaskState::Abandoned { .. } => {
            Err(refuse(&task, "set aside", way_out(&task)))
        }
    }
}

fn reopen(mut task: Task, resume: bool) -> Result<Step<Task>, Rejection> {
    if let Some(rejection) = held(&task) {
        return Err(rejection);
    }
    let idle = task.state == TaskState::Open
        && task.times.not_before.is_none()
        && task.history.spent == 0
        && !(resume && task.paused);
    if idle {
        if let Some(met) = task.used_up() {
            return Err(Rejection::BudgetUsedUp { task: task.id, met });
        }
        return Err(refuse(&task, "opened again", format!("wg why {}", task.id)));
    }
    task.state = TaskState::Open;
    task.times.completed_at = None;
    task.times.not_before = None;
    task.history.spent = 0;
    task.history.lost = 0;
    if resume {
        task.paused = false;
    }
    Ok(Step::to(task).logging(if resume { "to be tried again" } else { "opened again" }))
}

fn pause(mut task: Task, paused: bool) -> Result<Step<Task>, Rejection> {
    if task.state.is_final() {
        return Err(refuse(&task, if paused { "paused" } else { "resumed" }, way_out(&task)));
    }
    if task.paused == paused {
        let how = if paused { "paused already" } else { "not paused" };
        return Err(Rejection::Nothing(format!("{} is {how}", task.id)));
    }
    task.paused = paused;
    Ok(Step::to(task).logging(if paused { "paused" } else { "resumed" }))
}

fn start(mut task: Task, attempt: AttemptRef, now: Timestamp) -> Result<Step<Task>, Rejection> {
    let why = if task.state != TaskState::Open {
        format!("it is {}", task.state.name())
    } else if task.paused {
        "it is paused".to_owned()
    } else if let Some(met) = task.used_up() {
        return Err(Rejection::BudgetUsedUp { task: task.id, met });
    } else if let Some(until) = task.times.not_before.filter(|until| now < *until) {
        format!("not before {until}")
    } else {
        task.state = TaskState::InProgress { by: Holder::Attempt(attempt) };
        task.times.started_at = Some(now);
        task.times.not_before = None;
        task.history.fence = task.history.fence.next();
        task.history.attempts += 1;
        task.history.last = Some(attempt);
        let line = format!("attempt {} starts: {attempt}", task.history.attempts);
        return Ok(Step::to(task).wanting(EffectKind::Launch).logging(line));
    };
    Err(Rejection::NotReady { task: task.id, why })
}

fn throttle(mut task: Task, until: Timestamp) -> Step<Task> {
    task.times.not_before = Some(until);
    Step::to(task).logging(format!("started too often: not again before {until}"))
}

fn wait_over(mut task: Task, never: Option<String>) -> Step<Task> {
    match (&task.state, never) {
        (TaskState::Waiting { on: Wait::Person(_) }, _) => Step::to(task),
        (TaskState::Waiting { .. }, Some(why)) => {
            let line = format!("a person has to decide: {why}");
            task.state = TaskState::Waiting { on: Wait::Person(why) };
            Step::to(task).logging(line)
        }
        (TaskState::Waiting { .. }, None) => {
            task.state = TaskState::Open;
            Step::to(task).logging("what it waited for has come")
        }
        (
            TaskState::Open
            | TaskState::InProgress { .. }
            | TaskState::InReview
            | TaskState::Done
            | TaskState::Failed { .. }
            | TaskState::Abandoned { .. },
            _,
        ) => Step::to(task),
    }
}

fn ended(mut task: Task, end: AttemptEnd, now: Timestamp) -> Step<Task> {
    let AttemptEnd { attempt, fence, outcome, first_pause, max_attempts, jitter } = end;
    if task.history.fence != fence || task.live_attempt() != Some(attempt) {
        return Step::to(task);
    }
    let mut line = format!("{attempt} {outcome}");
    if !matches!(outcome, Outcome::Lost { .. }) {
        task.history.lost = 0;
    }
    task.state = match outcome {
        Outcome::Done { .. } => TaskState::Done,
        Outcome::Failed { reason } => TaskState::Failed { reason },
        Outcome::ExitedBadly { .. } | Outcome::NoWork | Outcome::TimedOut => {
            task.history.spent += 1;
            let most = task.run.max_attempts.unwrap_or(max_attempts).max(1);
            if task.history.spent >= most {
                TaskState::Failed { reason: format!("{outcome}; attempt {} of {most}", task.history.spent) }
            } else {
                let pause = back_off(first_pause, task.history.spent, jitter);
                task.times.not_before = Some(now.plus(pause));
                line = format!("{line}; next attempt in {}", format_span(pause));
                TaskState::Open
            }
        }
        Outcome::Waiting { on } => TaskState::Waiting { on },
        // Its adapter is paused, which it waits for.
        Outcome::RateLimited { .. }
        | Outcome::Configuration { .. }
        | Outcome::Outage { .. }
        | Outcome::Budget { until: Some(_), .. } => TaskState::Open,
        // It is not ready until its budget is raised, which may have been done already.
        Outcome::TaskBudget { .. } => TaskState::Open,
        Outcome::Budget { reason, until: None } => TaskState::Waiting { on: Wait::Person(reason) },
        Outcome::Cancelled { .. } => {
            task.paused = true;
            line = format!("{line}; paused until `wg resume {}`", task.id);
            TaskState::Open
        }
        Outcome::Lost { reason } => {
            task.history.lost += 1;
            if task.history.lost >= LOST_IN_A_ROW {
                TaskState::Waiting {
                    on: Wait::Person(format!("lost {LOST_IN_A_ROW} times in a row: {reason}")),
                }
            } else {
                TaskState::Open
            }
        }
    };
    if matches!(task.state.name(), StateName::Done | StateName::Failed) {
        task.times.completed_at = Some(now);
    }
    Step::to(task).logging(line)
}
