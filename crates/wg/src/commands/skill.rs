//! `wg skill`: how an agent uses `wg`, as agents read it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::error::{Failure, Result};

const SKILL: &str = include_str!("skill.md");
/// The folder of the skill, which is its name, and its file in it.
const FILE: &str = "workgraph/SKILL.md";

/// Print how an agent uses `wg`, as a SKILL.md
///
/// Many agent programs read such files from a folder of skills; --install puts it there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write it to DIR/workgraph/SKILL.md instead, over an older one
    #[arg(long, value_name = "DIR")]
    install: Option<PathBuf>,
}

#[derive(Serialize)]
struct Skill<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    installed: Option<PathBuf>,
    text: &'a str,
}

/// Prints it, or writes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let installed = args.install.map(|folder| ctx.env.folder().join(folder).join(FILE));
    if let Some(path) = &installed {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
        fs::write(path, SKILL).map_err(|error| Failure::file("write", path, &error))?;
    }
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Skill { installed, text: SKILL })?);
    }
    match installed {
        Some(path) => Ok(writeln!(ctx.out, "wrote {}", path.display())?),
        None => Ok(ctx.out.write_all(SKILL.as_bytes())?),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::SKILL;
    use crate::front::args::Cli;

    #[test]
    fn it_is_short_and_names_only_what_there_is() {
        assert!(SKILL.lines().count() <= 80);
        assert!(SKILL.starts_with("---\nname: workgraph\ndescription: "));
        let cli = Cli::command();
        let mut named = 0;
        for said in
            SKILL.split("wg ").skip(1).filter(|said| said.starts_with(|c: char| c.is_ascii_lowercase()))
        {
            let end = |c: char| !(c.is_ascii_lowercase() || c == '-');
            let mut words = said.split(end);
            let verb = words.next().unwrap_or_default();
            let known = cli.find_subcommand(verb);
            assert!(known.is_some(), "there is no wg {verb}");
            if let Some(known) = known.filter(|known| known.has_subcommands()) {
                let inner = words.next().unwrap_or_default();
                assert!(known.find_subcommand(inner).is_some(), "there is no wg {verb} {inner}");
            }
            named += 1;
        }
        assert!(named > 20, "{named}");
    }
}
