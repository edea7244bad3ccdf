//! The repository that a folder is in: agents run `git`, and what runs programs when a person does is not for them to
//! change.

use std::fs;
use std::path::{Path, PathBuf};

/// Where a repository keeps what it keeps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Repository {
    /// Folders that `git` writes to.
    pub(super) writes: Vec<PathBuf>,
    /// What says which programs `git` runs.
    pub(super) keeps: Vec<PathBuf>,
}

/// That of the repository a folder lies in; empty where it lies in none.
pub(super) fn repository(folder: &Path) -> Repository {
    let Some(found) = folder.ancestors().map(|above| above.join(".git")).find(|git| git.exists()) else {
        return Repository::default();
    };
    let own = if found.is_dir() { Some(found) } else { linked(&found) };
    let Some(own) = own else { return Repository::default() };
    // A worktree's own folder says where what all of them share is.
    let shared = first_line(&own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path));
    let keeps = ["hooks", "config", "config.worktree"].map(|name| shared.join(name)).to_vec();
    Repository { writes: vec![own, shared], keeps }
}

/// What the file `.git` of a worktree or a submodule points to.
fn linked(file: &Path) -> Option<PathBuf> {
    let line = first_line(file)?;
    Some(file.parent()?.join(line.strip_prefix("gitdir:")?.trim()))
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
        let found = repository(&main.join("deep/down"));
        assert_eq!(found.writes, [git.clone(), git.clone()]);
        assert_eq!(found.keeps[0], git.join("hooks"));

        let side = temp.path().join("side");
        fs::create_dir(&side).unwrap();
        fs::write(side.join(".git"), format!("gitdir: {}\n", git.join("worktrees/side").display())).unwrap();
        fs::write(git.join("worktrees/side/commondir"), "../..\n").unwrap();
        let found = repository(&side);
        assert_eq!(found.writes[0], git.join("worktrees/side"));
        assert_eq!(fs::canonicalize(&found.writes[1]).unwrap(), fs::canonicalize(&git).unwrap());

        fs::write(side.join(".git"), "garbage").unwrap();
        assert_eq!(repository(&side), Repository::default());
    }
}
