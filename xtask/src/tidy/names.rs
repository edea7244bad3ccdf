//! Names of files and folders: what the root may hold, and names that say nothing.

use super::Violation;
use crate::tree::Tree;

/// What a newcomer needs to see in the root, and nothing else.
const ROOT: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "rustfmt.toml",
    "testkit",
    "xtask",
];

/// Stems of names under which anything could lie.
const SAY_NOTHING: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];

/// Violations of both rules.
pub fn violations(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in tree.top_level() {
        if !ROOT.contains(&name) {
            found.push(Violation::of("root-listing", name, "does not belong in the root"));
        }
    }
    for path in tree.files() {
        if let Some(piece) = path.split('/').find(|piece| says_nothing(piece)) {
            let what = format!("'{piece}' says nothing about its subject");
            found.push(Violation::of("file-name", path, what));
        }
    }
    found
}

fn says_nothing(piece: &str) -> bool {
    let stem = piece.split('.').next().expect("split gives at least one piece");
    stem.split(['_', '-']).any(|word| SAY_NOTHING.contains(&word.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::violations;
    use crate::tree::scratch;

    fn found(path: &str) -> Vec<String> {
        let (_folder, tree) = scratch::tree(&[(path, "")]);
        violations(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_root_holds_only_what_is_listed() {
        assert!(found("README.md").is_empty());
        assert!(found("crates/core/src/lib.rs").is_empty());
        assert_eq!(found("notes.txt"), ["notes.txt: does not belong in the root [root-listing]"]);
        assert_eq!(found("scripts/x.sh"), ["scripts: does not belong in the root [root-listing]"]);
    }

    #[test]
    fn names_that_say_nothing_are_refused_as_file_folder_or_part() {
        for path in [
            "crates/core/src/utils.rs",
            "crates/core/src/common/mod.rs",
            "crates/wg/src/test_helpers.rs",
            "crates/wg/src/Manager.rs",
            "docs/misc.md",
        ] {
            assert_eq!(found(path).len(), 1, "{path}");
        }
        assert!(found("crates/wg/src/commonly.rs").is_empty());
    }
}
