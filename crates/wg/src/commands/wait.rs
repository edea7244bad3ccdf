//! `wg wait`: sets a task aside.

use std::time::Duration;

use wg_core::command::Command;
use wg_core::task::Wait;
use wg_core::time::parse_span;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::finding::selection;
use crate::output::time;
use crate::telling::receipt;

/// Set a task aside until another is done, a time comes, or a message arrives
///
/// It opens again by itself when that happens. A worker says it of its own task, which it need not name, and
/// then leaves; its slot is free meanwhile.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The task to set aside, by id or unique prefix
    #[arg(value_name = "TASK")]
    which: Option<String>,
    #[command(flatten)]
    on: On,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct On {
    /// Until this task is done
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Until this time: a date or a time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// For so long (90s, 1h30m, 2d)
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_span)]
    span: Option<Duration>,
    /// Until it gets a message
    #[arg(long)]
    message: bool,
    /// Until a person has decided this question and says `wg retry`
    #[arg(long, value_name = "QUESTION", allow_hyphen_values = true)]
    person: Option<String>,
}

/// Sets it aside.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let task = selection::one_named_or_own(ctx, args.which.as_deref())?;
    let now = ctx.now();
    let on = match args.on {
        On { task: Some(other), .. } => Wait::Task(ctx.read(|read| resolve::task_id(read, &other))?),
        On { until: Some(until), .. } => Wait::Until(time::parse(&until, now)?),
        On { span: Some(span), .. } => Wait::Until(now.plus(span)),
        On { person: Some(question), .. } => Wait::Person(question),
        On { .. } => Wait::Message,
    };
    let said = match &on {
        Wait::Until(until) => format!("opens again {}", ctx.time(*until)),
        other => format!("waits for {other}"),
    };
    let receipt = ctx.submit(Command::Wait { task: task.clone(), on })?;
    receipt::tell(ctx, &receipt, &[task], &said)
}
