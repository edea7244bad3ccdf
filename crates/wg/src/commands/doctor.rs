//! `wg doctor`: whether the graph and what runs for it are well.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::doctor::{self, Line, Standing};
use crate::error::{Failure, Result};
use crate::output::style::Tone;
use crate::output::text;

/// Say whether the graph and what runs for it are well
///
/// Looks at the folder, the database and all that is kept beside its records, backups, the dispatcher, what was
/// used, and the processes and files of attempts. Exits with 0 where all is well, with 1 where something is not.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Put right what can be put right without a doubt
    #[arg(long)]
    fix: bool,
    /// Copy the database to .wg/backups, where it is whole; the last five copies are kept
    #[arg(long)]
    backup: bool,
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.fix || self.backup
    }
}

#[derive(Serialize)]
struct Report<'a> {
    well: bool,
    lines: &'a [Line],
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<&'a PathBuf>,
}

/// Says it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let mut lines = doctor::look(ctx)?;
    if args.fix {
        doctor::fix(ctx, &mut lines)?;
    }
    let bad = |line: &&Line| line.standing == Standing::Problem;
    let problems = lines.iter().filter(bad).count();
    let fixable = lines.iter().filter(bad).filter(|line| line.fix.is_some()).count();
    let whole = lines.iter().filter(bad).all(|line| line.area != "database");
    let backup = if args.backup && whole { Some(wg_store::sqlite::backup(ctx.folder()?)?) } else { None };
    if ctx.out.form.json {
        ctx.out.json(&Report { well: problems == 0, lines: &lines, backup: backup.as_ref() })?;
    } else {
        for line in &lines {
            print(ctx, line)?;
        }
        if let Some(backup) = &backup {
            writeln!(ctx.out, "copied to {}", backup.display())?;
        }
    }
    if problems == 0 {
        return Ok(());
    }
    let failure = Failure::refused(format!("{} found", text::count(problems as u64, "problem", "problems")));
    Err(if fixable > 0 && !args.fix { failure.hint("wg doctor --fix") } else { failure })
}

fn print(ctx: &mut Context, line: &Line) -> Result<()> {
    let paint = ctx.out.paint();
    let (word, tone) = match line.standing {
        Standing::Ok => ("ok", Tone::Green),
        Standing::Note => ("note", Tone::Plain),
        Standing::Problem => ("problem", Tone::Red),
        Standing::Fixed => ("fixed", Tone::Green),
    };
    let fix = line.fix.as_ref().filter(|_| line.standing == Standing::Problem);
    let fix = fix.map_or_else(String::new, |fix| format!(" (--fix {})", fix.says()));
    let said = format!("{}{fix}", text::line(&line.what));
    let room = ctx.out.form.width.map(|width| width.saturating_sub(21));
    for (n, part) in text::wrap(&said, room).iter().enumerate() {
        match n {
            0 => writeln!(
                ctx.out,
                "{}{}  {:10}  {part}",
                paint.tone(tone, word),
                " ".repeat(7 - word.len()),
                line.area
            )?,
            _ => writeln!(ctx.out, "{:21}{part}", "")?,
        }
    }
    for hint in &line.hints {
        writeln!(ctx.out, "{:21}{}", "", paint.dim(&text::block(hint)))?;
    }
    Ok(())
}
