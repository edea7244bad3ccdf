//! `wg artifact`: what tasks have brought forth.

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::TaskId;
use wg_core::port::Artifact;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::output::{Cell, Column, Table, style::Tone};
use crate::telling::receipt;

/// Name or list what a task has brought forth
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name a file or an address that a task has brought forth
    Add {
        /// The task, by id or unique prefix
        #[arg(value_name = "TASK")]
        task: String,
        /// Path or address
        #[arg(value_name = "PATH")]
        path: String,
    },
    /// List them
    List {
        /// The task, by id or unique prefix
        #[arg(value_name = "TASK")]
        task: String,
    },
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.what, What::Add { .. })
    }
}

#[derive(Serialize)]
struct Listed {
    task: TaskId,
    artifacts: Vec<Artifact>,
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Add { task, path } => {
            let task = ctx.read(|read| resolve::task_id(read, &task))?;
            let receipt = ctx.submit(Command::AddArtifact { task: task.clone(), path: path.clone() })?;
            receipt::tell(ctx, &receipt, &[task], &format!("brought forth {path}"))
        }
        What::List { task } => list(ctx, &task),
    }
}

fn list(ctx: &mut Context, typed: &str) -> Result<()> {
    let listed = ctx.read(|read| {
        let task = resolve::task_id(read, typed)?;
        Ok(Listed { artifacts: read.artifacts_of(&task)?, task })
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&listed)?);
    }
    if listed.artifacts.is_empty() {
        return Ok(ctx.out.note("it has brought forth nothing yet")?);
    }
    let table = table(ctx, &listed.artifacts);
    ctx.out.page();
    Ok(ctx.out.table(&table)?)
}

/// Artifacts as a table.
pub fn table(ctx: &Context, artifacts: &[Artifact]) -> Table {
    let mut table = Table::new([
        Column::flexible("PATH", 12),
        Column::fixed("NAMED").leaves(1),
        Column::fixed("BY").leaves(2),
    ]);
    for artifact in artifacts {
        let when = Cell::new(ctx.time(artifact.at), Tone::Dim);
        table.row([Cell::from(&artifact.path), when, Cell::new(&artifact.actor, Tone::Dim)]);
    }
    table
}
