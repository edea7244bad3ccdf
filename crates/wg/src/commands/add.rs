//! `wg add`: makes a task.

use std::time::Duration;

use wg_core::command::{Command, NewTask};
use wg_core::id::TaskId;
use wg_core::task::{Priority, RunSpec, Visibility};
use wg_core::time::parse_span;
use wg_core::usage::Cap;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::{resolve, worker};
use crate::output::time;
use crate::telling::budget::{self, Bound};
use crate::telling::receipt;

/// Add a task; prints its id
///
/// A task with a command (--exec) is run by the dispatcher once everything it comes after is done; one
/// with an adapter or a model is worked on by an agent; one with none of these is for people, unless a rule or a
/// default adapter is set.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is to be done, in one line
    #[arg(value_name = "TITLE")]
    title: String,
    /// More about it, as Markdown; - reads standard input
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// What must be done before (repeat it, or separate by commas)
    #[arg(long, value_name = "TASK", value_delimiter = ',')]
    after: Vec<String>,
    /// A shell command that does it
    #[arg(short = 'x', long, value_name = "COMMAND", allow_hyphen_values = true)]
    exec: Option<String>,
    /// critical, high, normal, low, idle, or a number up to 100
    #[arg(short, long, value_name = "PRIORITY")]
    priority: Option<Priority>,
    /// A word to find it by (repeat it, or separate by commas)
    #[arg(short, long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// Its id, instead of one made from the title
    #[arg(long, value_name = "ID")]
    id: Option<TaskId>,
    /// Keep it from starting until `wg resume`
    #[arg(long)]
    paused: bool,
    /// Not ready before this: a span from now (2h), a date, or a time
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    #[command(flatten)]
    more: More,
}

/// Less often needed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Less often needed")]
struct More {
    /// The task it belongs to (grouping only)
    #[arg(long, value_name = "TASK")]
    parent: Option<String>,
    /// The task during which it was found
    #[arg(long, value_name = "TASK")]
    discovered_from: Option<String>,
    /// The adapter whose agent works on it (wg adapter list)
    #[arg(long, value_name = "NAME", conflicts_with = "exec")]
    adapter: Option<String>,
    /// The model to use, bare or as adapter:model
    #[arg(long, value_name = "MODEL", conflicts_with = "exec")]
    model: Option<String>,
    /// An attempt that runs longer is ended (90s, 1h30m)
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    timeout: Option<Duration>,
    /// How often it is tried before it has failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: Option<u32>,
    /// Tokens, in and out, that all its attempts together may use; then it waits for more of it
    #[arg(long, value_name = "N", value_parser = budget::tokens)]
    budget_tokens: Option<Bound>,
    /// What they may cost together, in dollars, as far as programs tell it
    #[arg(long, value_name = "AMOUNT", value_parser = budget::cost)]
    budget_cost: Option<Bound>,
    /// What its worker should know (repeat it, or separate by commas)
    #[arg(long, value_name = "SKILL", value_delimiter = ',')]
    skill: Vec<String>,
    /// What it is to bring forth: a path or words (repeatable)
    #[arg(long, value_name = "WHAT")]
    deliverable: Vec<String>,
    /// A path it will touch (repeatable)
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,
    /// Who may see it in what is published: internal or public
    #[arg(long, value_name = "WHO")]
    visibility: Option<Visibility>,
}

/// A title as it may be: what has several lines is a description.
pub fn title(text: String) -> Result<String> {
    if text.trim().contains(['\n', '\r']) {
        return Err(Failure::usage("a title is one line").hint("say the rest with --description"));
    }
    Ok(text)
}

/// Adds the task.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let now = ctx.now();
    let description = args.description.map(|text| ctx.text(&text)).transpose()?.unwrap_or_default();
    let more = args.more;
    worker::check(ctx, more.adapter.as_deref(), more.model.as_deref())?;
    let (after, parent, discovered_from) = ctx.read(|read| {
        let mut one =
            |typed: &Option<String>| typed.as_deref().map(|typed| resolve::task_id(read, typed)).transpose();
        let (parent, from) = (one(&more.parent)?, one(&more.discovered_from)?);
        Ok((resolve::task_ids(read, &args.after)?, parent, from))
    })?;
    let new = NewTask {
        title: title(args.title)?,
        id: args.id,
        description,
        priority: args.priority.unwrap_or_default(),
        tags: args.tag.into_iter().collect(),
        skills: more.skill.into_iter().collect(),
        after: after.into_iter().collect(),
        parent,
        discovered_from,
        deliverables: more.deliverable,
        paths: more.path,
        not_before: args.not_before.map(|text| time::parse(&text, now)).transpose()?,
        run: RunSpec {
            exec: args.exec.filter(|exec| !exec.trim().is_empty()),
            adapter: more.adapter,
            model: more.model,
            agent: None,
            timeout: more.timeout,
            max_attempts: more.max_attempts,
            budget: Cap {
                tokens: more.budget_tokens.and_then(|bound| bound.0),
                cost_micros: more.budget_cost.and_then(|bound| bound.0),
            },
        },
        paused: args.paused,
        visibility: more.visibility.unwrap_or_default(),
    };
    let receipt = ctx.submit(Command::Add(Box::new(new)))?;
    let id = receipt.tasks.first().map(ToString::to_string).unwrap_or_default();
    receipt::tell_only(ctx, &receipt, &id)
}
