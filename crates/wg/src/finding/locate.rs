//! Where the graph is: the `.wg` folder of this folder or of one above it, as git finds its own; from a
//! linked worktree, that of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use wg_dispatch::repository::Repository;

use crate::environment::Environment;
use crate::error::{Failure, Result};

/// The name of the folder that holds a graph.
pub const FOLDER: &str = ".wg";
/// The file by which a graph's folder is known.
const DATABASE: &str = "wg.db";

/// The folder of the graph that is meant.
pub fn find(env: &Environment, given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given.map(Path::to_owned).or_else(|| env.path("WG_DIR")) {
        let path = env.folder().join(path);
        return named(&path).ok_or_else(|| {
            Failure::not_found(format!("there is no graph at {}", path.display()))
                .hint("name the .wg folder, or the folder that contains it")
        });
    }
    above(env.folder()).ok_or_else(|| {
        Failure::not_found(format!("there is no graph in {} or above it", env.folder().display()))
            .hint("wg init")
            .hint("or name one by WG_DIR or --dir")
    })
}

fn named(path: &Path) -> Option<PathBuf> {
    [path.to_owned(), path.join(FOLDER)].into_iter().find(|folder| folder.join(DATABASE).exists())
}

fn above(from: &Path) -> Option<PathBuf> {
    from.ancestors().find_map(|folder| {
        let here = folder.join(FOLDER);
        if here.join(DATABASE).exists() {
            return Some(here);
        }
        main_of(folder).map(|root| root.join(FOLDER)).filter(|graph| graph.join(DATABASE).exists())
    })
}

/// The main folder of the repository of which `folder` is a linked worktree.
fn main_of(folder: &Path) -> Option<PathBuf> {
    let linked = Repository::at(folder).filter(Repository::is_linked)?;
    fs::canonicalize(linked.shared).ok()?.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path) -> Option<PathBuf> {
        find(&Environment::given([]).within(folder), None).ok()
    }

    #[test]
    fn a_graph_is_found_upwards_and_from_a_linked_worktree() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        let (main, linked) = (root.join("main"), root.join("linked"));
        fs::create_dir_all(main.join(".wg")).unwrap();
        fs::create_dir_all(main.join("src/deep")).unwrap();
        fs::create_dir_all(main.join(".git/worktrees/linked")).unwrap();
        fs::create_dir_all(linked.join("src")).unwrap();
        assert_eq!(found(&main), None);
        fs::write(main.join(".wg/wg.db"), "").unwrap();
        fs::write(main.join(".git/worktrees/linked/commondir"), "../..\n").unwrap();
        let link = format!("gitdir: {}\n", main.join(".git/worktrees/linked").display());
        fs::write(linked.join(".git"), link).unwrap();
        assert_eq!(found(&main.join("src/deep")), Some(main.join(".wg")));
        assert_eq!(found(&linked.join("src")), Some(main.join(".wg")));
    }

    #[test]
    fn a_graph_that_is_named_is_that_one_or_none() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join(".wg")).unwrap();
        fs::write(scratch.path().join(".wg/wg.db"), "").unwrap();
        let text = scratch.path().to_str().unwrap();
        let env = Environment::given([("WG_DIR", text)]);
        assert_eq!(find(&env, None), Ok(scratch.path().join(".wg")));
        assert!(find(&env, Some(Path::new("/nowhere"))).is_err());
    }
}
