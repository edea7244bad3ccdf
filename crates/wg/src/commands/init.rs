//! `wg init`: makes a graph.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::ignored;
use crate::finding::locate::FOLDER;
use crate::wire;

/// Make a graph in this folder
///
/// Makes the folder .wg. In a git repository it is added to .git/info/exclude, so that git leaves it alone;
/// no file of the repository changes. Done again, it changes nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where; this folder if absent
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Serialize)]
struct Made<'a> {
    graph: &'a Path,
    made: bool,
    ignored_by_git: bool,
}

/// Makes the graph.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let folder =
        args.folder.map_or_else(|| ctx.env.folder().to_owned(), |folder| ctx.env.folder().join(folder));
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
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Made { graph: &graph, made, ignored_by_git })?);
    }
    let what = if made { "made" } else { "there is already" };
    writeln!(ctx.out, "{what} {}", graph.display())?;
    if ignored_by_git && made {
        writeln!(ctx.out, "git leaves it alone (.git/info/exclude)")?;
    }
    if made {
        let hint = "next: wg add \"what is to be done\" --exec \"a command\", then wg service start";
        writeln!(ctx.out, "{}", ctx.out.paint().dim(hint))?;
    }
    Ok(())
}
