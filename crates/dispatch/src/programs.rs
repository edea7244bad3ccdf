//! Looking an adapter's program up on this machine.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat, stat};
use wg_agents::ProgramFacts;

/// What there is of a program: a path is relative to the folder of the graph's project, a name is looked up in
/// this process's `PATH`.
#[must_use]
pub fn facts(folder: &Path, program: &str) -> ProgramFacts {
    let candidates: Vec<PathBuf> = if program.contains('/') {
        vec![folder.join(program)]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(program)).collect()
    };
    for candidate in candidates {
        let Ok(status) = stat(&candidate) else { continue };
        let nanos = i64::try_from(status.st_mtime_nsec).unwrap_or(0);
        return ProgramFacts {
            path: candidate.to_str().map(str::to_owned),
            modified: Some(status.st_mtime.saturating_mul(1_000_000_000).saturating_add(nanos)),
            executable: accessat(CWD, &candidate, Access::EXEC_OK, AtFlags::EACCESS).is_ok(),
        };
    }
    ProgramFacts::default()
}
