//! The files of this repository, as git would commit them.
//!
//! Reads only. A file that git ignores is no part of the tree; a new file that is not yet added is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The root folder and the paths below it, relative, with `/`, sorted.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    /// The tree that holds this crate's manifest.
    pub fn of_this_repository() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as 'cargo xtask'")?;
        let root = Path::new(&manifest).parent().context("xtask lies in the root")?;
        Self::at(root)
    }

    /// The tree in `root`: what git tracks or would add, where it is a checkout, else every file that is not
    /// a build product.
    pub fn at(root: &Path) -> Result<Self> {
        let files = if root.join(".git").exists() { listed_by_git(root)? } else { walked(root)? };
        Ok(Self { root: root.to_owned(), files })
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every path, relative to the root.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Every path that ends in `suffix`.
    pub fn ending_in<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a str> {
        self.files().filter(move |path| path.ends_with(suffix))
    }

    /// The names directly below the root.
    pub fn top_level(&self) -> BTreeSet<&str> {
        self.files().map(|path| path.split('/').next().expect("split gives at least one piece")).collect()
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        std::fs::read(self.root.join(path)).with_context(|| format!("reading {path}"))
    }

    /// The text of a file; `None` where it is not UTF-8, which is no fault of a fixture.
    pub fn text(&self, path: &str) -> Result<Option<String>> {
        Ok(String::from_utf8(self.bytes(path)?).ok())
    }
}

fn listed_by_git(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("starting git")?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    let listing = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut files: Vec<String> = listing
        .split('\0')
        .filter(|path| !path.is_empty() && root.join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

fn walked(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if entry.file_name() != "target" {
                    folders.push(path);
                }
            } else {
                let relative = path.strip_prefix(root).expect("every walked path lies below the root");
                files.push(relative.to_str().context("a file name is not UTF-8")?.to_owned());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
pub mod scratch {
    //! A tree made for one test.

    use super::Tree;

    /// Writes the files into a new folder and reads it as a tree; the folder lives as long as the first value.
    pub fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
        let tree = Tree::at(folder.path()).expect("readable");
        (folder, tree)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Tree, scratch};

    #[test]
    fn a_plain_folder_is_walked_without_build_products() {
        let (_folder, tree) = scratch::tree(&[("a/b.rs", ""), ("target/debug/x.rs", ""), ("c.md", "")]);
        assert_eq!(tree.files().collect::<Vec<_>>(), ["a/b.rs", "c.md"]);
        assert_eq!(tree.top_level().into_iter().collect::<Vec<_>>(), ["a", "c.md"]);
    }

    #[test]
    fn a_checkout_has_new_files_but_not_ignored_or_deleted_ones() {
        let (folder, _) =
            scratch::tree(&[(".gitignore", "*.log\n"), ("old.rs", ""), ("new.rs", ""), ("x.log", "")]);
        let git = |args: &[&str]| {
            let status = Command::new("git").args(args).current_dir(folder.path()).status();
            assert!(status.expect("git runs").success());
        };
        git(&["init", "-q"]);
        git(&["add", "old.rs"]);
        std::fs::remove_file(folder.path().join("old.rs")).expect("it was written");
        let tree = Tree::at(folder.path()).expect("readable");
        assert_eq!(tree.files().collect::<Vec<_>>(), [".gitignore", "new.rs"]);
    }
}
