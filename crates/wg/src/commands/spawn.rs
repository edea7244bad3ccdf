//! `wg spawn`: starts an attempt of a task now.

use std::io::Write;
use std::sync::mpsc::{self, TrySendError};
use std::time::{Duration, Instant};

use wg_core::attempt::{Attempt, AttemptState};
use wg_core::command::{Command, Patch};
use wg_core::id::TaskId;
use wg_core::task::{Holder, Task, TaskState};
use wg_core::view::{Reason, why};

use crate::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::finding::resolve;
use crate::output::time;
use crate::telling::reason::{self, Times};
use crate::telling::record::AttemptRecord;

/// Have a task's next attempt started now
///
/// Takes away what a person or a back-off put in its way (a pause, a time before which it may not start) and waits
/// until the dispatcher has started it. What stands in its way otherwise stays: dependencies, a paused adapter, the
/// number of slots. It gets no better place in the queue; `wg edit TASK --priority critical` gives it one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
    /// Do not wait until it runs
    #[arg(long)]
    no_wait: bool,
    /// Wait no longer than this
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = wg_core::time::parse_span)]
    wait: Duration,
}

/// Starts it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let (ring, bell) = mpsc::sync_channel(1);
    // Registered before the first look, so that nothing falls in between.
    let _watching = ctx
        .store()?
        .watch(Box::new(move || if let Err(TrySendError::Disconnected(())) = ring.try_send(()) {}))?;
    let task = ctx.read(|read| {
        let id = resolve::task_id(read, &args.task)?;
        resolve::found(read, &id)
    })?;
    let before = task.history.last;
    refuse(ctx, &task)?;
    free(ctx, &task)?;
    if args.no_wait {
        return Ok(writeln!(ctx.out, "{} starts as soon as a slot is free", task.id)?);
    }
    let deadline = Instant::now() + args.wait;
    loop {
        let attempt = ctx.read(|read| {
            let last = read
                .task(&task.id)?
                .and_then(|(task, _)| task.history.last)
                .filter(|last| Some(*last) != before);
            Ok(match last {
                Some(last) => read.attempt(last)?.map(|(attempt, _)| attempt),
                None => None,
            })
        })?;
        if let Some(attempt) = attempt.filter(|attempt| attempt.state != AttemptState::Starting) {
            return tell(ctx, &attempt);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || bell.recv_timeout(left).is_err() {
            let said = reason_of(ctx, &task.id)?;
            return Err(Failure::new(
                Kind::Later,
                format!("{} did not start within {}", task.id, time::coarse(args.wait)),
            )
            .because(said)
            .hint(format!("wg why {}", task.id)));
        }
    }
}

/// What this verb does not take away.
fn refuse(ctx: &mut Context, task: &Task) -> Result<()> {
    let id = &task.id;
    let no = |what: String| Failure::refused(what);
    match &task.state {
        TaskState::Open => {}
        TaskState::InProgress { by: Holder::Attempt(attempt) } => {
            return Err(Failure::new(Kind::Conflict, format!("{id} runs already: {attempt}"))
                .hint(format!("wg attempt output {attempt} --follow")));
        }
        TaskState::InProgress { by: Holder::Person(name) } => {
            return Err(Failure::new(Kind::Conflict, format!("{id} is claimed by {name}"))
                .hint(format!("wg unclaim {id}")));
        }
        state => {
            return Err(no(format!("{id} is {}", state.name())).hint(format!("wg retry {id} opens it again")));
        }
    }
    let seen = ctx.surroundings()?;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times };
    let mut free = task.clone();
    free.paused = false;
    free.times.not_before = None;
    let reason = ctx.read(|read| Ok(why(read, &free, &seen, times.now)?))?;
    match reason {
        Reason::Queued(_) | Reason::Leaving(_) => Ok(()),
        reason => {
            let said = reason::said(task, &reason, times);
            let failure = no(format!("{id} can't start")).because(said.sentence);
            Err(said.hint.into_iter().fold(failure, Failure::hint))
        }
    }
}

/// Takes its pause and its time away.
fn free(ctx: &mut Context, task: &Task) -> Result<()> {
    let now = ctx.now();
    if task.times.not_before.is_some_and(|until| now < until) {
        let patch = Box::new(Patch { not_before: Some(None), ..Patch::default() });
        ctx.submit(Command::Edit { tasks: vec![task.id.clone()], patch })?;
    }
    if task.paused {
        ctx.submit(Command::Resume { tasks: vec![task.id.clone()] })?;
    }
    Ok(())
}

fn reason_of(ctx: &mut Context, id: &TaskId) -> Result<String> {
    let seen = ctx.surroundings()?;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times };
    ctx.read(|read| {
        let task = resolve::found(read, id)?;
        Ok(reason::of(read, &task, &seen, times)?.sentence)
    })
}

fn tell(ctx: &mut Context, attempt: &Attempt) -> Result<()> {
    if ctx.out.form.json {
        return Ok(ctx.out.json(&AttemptRecord::of(attempt))?);
    }
    let paint = ctx.out.paint();
    let (how, follow) = match attempt.outcome() {
        None => ("runs".to_owned(), " --follow"),
        Some(outcome) => (format!("is over already: {outcome}"), ""),
    };
    writeln!(ctx.out, "{} of {} {how}", attempt.reference, paint.cyan(attempt.task.as_str()))?;
    let hint = format!("wg attempt output {}{follow}", attempt.reference);
    Ok(writeln!(ctx.out, "{}", paint.dim(&hint))?)
}
