//! The graph's folder: whose it is, whether there is room, whether git leaves it alone; and the configuration.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::{Fix, Line, Standing};
use crate::config::{Config, prompt_template};
use crate::context::Context;
use crate::finding::ignored;
use crate::output::text;

/// Bits of those who may write and are not the owner.
const OTHERS_WRITE: u32 = 0o022;
/// With less room than this, a commit may fail at any moment.
const FULL: u64 = 512 * 1024;
/// With less room than this, output of agents may soon have none.
const SHORT: u64 = 100 * 1024 * 1024;

pub(super) fn look(ctx: &mut Context, folder: &Path) -> Vec<Line> {
    let mut lines = vec![whose(folder), room(folder)];
    lines.extend(git(folder));
    lines.push(match Config::load(&ctx.env, Some(folder)) {
        Ok(config) => match prompt_template(&config, folder) {
            Ok(_) => Line::ok("settings", "can be read"),
            Err(failure) => {
                failure.hints.iter().fold(Line::problem("settings", failure.in_a_line()), Line::hint)
            }
        },
        Err(failure) => failure.hints.iter().fold(Line::problem("settings", &failure.message), Line::hint),
    });
    lines
}

fn whose(folder: &Path) -> Line {
    const AREA: &str = "folder";
    let found = match fs::metadata(folder) {
        Ok(found) => found,
        Err(error) => return Line::problem(AREA, format!("{}: {error}", folder.display())),
    };
    let me = rustix::process::getuid().as_raw();
    if found.uid() != me {
        return Line::problem(
            AREA,
            format!("{} belongs to user {}, not to you", folder.display(), found.uid()),
        );
    }
    if found.mode() & OTHERS_WRITE != 0 {
        let what =
            format!("{} may be written by others, so anybody of them can change the graph", folder.display());
        return Line::problem(AREA, what).fixed_by(Fix::Permissions);
    }
    match rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
        Ok(()) => Line::ok(AREA, folder.display().to_string()),
        Err(error) => {
            Line::new(AREA, Standing::Note, format!("{} can only be read: {error}", folder.display()))
        }
    }
}

pub(super) fn take_permissions(folder: &Path) -> io::Result<()> {
    let mode = fs::metadata(folder)?.mode() & !OTHERS_WRITE;
    fs::set_permissions(folder, fs::Permissions::from_mode(mode & 0o7777))
}

fn room(folder: &Path) -> Line {
    const AREA: &str = "disk";
    let free = match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => return Line::problem(AREA, format!("its room can't be told: {error}")),
    };
    let said = format!("{} free", text::bytes(free));
    match free {
        0..FULL => Line::problem(AREA, said).hint("make room on the disk that holds the graph"),
        FULL..SHORT => Line::new(AREA, Standing::Note, format!("only {said}")),
        SHORT.. => Line::ok(AREA, said),
    }
}

fn git(folder: &Path) -> Option<Line> {
    const AREA: &str = "git";
    let around = folder.parent()?;
    match ignored::is(around) {
        Ok(None) => None,
        Ok(Some(true)) => Some(Line::ok(AREA, "leaves the graph alone")),
        Ok(Some(false)) => {
            Some(Line::problem(AREA, "the graph's folder is not ignored").fixed_by(Fix::Ignore))
        }
        Err(error) => Some(Line::problem(AREA, format!("its exclude list can't be read: {error}"))),
    }
}

pub(super) fn ignore(folder: &Path) -> io::Result<()> {
    folder.parent().map_or(Ok(false), ignored::add).map(drop)
}
