//! `cargo xtask tidy`: the rules of the tree that no compiler checks.
//!
//! Only reads files. Every rule is a function from the tree to violations, in a file of its own; what is
//! excepted stands in `xtask/tidy-exceptions.txt` and may only become less.

mod arrows;
mod exceptions;
mod names;
mod pages;
mod rust;
mod sizes;
mod text;

use std::fmt;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::tree::Tree;

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule's name, as it stands in the list of exceptions.
    rule: &'static str,
    /// The file, relative to the root, or another name of the thing.
    place: String,
    /// The line, where there is one.
    line: Option<usize>,
    /// What is wrong, and the bound.
    what: String,
}

impl Violation {
    fn of(rule: &'static str, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { rule, place: place.into(), line: None, what: what.into() }
    }

    fn at(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {} [{}]", self.place, self.what, self.rule),
            None => write!(out, "{}: {} [{}]", self.place, self.what, self.rule),
        }
    }
}

/// Applies every rule to the tree; an error when one is broken.
pub fn run(tree: &Tree) -> Result<()> {
    let began = Instant::now();
    let mut violations = all(tree)?;
    violations.sort();
    violations.dedup();
    let excepted = exceptions::apply(&tree.text(exceptions::FILE)?.unwrap_or_default(), violations);
    for violation in &excepted {
        println!("{violation}");
    }
    if !excepted.is_empty() {
        bail!("tidy: {} to mend", excepted.len());
    }
    let files = tree.files().count();
    println!("tidy: {files} files, nothing to mend ({} ms)", began.elapsed().as_millis());
    Ok(())
}

fn all(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = sizes::violations(tree)?;
    found.extend(rust::violations(tree)?);
    found.extend(arrows::violations(tree)?);
    found.extend(names::violations(tree));
    found.extend(text::violations(tree)?);
    found.extend(pages::violations(tree)?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Violation, run};
    use crate::tree::scratch;

    #[test]
    fn a_violation_says_where_and_which_rule() {
        let violation = Violation::of("file-lines", "a.rs", "1200 lines").at(7);
        assert_eq!(violation.to_string(), "a.rs:7: 1200 lines [file-lines]");
    }

    #[test]
    fn a_clean_tree_passes_and_an_unclean_one_fails() {
        let clean = [("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n"), ("xtask/tidy-exceptions.txt", "")];
        let (_folder, tree) = scratch::tree(&clean);
        run(&tree).expect("nothing is wrong in it");
        let (_folder, tree) = scratch::tree(&[clean[0], clean[1], ("crates/core/src/utils.rs", "")]);
        assert_eq!(run(&tree).expect_err("a forbidden name").to_string(), "tidy: 1 to mend");
    }
}
