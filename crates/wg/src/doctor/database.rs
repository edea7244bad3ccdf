//! The database: whether it is whole, whether its indexes follow from its records, and what its backups are.

use std::fs;
use std::path::{Path, PathBuf};

use wg_core::port::StoreError;
use wg_store::sqlite;

use super::{Line, Standing};
use crate::context::Context;
use crate::error::Failure;
use crate::output::text;

/// What is wrong with it that is told; of more only the number is.
const TOLD: usize = 10;

pub(super) fn look(ctx: &mut Context, folder: &Path) -> Vec<Line> {
    const AREA: &str = "database";
    let found = match sqlite::check(folder) {
        Ok(found) => found,
        Err(error @ StoreError::Damaged { .. }) => {
            return vec![restore(Line::problem(AREA, error.to_string()), folder)];
        }
        Err(error) => {
            let failure = Failure::from(error);
            return vec![failure.hints.iter().fold(Line::problem(AREA, failure.message), Line::hint)];
        }
    };
    if found.is_empty() {
        let counted = ctx.read(|read| Ok((read.counts()?.total(), read.last_operation()?)));
        return vec![match counted {
            Ok((tasks, last)) => {
                let tasks = text::count(tasks, "task", "tasks");
                Line::ok(AREA, format!("whole: {tasks}, operation {last}, format {}", sqlite::FORMAT))
            }
            Err(failure) => Line::problem(AREA, failure.message),
        }];
    }
    let mut lines: Vec<Line> =
        found.iter().take(TOLD).map(|what| Line::problem(AREA, format!("damaged: {what}"))).collect();
    if let Some(more) = found.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(Line::problem(AREA, format!("and {more} more of this kind")));
    }
    if let Some(last) = lines.pop() {
        lines.push(restore(last, folder));
    }
    lines
}

/// How to go back to a backup, in commands: what is damaged is moved aside, never overwritten.
fn restore(line: Line, folder: &Path) -> Line {
    let shown = folder.display();
    let Some(newest) = all(folder).pop() else {
        return line.hint("there is no backup; nothing was changed").hint(format!(
            "what can still be read: wg export saved.jsonl, or: sqlite3 {shown}/wg.db .recover"
        ));
    };
    line.hint("to go back to the newest backup (what is there is kept beside it):")
        .hint("  wg service stop")
        .hint(format!("  mkdir {shown}/damaged && mv {shown}/wg.db* {shown}/damaged/"))
        .hint(format!("  cp {} {shown}/wg.db && wg doctor", newest.display()))
}

pub(super) fn backups(folder: &Path) -> Vec<Line> {
    const AREA: &str = "backups";
    let backups = all(folder);
    let what = match backups.last().and_then(|path| path.file_name()) {
        None => return vec![Line::new(AREA, Standing::Note, "none; `wg doctor --backup` makes one")],
        Some(newest) => {
            let many = text::count(backups.len() as u64, "backup", "backups");
            format!("{many}, the newest {}", newest.to_string_lossy())
        }
    };
    vec![Line::ok(AREA, what)]
}

/// The backups, the oldest first: their names sort by the last operation that they hold.
fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("backups")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_backup(path)).collect();
    paths.sort();
    paths
}

fn is_backup(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("wg-") && name.ends_with(".db")
}
