//! The git repository around a folder, found as git finds it: where it keeps what it keeps.

use std::fs;
use std::path::{Path, PathBuf};

/// A working tree of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The folder of the working tree.
    pub root: PathBuf,
    /// What git keeps of this working tree.
    pub own: PathBuf,
    /// What all working trees of the repository share; the same where there is but one.
    pub shared: PathBuf,
}

impl Repository {
    /// The one whose working tree `folder` lies in.
    #[must_use]
    pub fn around(folder: &Path) -> Option<Self> {
        folder.ancestors().find_map(Self::at)
    }

    /// The one of which `root` is a working tree. A folder `.git` without a `HEAD` is none of a repository: some
    /// sandboxes leave empty ones behind.
    #[must_use]
    pub fn at(root: &Path) -> Option<Self> {
        let git = root.join(".git");
        let own = if git.is_dir() {
            git.join("HEAD").exists().then_some(git)?
        } else {
            root.join(first_line(&git)?.strip_prefix("gitdir:")?.trim())
        };
        let shared = first_line(&own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path));
        Some(Self { root: root.to_owned(), own, shared })
    }

    /// Whether it is a working tree beside the main one.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.own != self.shared
    }
}

fn first_line(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.lines().next()?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_repository_is_found_from_within_and_from_a_worktree() {
        let temp = tempfile::tempdir().unwrap();
        let main = temp.path().join("main");
        let git = main.join(".git");
        fs::create_dir_all(git.join("worktrees/side")).unwrap();
        fs::create_dir_all(main.join("deep/down")).unwrap();
        assert_eq!(Repository::around(&main.join("deep/down")), None, "nothing of git is in there yet");
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        let found = Repository::around(&main.join("deep/down")).unwrap();
        assert_eq!((&found.root, &found.own, found.is_linked()), (&main, &git, false));

        let side = temp.path().join("side");
        fs::create_dir(&side).unwrap();
        fs::write(side.join(".git"), format!("gitdir: {}\n", git.join("worktrees/side").display())).unwrap();
        fs::write(git.join("worktrees/side/commondir"), "../..\n").unwrap();
        let found = Repository::around(&side).unwrap();
        assert_eq!((found.own.clone(), found.is_linked()), (git.join("worktrees/side"), true));
        assert_eq!(fs::canonicalize(&found.shared).unwrap(), fs::canonicalize(&git).unwrap());

        fs::write(side.join(".git"), "garbage").unwrap();
        assert_eq!(Repository::around(&side), None);
    }
}
