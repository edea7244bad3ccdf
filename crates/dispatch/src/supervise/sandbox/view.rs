//! What an agent sees and may write to, looked up just before it is executed, and how it is executed so.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

use super::{CONFINE_VERB, Confinement, Level, bubblewrap, probe};
use crate::files::{AttemptFolder, LaunchSpec};
use crate::repository::Repository;

/// What of a repository's shared folder says which programs `git` runs.
const RUN_BY_GIT: [&str; 3] = ["hooks", "config", "config.worktree"];

/// Folders that everybody writes to, and where sockets lie behind which programs do what they are asked to: an agent
/// gets its own, or none.
const EVERYBODYS: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/var/run"];

/// What of them is shown all the same: where names are looked up, and where a system keeps its programs.
const OF_SYSTEM: [&str; 6] = [
    "/run/NetworkManager",
    "/run/current-system",
    "/run/nscd",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/run/wrappers",
];

/// How to execute an agent.
#[derive(Debug)]
pub(crate) struct Start {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Variables that the agent has otherwise, or not at all, without a sandbox.
    pub(crate) env: Vec<(&'static str, OsString)>,
}

/// How to execute the agent of this launch in its sandbox. `variable` is what its environment holds.
///
/// # Errors
/// What the system said, and of what: then nothing can be executed.
pub(crate) fn start(
    folder: &AttemptFolder,
    spec: &LaunchSpec,
    confinement: &Confinement,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Start, (io::Error, String)> {
    let failed = |what: &Path| {
        let what = what.display().to_string();
        move |error: io::Error| (error, what)
    };
    // Only here its absence is told from the end of a program that sets the sandbox up.
    let (name, args) = spec.argv.split_first().ok_or_else(|| failed(Path::new(""))(Errno::INVAL.into()))?;
    let program = find(name, &spec.cwd, variable("PATH").as_deref()).map_err(failed(Path::new(name)))?;
    match confinement.level {
        Level::Bubblewrap => {
            let nothing = folder.nothing();
            fs::write(&nothing, "").map_err(failed(&nothing))?;
            let view = View::of(folder, spec, confinement, &program, variable);
            let bwrap = probe::bwrap().unwrap_or_else(|| "bwrap".into());
            let mut around = bubblewrap::arguments(&view);
            around.push("--".into());
            around.push(program.into());
            around.extend(args.iter().map(OsString::from));
            Ok(Start { program: bwrap, args: around, env: Vec::new() })
        }
        Level::Landlock => {
            let temporary = folder.temporary();
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&temporary);
            made.map_err(failed(&temporary))?;
            let args = vec![CONFINE_VERB.into(), folder.path().into(), program.into()];
            // This very program: what it finds by that name once it is executed.
            Ok(Start { program: "/proc/self/exe".into(), args, env: vec![("TMPDIR", temporary.into())] })
        }
    }
}

/// A program by its path or its name, as executing it would find it.
fn find(name: &str, cwd: &Path, path: Option<&OsStr>) -> io::Result<PathBuf> {
    let candidates: Vec<PathBuf> = if name.contains('/') {
        vec![cwd.join(name)]
    } else {
        std::env::split_paths(path.unwrap_or_default()).map(|folder| cwd.join(folder).join(name)).collect()
    };
    let mut seen = Errno::NOENT;
    for candidate in candidates {
        if !candidate.is_file() {
            continue;
        }
        match accessat(CWD, &candidate, Access::EXEC_OK, AtFlags::EACCESS) {
            Ok(()) => return Ok(candidate),
            Err(error) => seen = error,
        }
    }
    Err(seen.into())
}

/// What an agent sees and may write to. Every path is there, and is no symbolic link.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Where it runs.
    pub(super) cwd: PathBuf,
    /// The graph's folder, of which it sees nothing but its door.
    pub(super) graph: PathBuf,
    /// Its door.
    pub(super) door: PathBuf,
    /// The folder for its temporary files, where its environment names one.
    pub(super) temporary: Option<PathBuf>,
    /// Folders that it gets empty ones of its own for.
    pub(super) covers: Vec<PathBuf>,
    /// What in them it sees all the same.
    pub(super) shows: Vec<PathBuf>,
    /// What it may write to.
    pub(super) writes: Vec<PathBuf>,
    /// What of that it may only read.
    pub(super) keeps: Vec<PathBuf>,
    /// What it may not see.
    pub(super) hides: Vec<PathBuf>,
    /// A file with nothing in it, to be seen instead of one that it may not see.
    pub(super) nothing: PathBuf,
}

impl View {
    /// That of this launch.
    pub(super) fn of(
        folder: &AttemptFolder,
        spec: &LaunchSpec,
        confinement: &Confinement,
        program: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let repository = Repository::around(&spec.cwd);
        let named = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let (home, temporary) = (named("HOME"), named("TMPDIR"));
        let covers = real(EVERYBODYS.iter().map(PathBuf::from));
        let is_covered = |path: &PathBuf| covers.iter().any(|cover| path.starts_with(cover) && path != cover);
        let path = variable("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        let shown = folders
            .chain(OF_SYSTEM.iter().map(PathBuf::from))
            .chain(home)
            // A shim is `wg`, which `PATH` may lead to by a link.
            .chain(std::env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned())))
            .chain(program.parent().map(Path::to_owned))
            .chain(fs::canonicalize(program).ok().and_then(|real| Some(real.parent()?.to_owned())));
        let shows = real(shown).into_iter().filter(is_covered).collect();
        // Agents run `git`; what it runs when a person does is not for them to change.
        let of_git = |repository: &Repository| [&repository.own, &repository.shared].map(PathBuf::clone);
        let writes = [spec.cwd.clone()].into_iter().chain(repository.iter().flat_map(of_git));
        let runs = |repository: &Repository| RUN_BY_GIT.map(|name| repository.shared.join(name));
        let keeps = confinement.keeps.iter().cloned().chain(repository.iter().flat_map(runs));
        Self {
            cwd: fs::canonicalize(&spec.cwd).unwrap_or_else(|_| spec.cwd.clone()),
            graph: fs::canonicalize(folder.graph().path())
                .unwrap_or_else(|_| folder.graph().path().to_owned()),
            door: fs::canonicalize(folder.door()).unwrap_or_else(|_| folder.door()),
            temporary: temporary.and_then(|folder| fs::canonicalize(folder).ok()),
            writes: real(writes.chain(confinement.writes.iter().cloned())),
            keeps: real(keeps),
            hides: real(confinement.hides.iter().cloned()),
            nothing: folder.nothing(),
            covers,
            shows,
        }
    }
}

/// Those that are there, without symbolic links and without repeats: what lies in another one after that.
pub(super) fn real(paths: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut real: Vec<PathBuf> = paths.into_iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    real.sort();
    real.dedup();
    real
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_program_is_found_as_executing_it_would_find_it() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("data"), "").unwrap();
        let path = OsStr::new("/nowhere:/usr/bin:/bin");
        let errno = |found: io::Result<PathBuf>| found.unwrap_err().raw_os_error().unwrap();
        assert!(find("sh", temp.path(), Some(path)).unwrap().ends_with("sh"));
        assert_eq!(find("/bin/sh", temp.path(), None).unwrap(), Path::new("/bin/sh"));
        assert_eq!(errno(find("sh", temp.path(), None)), Errno::NOENT.raw_os_error());
        assert_eq!(errno(find("./nothing", temp.path(), Some(path))), Errno::NOENT.raw_os_error());
        assert_eq!(errno(find("./data", temp.path(), Some(path))), Errno::ACCESS.raw_os_error());
    }
}
