//! `wg init`: makes a graph.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::agents_md::{self, Done};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::ignored;
use crate::finding::locate::FOLDER;
use crate::wire;

/// Make a graph in this folder
///
/// Makes the folder .wg. In a git repository it is added to .git/info/exclude, so that git leaves it alone;
/// no file of the repository changes. Done again, it changes nothing. With --agents-md a marked block in AGENTS.md
/// tells agents of the graph; --remove takes exactly that away again, and nothing else.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where; this folder if absent
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Tell agents of it: put a marked block into AGENTS.md
    #[arg(long)]
    agents_md: bool,
    /// Only take that block away again; the graph stays
    #[arg(long, conflicts_with = "agents_md")]
    remove: bool,
}

#[derive(Serialize)]
struct Made<'a> {
    graph: &'a Path,
    made: bool,
    ignored_by_git: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents_md: Option<Done>,
}

#[derive(Serialize)]
struct Told<'a> {
    file: &'a Path,
    agents_md: Done,
}

/// Makes the graph.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let folder =
        args.folder.map_or_else(|| ctx.env.folder().to_owned(), |folder| ctx.env.folder().join(folder));
    let page = folder.join(agents_md::FILE);
    if args.remove {
        return remove(ctx, &page);
    }
    let graph = folder.join(FOLDER);
    let made = !graph.join("wg.db").exists();
    if made {
        fs::create_dir_all(&graph).map_err(|error| Failure::file("make", &graph, &error))?;
        drop(wire::create(&graph)?);
    }
    let ignored_by_git = ignored::add(&folder).map_err(|error| {
        Failure::refused("the graph is made, but git can't be told to leave it alone")
            .because(error)
            .hint("add .wg/ to .gitignore")
    })?;
    let told = match args.agents_md {
        true => Some(agents_md::add(&page).map_err(|error| unchanged(&page, &error))?),
        false => None,
    };
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Made { graph: &graph, made, ignored_by_git, agents_md: told })?);
    }
    let what = if made { "made" } else { "there is already" };
    writeln!(ctx.out, "{what} {}", graph.display())?;
    if ignored_by_git && made {
        writeln!(ctx.out, "git leaves it alone (.git/info/exclude)")?;
    }
    if let Some(told) = told {
        say(ctx, &page, told)?;
    }
    if made {
        let hint = "next: wg add \"what is to be done\" --exec \"a command\", then wg service start";
        writeln!(ctx.out, "{}", ctx.out.paint().dim(hint))?;
    }
    Ok(())
}

fn remove(ctx: &mut Context, page: &Path) -> Result<()> {
    let told = agents_md::remove(page).map_err(|error| unchanged(page, &error))?;
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { file: page, agents_md: told })?);
    }
    say(ctx, page, told)
}

fn say(ctx: &mut Context, page: &Path, told: Done) -> Result<()> {
    let page = page.display();
    match told {
        Done::Written => writeln!(ctx.out, "{page} tells agents of it; wg init --remove takes that away")?,
        Done::TakenAway => writeln!(ctx.out, "the block is taken out of {page}")?,
        Done::Removed => writeln!(ctx.out, "{page} had nothing but the block, and is removed")?,
        Done::Nothing => writeln!(ctx.out, "{page} is as it should be")?,
    }
    Ok(())
}

fn unchanged(page: &Path, error: &std::io::Error) -> Failure {
    Failure::file("change", page, error).hint("nothing in it was changed; mend its block by hand")
}
