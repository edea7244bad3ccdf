//! Pages that have a form: decisions and the changelog.

use anyhow::Result;

use super::Violation;
use crate::tree::Tree;

/// Where the decisions stand, one a page.
const DECISIONS: &str = "docs/decisions/";
/// Lines that a decision may have.
const DECISION_LINES: usize = 25;

/// Violations of both forms.
pub fn violations(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = decisions(tree)?;
    let changelog = if tree.files().any(|path| path == "CHANGELOG.md") {
        tree.text("CHANGELOG.md")?.unwrap_or_default()
    } else {
        String::new()
    };
    if !changelog.lines().any(|line| line.trim_end() == "## [Unreleased]") {
        found.push(Violation::of("changelog", "CHANGELOG.md", "has no section '## [Unreleased]'"));
    }
    Ok(found)
}

/// `NNNN-title.md`, counted from 1 without a gap, short.
fn decisions(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    let mut next = 1;
    for path in tree.files().filter(|path| path.starts_with(DECISIONS) && !path.ends_with("/README.md")) {
        let name = &path[DECISIONS.len()..];
        if number(name) == Some(next) {
            next += 1;
        } else {
            let what = format!("decisions are named {next:04}-title.md, counted without a gap");
            found.push(Violation::of("decision", path, what));
        }
        let lines = tree.text(path)?.unwrap_or_default().lines().count();
        if lines > DECISION_LINES {
            let what = format!("{lines} lines, at most {DECISION_LINES}: what was decided and why");
            found.push(Violation::of("decision", path, what));
        }
    }
    Ok(found)
}

fn number(name: &str) -> Option<u32> {
    let (digits, title) = name.strip_suffix(".md")?.split_once('-')?;
    let whole = digits.len() == 4 && !title.is_empty();
    whole.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::violations;
    use crate::tree::scratch;

    const CHANGELOG: (&str, &str) = ("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n");

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let (_folder, tree) = scratch::tree(files);
        violations(&tree).expect("readable").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_changelog_has_a_place_for_what_is_new() {
        assert!(found(&[CHANGELOG]).is_empty());
        let said = "CHANGELOG.md: has no section '## [Unreleased]' [changelog]";
        assert_eq!(found(&[]), [said]);
        assert_eq!(found(&[("CHANGELOG.md", "# Changelog\n## [0.1.0]\n")]), [said]);
    }

    #[test]
    fn decisions_are_short_and_numbered() {
        let first = ("docs/decisions/0001-sqlite.md", "# SQLite\n");
        assert!(found(&[CHANGELOG, first, ("docs/decisions/0002-shim.md", "x\n")]).is_empty());
        assert_eq!(found(&[CHANGELOG, first, ("docs/decisions/0003-shim.md", "x\n")]).len(), 1);
        assert_eq!(found(&[CHANGELOG, first, ("docs/decisions/0001-shim.md", "x\n")]).len(), 1);
        assert_eq!(found(&[CHANGELOG, ("docs/decisions/sqlite.md", "x\n")]).len(), 1);
        let long = "line\n".repeat(26);
        assert_eq!(
            found(&[CHANGELOG, ("docs/decisions/0001-sqlite.md", &long)]),
            ["docs/decisions/0001-sqlite.md: 26 lines, at most 25: what was decided and why [decision]"]
        );
    }
}
