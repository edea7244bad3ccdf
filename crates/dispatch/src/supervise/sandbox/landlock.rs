//! A sandbox of rights that a process gives up for itself and for all that it starts, by the kernel's Landlock.
//!
//! Rights are only ever given, for a folder and all below it: what may not be seen is what no rule names. So a graph
//! that lies in its agent's folder, as it mostly does, can't be kept from the agent at this level.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::view::{View, real};
use crate::files::{self, AttemptFolder, FileError, LaunchSpec};

/// The hidden verb of the binary that gives up its rights and becomes the agent: `__confine FOLDER PROGRAM`, where
/// `launch.json` in the folder says the rest.
pub const CONFINE_VERB: &str = "__confine";

/// The version that can keep everything from being written to: without it a file is still cut to nothing.
const LEAST: ABI = ABI::V3;
/// The rights that are given up, as of this version; an older kernel knows fewer.
const RIGHTS: ABI = ABI::V7;

/// Devices that every program may use.
const DEVICES: [&str; 9] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/shm",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// Why an agent was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// It is not known what to run.
    #[error(transparent)]
    Launch(#[from] FileError),
    /// What to run is in no such sandbox.
    #[error("it is to be in no sandbox")]
    Unwanted,
    /// The kernel did not take it.
    #[error("its rights can't be given up: {0}")]
    Rules(#[from] RulesetError),
    /// The kernel took nothing of it.
    #[error("this kernel keeps nothing from it")]
    NotEnforced,
    /// It stays privileged.
    #[error("its privileges can't be given up: {0}")]
    Privileges(io::Error),
    /// The program can't be executed.
    #[error("{program} can't be executed: {source}")]
    Exec {
        /// Which.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Whether this kernel can do it; and whether signals and abstract sockets are kept from agents too, which takes
/// version 6 of its interface (Linux 6.12).
pub(super) fn scopes() -> Result<bool, String> {
    let demanding = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let least = demanding().handle_access(AccessFs::from_all(LEAST)).and_then(Ruleset::create);
    least.map_err(|error| format!("this kernel does not have it, or not enough of it: {error}"))?;
    Ok(demanding().scope(Scope::AbstractUnixSocket | Scope::Signal).is_ok())
}

/// Gives up what the agent of this attempt may not have, and becomes it; returns only where that failed. To be called
/// when the process has just begun, and has one thread.
#[must_use]
pub fn confine(folder: &Path, program: &Path) -> ConfineError {
    let folder = AttemptFolder::new(folder);
    let spec = match restricted(&folder, program) {
        Ok(spec) => spec,
        Err(error) => return error,
    };
    let mut command = Command::new(program);
    if let Some((name, args)) = spec.argv.split_first() {
        command.arg0(name).args(args);
    }
    ConfineError::Exec { program: program.to_owned(), source: command.exec() }
}

fn restricted(folder: &AttemptFolder, program: &Path) -> Result<LaunchSpec, ConfineError> {
    let spec: LaunchSpec = files::read(&folder.launch())?;
    let confinement = spec.sandbox.as_ref().ok_or(ConfineError::Unwanted)?;
    let view = View::of(folder, &spec, confinement, program, |name| std::env::var_os(name));
    let rules = Rules::of(&view, &folder.temporary());
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?;
    for (path, rights) in rules.0 {
        // One that is gone by now is nothing to be allowed.
        if let Ok(found) = PathFd::new(&path) {
            let rights = if path.is_dir() { rights } else { rights & AccessFs::from_file(RIGHTS) };
            ruleset = ruleset.add_rule(PathBeneath::new(found, rights))?;
        }
    }
    if ruleset.restrict_self()?.ruleset == RulesetStatus::NotEnforced {
        return Err(ConfineError::NotEnforced);
    }
    drop_privileges().map_err(ConfineError::Privileges)?;
    Ok(spec)
}

/// Gives up root's privileges, which go around some of this (the memory of every process can be read by who may
/// measure it). None come back with another program: restricting itself, a process has given that up too.
fn drop_privileges() -> io::Result<()> {
    let none = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?)
}

/// Which rights are given where.
struct Rules(Vec<(PathBuf, BitFlags<AccessFs>)>);

impl Rules {
    fn of(view: &View, temporary: &Path) -> Self {
        let names = AccessFs::ReadDir.into();
        let reads = AccessFs::from_read(RIGHTS);
        let uses = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        let all = AccessFs::from_all(RIGHTS);
        let mut hides = view.hides.clone();
        // Where its own folder is elsewhere, nothing of the graph is given.
        if !view.graph.starts_with(&view.cwd) {
            hides.push(view.graph.clone());
        }
        // The names of files are no secret: programs look for where they are by them.
        let mut rules = vec![(PathBuf::from("/"), names)];
        let mut give = |path: &Path, rights| {
            let mut open = Vec::new();
            all_but(path, &hides, &mut open);
            rules.extend(open.into_iter().map(|path| (path, rights)));
        };
        give(Path::new("/"), reads);
        for written in &view.writes {
            give(written, all);
        }
        for device in real(DEVICES.iter().map(PathBuf::from)) {
            give(&device, if device.is_dir() { all } else { uses });
        }
        rules.push((temporary.to_owned(), all));
        if view.cwd.starts_with(&view.graph) {
            rules.push((view.cwd.clone(), all));
        }
        Self(rules)
    }
}

/// All of a folder but what is hidden, in as few paths as there may be. A rule for a symbolic link would be one for
/// what it points to, and there is no need for it: rights are asked of what a path leads to.
fn all_but(path: &Path, hides: &[PathBuf], open: &mut Vec<PathBuf>) {
    if hides.iter().any(|hidden| path.starts_with(hidden)) {
        return;
    }
    if !hides.iter().any(|hidden| hidden.starts_with(path)) {
        open.push(path.to_owned());
        return;
    }
    // What can't be listed can't be read either.
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            all_but(&entry.path(), hides, open);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn all_but_what_is_hidden_is_given_and_no_link_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(temp.path()).unwrap();
        for folder in ["ann/.ssh", "ann/work", "bob"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("ann/.netrc"), "").unwrap();
        std::os::unix::fs::symlink(root.join("ann/.ssh"), root.join("ann/link")).unwrap();
        let mut open = Vec::new();
        all_but(&root, &[root.join("ann/.ssh"), root.join("ann/.netrc")], &mut open);
        open.sort();
        assert_eq!(open, [root.join("ann/work"), root.join("bob")]);
        open.clear();
        all_but(&root.join("ann/.ssh"), &[root.join("ann/.ssh")], &mut open);
        assert!(open.is_empty());
    }
}
