//! `wg dep`: what comes after what.

use serde::Serialize;
use wg_core::command::{Command, Patch, SetPatch};
use wg_core::id::TaskId;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::output::{Cell, Column, Table, style::Tone};
use crate::telling::receipt;
use crate::telling::relatives;

/// Say, take back or list what a task comes after
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Let a task come after others
    Add(Edges),
    /// Let a task no longer come after others
    Rm(Edges),
    /// List what a task comes after, and what comes after it
    List {
        /// The task, by id or unique prefix
        #[arg(value_name = "TASK")]
        task: String,
    },
}

#[derive(Debug, clap::Args)]
struct Edges {
    /// The task
    #[arg(value_name = "TASK")]
    task: String,
    /// What must be done before it
    #[arg(value_name = "AFTER", required = true)]
    after: Vec<String>,
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self.what, What::List { .. })
    }
}

#[derive(Serialize)]
struct Listed {
    task: TaskId,
    depends_on: Vec<relatives::Relative>,
    required_by: Vec<relatives::Relative>,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Add(edges) => change(ctx, &edges, true),
        What::Rm(edges) => change(ctx, &edges, false),
        What::List { task } => list(ctx, &task),
    }
}

fn change(ctx: &mut Context, edges: &Edges, add: bool) -> Result<()> {
    let (task, after) = ctx.read(|read| {
        let task = resolve::task_id(read, &edges.task)?;
        if add {
            return Ok((task, resolve::task_ids(read, &edges.after)?));
        }
        // A dependency of an import may name a task that is not there, and can still be taken away.
        let known = read.task(&task)?.map(|(task, _)| task.after).unwrap_or_default();
        let exact = |typed: &String| known.iter().find(|id| id.as_str() == typed).cloned();
        let after =
            edges.after.iter().map(|typed| exact(typed).map_or_else(|| resolve::task_id(read, typed), Ok));
        Ok((task, after.collect::<Result<Vec<TaskId>>>()?))
    })?;
    let names = after.iter().map(TaskId::as_str).collect::<Vec<_>>().join(", ");
    let set = after.into_iter().collect();
    let after = match add {
        true => SetPatch { add: set, ..SetPatch::default() },
        false => SetPatch { remove: set, ..SetPatch::default() },
    };
    let patch = Box::new(Patch { after, ..Patch::default() });
    let receipt = ctx.submit(Command::Edit { tasks: vec![task.clone()], patch })?;
    let said = if add { format!("comes after {names}") } else { format!("no longer comes after {names}") };
    receipt::tell(ctx, &receipt, &[task], &said)
}

fn list(ctx: &mut Context, typed: &str) -> Result<()> {
    let listed = ctx.read(|read| {
        let id = resolve::task_id(read, typed)?;
        let task = resolve::found(read, &id)?;
        let required = read.dependents(&id)?;
        Ok(Listed {
            depends_on: relatives::of(read, task.after.iter(), usize::MAX)?,
            required_by: relatives::of(read, required.iter(), usize::MAX)?,
            task: id,
        })
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&listed)?);
    }
    let mut table = Table::new([
        Column::fixed(""),
        Column::flexible("ID", 8),
        Column::fixed("STATE"),
        Column::flexible("TITLE", 8).leaves(1),
    ]);
    for (way, relatives) in [("after", &listed.depends_on), ("before", &listed.required_by)] {
        for relative in relatives {
            let [id, state, title] = relative.cells();
            table.row([Cell::new(way, Tone::Dim), id, state, title]);
        }
    }
    if table.is_empty() {
        return Ok(ctx.out.note("it comes after nothing, and nothing comes after it")?);
    }
    ctx.out.page();
    Ok(ctx.out.table(&table)?)
}
