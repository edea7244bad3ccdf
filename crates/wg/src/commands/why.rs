//! `wg why`: why a task is not running.

use serde::Serialize;
use wg_core::id::TaskId;
use wg_core::usage::{Cap, Usage};
use wg_core::view::Reason;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::budget;
use crate::telling::reason::{self, Said, Times};
use crate::telling::works::Works;

/// Dependencies whose own reasons are told.
const FOLLOWED: usize = 10;

/// Say why a task is not running, in one line
///
/// Of a blocked task the reasons of what it waits for follow.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task, by id or unique prefix
    #[arg(value_name = "TASK")]
    task: String,
}

#[derive(Serialize)]
struct Told {
    task: TaskId,
    shown: &'static str,
    why: String,
    needs_you: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    works: Option<Works>,
    #[serde(skip_serializing_if = "Cap::is_empty")]
    budget: Cap,
    #[serde(skip_serializing_if = "Usage::is_empty")]
    used: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocked_by: Vec<Told>,
}

impl Told {
    fn new(task: TaskId, said: Said) -> Self {
        Self {
            task,
            shown: said.word,
            why: said.sentence,
            needs_you: said.needs_you,
            works: None,
            budget: Cap::default(),
            used: Usage::default(),
            hint: said.hint,
            blocked_by: Vec::new(),
        }
    }
}

/// Says it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let seen = ctx.surroundings()?;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times || ctx.out.form.json };
    let told = ctx.read(|read| {
        let id = resolve::task_id(read, &args.task)?;
        let task = resolve::found(read, &id)?;
        let reason = wg_core::view::why(read, &task, &seen, times.now)?;
        let mut told = Told::new(id, reason::said(&task, &reason, times));
        told.works = Works::on(&seen.policy, &task);
        if !task.state.is_final() && !task.run.budget.is_empty() {
            told.budget = task.run.budget;
            let live = task.live_attempt().map(|live| read.attempt(live)).transpose()?.flatten();
            let in_flight = live.map(|(attempt, _)| attempt.progress.usage()).unwrap_or_default();
            told.used = task.used_with(&in_flight);
        }
        if let Reason::Blocked(unmet) = &reason {
            for id in unmet.iter().take(FOLLOWED).map(|unmet| &unmet.task) {
                if let Some((task, _)) = read.task(id)? {
                    told.blocked_by.push(Told::new(id.clone(), reason::of(read, &task, &seen, times)?));
                }
            }
        }
        Ok(told)
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&told)?);
    }
    let paint = ctx.out.paint();
    ctx.out.hanging("", "  ", &format!("{}: {}", paint.cyan(told.task.as_str()), told.why))?;
    for below in &told.blocked_by {
        ctx.out.hanging("  ", "    ", &format!("{}: {}", paint.cyan(below.task.as_str()), below.why))?;
    }
    let works = told.works.as_ref().and_then(Works::said);
    if let Some(works) = works.filter(|_| told.shown != "stuck") {
        ctx.out.hanging("  ", "    ", &paint.dim(&format!("runs by {works}")))?;
    }
    if let Some(budget) = budget::told(&told.budget, &told.used) {
        ctx.out.hanging("  ", "    ", &paint.dim(&format!("budget: {budget}")))?;
    }
    let hints = std::iter::once(&told).chain(&told.blocked_by).filter_map(|told| told.hint.as_ref());
    if let Some(hint) = hints.into_iter().next() {
        ctx.out.hanging("", "  ", &format!("{} {hint}", paint.cyan("hint:")))?;
    }
    Ok(())
}
