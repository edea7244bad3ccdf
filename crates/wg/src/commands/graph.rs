//! `wg graph`: the graph as a picture.

use std::io::Write;

use clap::ValueEnum;

use crate::context::Context;
use crate::error::Result;
use crate::finding::resolve;
use crate::telling::picture::{self, Part, Which};

/// Draw the graph, or what is around a task
///
/// What must be done first stands above. Without a task: what is not done and not given up; --all draws
/// everything.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what this task depends on and what requires it
    #[arg(value_name = "TASK")]
    task: Option<String>,
    /// How
    #[arg(short, long, value_name = "FORMAT", default_value = "terminal")]
    format: Format,
    /// Dependencies to follow from the task, both ways
    #[arg(long, value_name = "N", default_value = "3", requires = "task")]
    depth: usize,
    /// Done and abandoned tasks too
    #[arg(short, long)]
    all: bool,
    /// At most so many tasks
    #[arg(short = 'n', long, value_name = "N", default_value = "100")]
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines and names
    Terminal,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
}

/// Draws it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let part = ctx.read(|read| {
        let which = match &args.task {
            Some(typed) => Which::Around(resolve::task_id(read, typed)?, args.depth),
            None if args.all => Which::All,
            None => Which::NotDone,
        };
        Part::load(read, &which, args.limit)
    })?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&part)?);
    }
    if part.tasks.is_empty() {
        return Ok(ctx.out.note("there is nothing to draw: wg graph --all draws finished tasks too")?);
    }
    match args.format {
        Format::Terminal => {
            ctx.out.page();
            let text = picture::terminal(&part, ctx.out.paint(), ctx.out.form.width);
            ctx.out.write_all(text.as_bytes())?;
        }
        Format::Dot => ctx.out.write_all(picture::dot(&part).as_bytes())?,
        Format::Mermaid => ctx.out.write_all(picture::mermaid(&part).as_bytes())?,
    }
    match part.more {
        true => Ok(ctx
            .out
            .note(&format!("there are more than {}: -n N draws more, wg graph TASK a part", args.limit))?),
        false => Ok(()),
    }
}
