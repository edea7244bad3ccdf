//! Words that no file of the tree may hold: marks of unfinished work, paths of one machine, hosts of package
//! registries.

use anyhow::Result;

use super::Violation;
use crate::tree::Tree;

/// Marks of unfinished work, put together so that this file does not hold them.
const MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("X", "XX")];
/// Folders of one machine.
const MACHINE_FOLDERS: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
/// Hosts from which packages are fetched; where they come from is a matter of the machine's settings.
const REGISTRIES: [&str; 6] = [
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npmjs", ".org"),
    concat!("registry.yarnpkg", ".com"),
    concat!("proxy.golang", ".org"),
    concat!("files.pythonhosted", ".org"),
];
/// The one source that the lock file may name.
const LOCK_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Violations in every text file.
pub fn violations(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for path in tree.files() {
        let Some(text) = tree.text(path)? else { continue };
        for (index, line) in text.lines().enumerate() {
            found.extend(in_line(path, line).map(|violation| violation.at(index + 1)));
        }
    }
    Ok(found)
}

fn in_line(path: &str, line: &str) -> Option<Violation> {
    if let Some(mark) = MARKS.into_iter().find(|mark| has_word(line, mark)) {
        return Some(Violation::of("unfinished", path, format!("{mark}: finish it, or say it in an issue")));
    }
    if let Some(folder) = MACHINE_FOLDERS.into_iter().find(|folder| has_path(line, folder)) {
        return Some(Violation::of("machine-path", path, format!("'{folder}' exists on one machine")));
    }
    if let Some(host) = REGISTRIES.into_iter().find(|host| line.contains(host)) {
        return Some(Violation::of("registry-host", path, format!("{host} is a setting of the machine")));
    }
    let foreign = path.ends_with("Cargo.lock") && line.starts_with("source = ") && line != LOCK_SOURCE;
    foreign.then(|| Violation::of("registry-host", path, format!("a package from elsewhere: {line}")))
}

/// Whether `word` stands in the line with no letter, digit or `_` beside it.
fn has_word(line: &str, word: &str) -> bool {
    let part = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    line.match_indices(word)
        .any(|(at, _)| !part(line[..at].chars().next_back()) && !part(line[at + word.len()..].chars().next()))
}

/// Whether an absolute path begins with `folder` in the line: nothing of a path stands before it.
fn has_path(line: &str, folder: &str) -> bool {
    let of_path = |char: char| char.is_alphanumeric() || "_-.~}>*)".contains(char);
    line.match_indices(folder).any(|(at, _)| !line[..at].chars().next_back().is_some_and(of_path))
}

#[cfg(test)]
mod tests {
    use super::{LOCK_SOURCE, in_line, violations};
    use crate::tree::scratch;

    fn rule(path: &str, line: &str) -> Option<&'static str> {
        in_line(path, line).map(|violation| violation.rule)
    }

    #[test]
    fn marks_of_unfinished_work_are_words() {
        assert_eq!(rule("a.rs", concat!("// FIX", "ME later")), Some("unfinished"));
        assert_eq!(rule("a.sh", concat!("# X", "XX")), Some("unfinished"));
        assert_eq!(rule("a.sh", "mktemp -d /tmp/wg.XXXXXX"), None);
    }

    #[test]
    fn paths_of_one_machine_are_found_and_relative_ones_are_not() {
        assert_eq!(rule("a.md", concat!("see /ho", "me/ann/project")), Some("machine-path"));
        assert_eq!(rule("a.rs", concat!("\"/ro", "ot/.cargo\"")), Some("machine-path"));
        assert_eq!(rule("a.md", concat!("file:///wo", "rk/main")), Some("machine-path"));
        assert_eq!(rule("a.md", "crates/wg/home/x, $HOME/work/x, ./root/x"), None);
    }

    #[test]
    fn registries_are_found_and_the_lock_file_has_one_source() {
        assert_eq!(rule("a.toml", concat!("url = \"https://index.crates", ".io/\"")), Some("registry-host"));
        assert_eq!(rule("Cargo.lock", LOCK_SOURCE), None);
        assert_eq!(rule("Cargo.lock", "source = \"git+https://example.org/x\""), Some("registry-host"));
    }

    #[test]
    fn every_text_file_is_read_with_its_lines() {
        let bad = format!("fine\n{}\n", concat!("/ho", "me/ann/x"));
        let (_folder, tree) = scratch::tree(&[("docs/a.md", &bad)]);
        let found = violations(&tree).expect("readable");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].place.as_str(), found[0].line), ("docs/a.md", Some(2)));
    }
}
