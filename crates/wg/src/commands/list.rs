//! `wg list`: tasks, what matters first.

use std::ops::ControlFlow;

use wg_core::id::OpSeq;
use wg_core::port::{Counts, Page, Read, TaskFilter, TaskOrder};
use wg_core::task::{StateName, Task, TaskKind, TaskState, Wait};

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;
use crate::output::{json, text};
use crate::telling::listing::{self, Listed};
use crate::telling::past;
use crate::telling::reason::Times;
use crate::telling::record::TaskRecord;

/// Failed tasks on the default page: they matter, but many old ones must not hide what is going on.
const FAILED: usize = 10;
/// Archived chats on the default page: that they are there is seen, and the rest is in `wg chat list --all`.
const ARCHIVED: usize = 10;

/// List tasks with why they are not running
///
/// Without a flag: what is not finished, what failed and chats, in the order in which it matters. With --state,
/// --tag and their like: all that they describe.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Every task, ordered by id
    #[arg(short, long)]
    all: bool,
    /// In this state: open, in-progress, waiting, in-review, done, failed, abandoned
    #[arg(short, long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateName>,
    /// With this tag; several: with all of them
    #[arg(short, long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// With this text in id, title or description
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Open with nothing in their way
    #[arg(long, conflicts_with_all = ["blocked", "paused"])]
    ready: bool,
    /// Open with a dependency that is not done
    #[arg(long)]
    blocked: bool,
    /// Paused
    #[arg(long)]
    paused: bool,
    /// Children of this task
    #[arg(long, value_name = "TASK")]
    parent: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    /// As the graph was after this operation
    #[arg(long, value_name = "N")]
    at_op: Option<u64>,
}

/// Lists them.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let filter = filter(&args, ctx)?;
    if let Some(seq) = args.at_op {
        let limit = if args.all { usize::MAX } else { args.limit.unwrap_or(listing::PAGE) };
        return past::list(ctx, OpSeq(seq), filter.as_ref(), limit);
    }
    if args.all && ctx.out.form.json {
        let limit = args.limit.unwrap_or(usize::MAX);
        return stream(ctx, &filter.unwrap_or_default(), limit);
    }
    let fallback = if args.all { usize::MAX } else { listing::screenful(ctx.out.form.height) };
    let limit = args.limit.unwrap_or(fallback);
    if limit > fallback || args.all {
        ctx.out.page();
    }
    let seen = ctx.surroundings()?;
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times || ctx.out.form.json };
    let wanted = limit.saturating_add(1);
    let (listed, counts) = ctx.read(|read| {
        let tasks = match &filter {
            Some(filter) => listing::first(read, filter, order(&args), wanted)?,
            None => page(read, wanted)?,
        };
        Ok((Listed::of(read, tasks, limit, &seen, times)?, read.counts()?))
    })?;
    let rest = rest(&args, &listed, &counts);
    listed.print(
        ctx,
        if counts.total() == 0 { "the graph is empty: wg add TITLE" } else { "no such task" },
        &rest,
    )
}

/// What the flags describe; absent: nothing was said.
fn filter(args: &Args, ctx: &mut Context) -> Result<Option<TaskFilter>> {
    let parent = match &args.parent {
        Some(typed) => Some(ctx.read(|read| resolve::task_id(read, typed))?),
        None => None,
    };
    let open = args.ready || args.blocked;
    if open && !args.state.is_empty() {
        return Err(Failure::usage(
            "--ready and --blocked are about open tasks, so --state can't be said with them",
        ));
    }
    let filter = TaskFilter {
        states: if open { vec![StateName::Open] } else { args.state.clone() },
        tags: args.tag.clone(),
        paused: if args.paused { Some(true) } else { open.then_some(false) },
        blocked: open.then_some(args.blocked),
        used_up: args.ready.then_some(false),
        parent,
        text: args.text.clone(),
        ..TaskFilter::default()
    };
    Ok((args.all || filter != TaskFilter::default()).then_some(filter))
}

fn order(args: &Args) -> TaskOrder {
    match args.state.as_slice() {
        _ if args.all => TaskOrder::Id,
        [state] if state.is_final() => TaskOrder::Completed,
        _ => TaskOrder::Schedule,
    }
}

/// The default page: what runs (chats too), what needs a person, what failed, chats that were archived, what is
/// ready, and then what is not.
fn page(read: &mut dyn Read, wanted: usize) -> Result<Vec<Task>> {
    let of = |state| TaskFilter { states: vec![state], ..TaskFilter::default() };
    let open = |blocked| TaskFilter { paused: Some(false), blocked: Some(blocked), ..of(StateName::Open) };
    let budget = |used_up| TaskFilter { used_up: Some(used_up), ..open(false) };
    let paused = TaskFilter { paused: Some(true), ..of(StateName::Open) };
    let mut tasks = listing::first(read, &of(StateName::InProgress), TaskOrder::Schedule, wanted)?;
    tasks.extend(listing::first(read, &of(StateName::InReview), TaskOrder::Schedule, wanted)?);
    let waiting = listing::first(read, &of(StateName::Waiting), TaskOrder::Schedule, wanted)?;
    let (person, waiting): (Vec<Task>, Vec<Task>) = waiting
        .into_iter()
        .partition(|task| matches!(task.state, TaskState::Waiting { on: Wait::Person(_) }));
    tasks.extend(person);
    tasks.extend(listing::first(read, &budget(true), TaskOrder::Schedule, wanted)?);
    tasks.extend(listing::first(read, &of(StateName::Failed), TaskOrder::Completed, FAILED)?);
    let archived = TaskFilter { kind: Some(TaskKind::Chat), ..of(StateName::Done) };
    tasks.extend(listing::first(read, &archived, TaskOrder::Completed, ARCHIVED)?);
    tasks.extend(listing::first(read, &budget(false), TaskOrder::Schedule, wanted)?);
    tasks.extend(waiting);
    for filter in [open(true), paused] {
        if tasks.len() < wanted {
            tasks.extend(listing::first(read, &filter, TaskOrder::Schedule, wanted)?);
        }
    }
    Ok(tasks)
}

/// What is said below the table: of how many tasks it is a part.
fn rest(args: &Args, listed: &Listed, counts: &Counts) -> String {
    let total = text::count(counts.total(), "task", "tasks");
    let shown = listed.rows.iter().filter(|row| row.task.kind == TaskKind::Work).count();
    let chats = match listed.rows.len() - shown {
        0 => String::new(),
        n => format!(", {}", text::count(n as u64, "chat", "chats")),
    };
    let described = args.all || !listed.more && args.limit.is_none();
    match counts.total() as usize > shown {
        false => format!("{total}{chats}"),
        true if described => format!("{shown} of {total}{chats}"),
        true => format!("{shown} of {total}{chats}; more: wg list -n N, or --all"),
    }
}

/// All of them as one document, written while they are read; without reasons, which would cost a look at each
/// task's dependencies.
fn stream(ctx: &mut Context, filter: &TaskFilter, limit: usize) -> Result<()> {
    ctx.read_into_output(|read, out| {
        let mut listing = json::Listing::begin(out, "tasks")?;
        let mut failed = None;
        let page = Page::first(limit);
        read.visit_tasks(
            filter,
            TaskOrder::Id,
            page,
            &mut |task| match listing.item(&TaskRecord::bare(&task)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(listing.end(false)?),
        }
    })
}
