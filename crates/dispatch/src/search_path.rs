//! Where agents find programs. They report with `wg`, so that name has to lead to this program: not to none, and not
//! to another of the same name (WireGuard's tool has it).

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What agents call this program.
const NAME: &str = "wg";

/// The `PATH` of agents where the dispatcher's own would not lead them here: the folder of this program comes before
/// it. None where it does lead here, and where this program is called otherwise, so that its folder would not help.
pub(crate) fn of_agents() -> Option<String> {
    let own = std::env::current_exe().ok()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    leading_to(&own, &path)?.into_string().ok()
}

fn leading_to(own: &Path, path: &OsStr) -> Option<OsString> {
    let file = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    let wanted = file(own)?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    let found = folders.iter().find_map(|folder| file(&folder.join(NAME)));
    if found == Some(wanted) || own.file_name() != Some(OsStr::new(NAME)) {
        return None;
    }
    folders.insert(0, own.parent()?.to_owned());
    std::env::join_paths(folders).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_own_folder_comes_first_where_the_name_would_lead_elsewhere() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        for folder in ["ours", "link", "theirs", "empty"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        std::fs::write(at("ours/wg"), "").unwrap();
        std::fs::write(at("ours/wg-copy"), "").unwrap();
        std::fs::write(at("theirs/wg"), "").unwrap();
        std::os::unix::fs::symlink(at("ours/wg"), at("link/wg")).unwrap();
        let path = |folders: &[&str]| std::env::join_paths(folders.iter().map(|name| at(name))).unwrap();
        let led = |folders: &[&str]| leading_to(&at("ours/wg"), &path(folders));
        assert_eq!(led(&["empty", "ours"]), None);
        assert_eq!(led(&["link", "theirs"]), None, "a link to it is it");
        assert_eq!(led(&["theirs", "ours"]), Some(path(&["ours", "theirs", "ours"])));
        assert_eq!(led(&["empty"]), Some(path(&["ours", "empty"])));
        assert_eq!(leading_to(&at("ours/wg-copy"), &path(&["empty"])), None, "nobody would find it");
        assert_eq!(leading_to(&at("ours/gone"), &path(&["empty"])), None);
    }
}
