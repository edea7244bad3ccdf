//! That git leaves the graph's folder alone: its line in the exclude list of the repository around it.

use std::fs;
use std::io;
use std::path::Path;

use wg_dispatch::repository::Repository;

use crate::finding::locate::FOLDER;

/// Whether git leaves the graph in `folder` alone; absent where there is no repository. A line in the exclude list
/// or in a `.gitignore` on the way counts; patterns that say it in another way do not.
pub fn is(folder: &Path) -> io::Result<Option<bool>> {
    let Some(Repository { root, shared, .. }) = Repository::around(folder) else { return Ok(None) };
    let between = folder.ancestors().take_while(|above| above.starts_with(&root));
    let lists = between.map(|above| above.join(".gitignore")).chain([shared.join("info/exclude")]);
    for list in lists {
        if says(&read(&list)?) {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// Adds the folder to the exclude list of the repository that contains it; says whether there is one.
pub fn add(folder: &Path) -> io::Result<bool> {
    let Some(Repository { shared, .. }) = Repository::around(folder) else { return Ok(false) };
    let exclude = shared.join("info/exclude");
    let text = read(&exclude)?;
    if says(&text) {
        return Ok(true);
    }
    fs::create_dir_all(shared.join("info"))?;
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&exclude)?;
    io::Write::write_all(&mut file, format!("{gap}{FOLDER}/\n").as_bytes())?;
    Ok(true)
}

fn read(list: &Path) -> io::Result<String> {
    match fs::read(list) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn says(list: &str) -> bool {
    list.lines().any(|line| line.trim().trim_start_matches('/').trim_end_matches('/') == FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_added_once_and_found_wherever_it_stands() {
        let scratch = tempfile::tempdir().unwrap();
        let inner = scratch.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!((is(&inner).unwrap(), add(&inner).unwrap()), (None, false));
        fs::create_dir(scratch.path().join(".git")).unwrap();
        assert_eq!((is(&inner).unwrap(), add(&inner).unwrap()), (None, false), "that is no repository yet");
        fs::write(scratch.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(is(&inner).unwrap(), Some(false));
        assert!(add(&inner).unwrap() && add(&inner).unwrap());
        assert_eq!(is(&inner).unwrap(), Some(true));
        let exclude = scratch.path().join(".git/info/exclude");
        assert_eq!(fs::read_to_string(&exclude).unwrap(), ".wg/\n");
        fs::write(&exclude, "*.o").unwrap();
        assert_eq!(is(&inner).unwrap(), Some(false));
        add(&inner).unwrap();
        assert_eq!(fs::read_to_string(&exclude).unwrap(), "*.o\n.wg/\n");
        fs::write(&exclude, "").unwrap();
        fs::write(scratch.path().join("a/.gitignore"), "/.wg\n").unwrap();
        assert_eq!(is(&inner).unwrap(), Some(true));
    }
}
