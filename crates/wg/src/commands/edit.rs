//! `wg edit`: changes fields of tasks.

use std::time::Duration;

use wg_core::command::{Command, Patch, RunPatch, SetPatch};
use wg_core::port::TaskFilter;
use wg_core::task::{Priority, Visibility};
use wg_core::time::parse_span;

use crate::commands::add;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::selection::Selection;
use crate::finding::{resolve, worker};
use crate::output::time;
use crate::telling::budget::{self, Bound};
use crate::telling::receipt;

/// Change fields of tasks
///
/// Of one task, of several, or of all that --state, --tag, --text or --all describe; it is one operation, so
/// one `wg undo` takes it back. An empty value clears a field: `wg edit k3 --exec ''`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Selection,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
struct Fields {
    /// What is to be done, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    title: Option<String>,
    /// More about it, as Markdown; - reads standard input
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// critical, high, normal, low, idle, or a number up to 100
    #[arg(short, long, value_name = "PRIORITY")]
    priority: Option<Priority>,
    /// Add a tag
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    add_tag: Vec<String>,
    /// Take a tag away
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    remove_tag: Vec<String>,
    /// Add a skill
    #[arg(long, value_name = "SKILL", value_delimiter = ',')]
    add_skill: Vec<String>,
    /// Take a skill away
    #[arg(long, value_name = "SKILL", value_delimiter = ',')]
    remove_skill: Vec<String>,
    /// The task it belongs to (grouping only)
    #[arg(long, value_name = "TASK")]
    parent: Option<String>,
    /// Not ready before this: a span from now (2h), a date, or a time
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// What it is to bring forth, instead of what is said now (repeatable)
    #[arg(long, value_name = "WHAT")]
    deliverable: Option<Vec<String>>,
    /// A path it will touch, instead of those said now (repeatable)
    #[arg(long, value_name = "PATH")]
    path: Option<Vec<String>>,
    /// Who may see it in what is published: internal or public
    #[arg(long, value_name = "WHO")]
    visibility: Option<Visibility>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it is run")]
struct Run {
    /// A shell command that does it
    #[arg(short = 'x', long, value_name = "COMMAND", allow_hyphen_values = true)]
    exec: Option<String>,
    /// The adapter whose agent works on it (wg adapter list)
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// The model to use, bare or as adapter:model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// An attempt that runs longer is ended (90s, 1h30m)
    #[arg(long, value_name = "SPAN")]
    timeout: Option<String>,
    /// How often it is tried before it has failed
    #[arg(long, value_name = "N")]
    max_attempts: Option<String>,
    /// Tokens, in and out, that all its attempts together may use; none: as many as they need
    #[arg(long, value_name = "N", value_parser = budget::tokens)]
    budget_tokens: Option<Bound>,
    /// What they may cost together, in dollars, as far as programs tell it; none: whatever they cost
    #[arg(long, value_name = "AMOUNT", value_parser = budget::cost)]
    budget_cost: Option<Bound>,
}

/// Changes the fields.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let patch = Box::new(patch(args.fields, args.run, ctx)?);
    if patch.is_empty() {
        return Err(Failure::usage("no field was named").hint("wg edit --help"));
    }
    let tasks = args.which.tasks(ctx, &TaskFilter::default())?;
    let receipt = ctx.submit(Command::Edit { tasks: tasks.clone(), patch })?;
    receipt::tell(ctx, &receipt, &tasks, "edited")
}

fn patch(fields: Fields, run: Run, ctx: &mut Context) -> Result<Patch> {
    let now = ctx.now();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    worker::check(ctx, given(&run.adapter).as_deref(), given(&run.model).as_deref())?;
    let parent = clearing(fields.parent, |typed| ctx.read(|read| resolve::task_id(read, &typed)))?;
    Ok(Patch {
        title: fields.title.map(add::title).transpose()?,
        description: fields.description.map(|text| ctx.text(&text)).transpose()?,
        priority: fields.priority,
        tags: set(fields.add_tag, fields.remove_tag),
        skills: set(fields.add_skill, fields.remove_skill),
        after: SetPatch::default(),
        parent,
        deliverables: fields.deliverable.map(without_empty),
        paths: fields.path.map(without_empty),
        not_before: clearing(fields.not_before, |text| time::parse(&text, now))?,
        run: RunPatch {
            exec: clearing(run.exec, Ok)?,
            adapter: clearing(run.adapter, Ok)?,
            model: clearing(run.model, Ok)?,
            timeout: clearing(run.timeout, |text| span(&text))?,
            max_attempts: clearing(run.max_attempts, |text| count(&text))?,
            budget_tokens: run.budget_tokens.map(|bound| bound.0),
            budget_cost: run.budget_cost.map(|bound| bound.0),
        },
        visibility: fields.visibility,
    })
}

/// Absent: leave it; empty: clear it; else what the text says.
fn clearing<T>(
    given: Option<String>,
    mut read: impl FnMut(String) -> Result<T>,
) -> Result<Option<Option<T>>> {
    match given {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(None)),
        Some(text) => Ok(Some(Some(read(text)?))),
    }
}

fn set(add: Vec<String>, remove: Vec<String>) -> SetPatch<String> {
    SetPatch { add: add.into_iter().collect(), remove: remove.into_iter().collect() }
}

fn without_empty(given: Vec<String>) -> Vec<String> {
    given.into_iter().filter(|text| !text.is_empty()).collect()
}

fn span(text: &str) -> Result<Duration> {
    parse_span(text).map_err(|bad| Failure::usage(bad.to_string()))
}

fn count(text: &str) -> Result<u32> {
    let wrong = || Failure::usage(format!("{text:?} is no number of attempts: it takes 1 or more"));
    text.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)
}
