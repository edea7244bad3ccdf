//! Which crate may import which, read from the manifests.
//!
//! The table is the picture of `docs/architecture.md`; a crate that is not in it is refused, so that a new
//! one is drawn before it is built.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item, TableLike};

use super::Violation;
use crate::tree::Tree;

/// One crate of ours and what its manifest may name.
struct Rule {
    name: &'static str,
    /// Crates of ours that it imports.
    imports: &'static [&'static str],
    /// Crates of ours that only its tests import.
    tests_import: &'static [&'static str],
    /// Libraries that would bring in what the crate must never know.
    never: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        name: "wg-core",
        imports: &[],
        tests_import: &[],
        never: &[
            "rusqlite",
            "tokio",
            "rustix",
            "serde_json",
            "clap",
            "tempfile",
            "rand",
            "tracing-subscriber",
        ],
    },
    Rule {
        name: "wg-store",
        imports: &["wg-core"],
        tests_import: &["testkit"],
        never: &["clap", "tokio", "tracing-subscriber"],
    },
    Rule {
        name: "wg-agents",
        imports: &["wg-core"],
        tests_import: &[],
        never: &["rusqlite", "tokio", "rustix", "clap", "tempfile", "tracing-subscriber"],
    },
    Rule {
        name: "wg-dispatch",
        imports: &["wg-core", "wg-agents"],
        // Its logic is tested over the memory store.
        tests_import: &["testkit", "wg-store"],
        never: &["rusqlite", "clap", "tracing-subscriber"],
    },
    Rule {
        name: "wg",
        imports: &["wg-core", "wg-store", "wg-agents", "wg-dispatch"],
        tests_import: &["testkit"],
        never: &["rusqlite"],
    },
    Rule {
        name: "testkit",
        imports: &["wg-core", "wg-store", "wg-agents", "wg-dispatch"],
        tests_import: &[],
        never: &[],
    },
    Rule { name: "xtask", imports: &[], tests_import: &[], never: &[] },
    Rule {
        name: "wg-fuzz",
        imports: &["wg-core", "wg-store", "wg-agents", "wg-dispatch"],
        tests_import: &[],
        never: &[],
    },
];

/// Violations in every manifest of the tree.
pub fn violations(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for path in tree.ending_in("Cargo.toml") {
        let manifest = tree.text(path)?.with_context(|| format!("{path} is not UTF-8"))?;
        found.extend(in_manifest(path, &manifest));
    }
    Ok(found)
}

fn in_manifest(path: &str, manifest: &str) -> Vec<Violation> {
    let manifest: DocumentMut = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Violation::of("arrows", path, error.to_string())],
    };
    let Some(name) = manifest.get("package").and_then(|package| package.get("name")).and_then(Item::as_str)
    else {
        return Vec::new();
    };
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        let what =
            format!("{name} is in no rule of xtask/src/tidy/arrows.rs; draw it in the architecture first");
        return vec![Violation::of("arrows", path, what)];
    };
    let mut found = Vec::new();
    for (dependency, kind) in dependencies(manifest.as_table()) {
        if let Some(what) = refused(rule, &dependency, kind) {
            found.push(Violation::of("arrows", path, what));
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Build,
    Tests,
}

fn refused(rule: &Rule, dependency: &str, kind: Kind) -> Option<String> {
    let ours = RULES.iter().any(|rule| rule.name == dependency);
    let named = |list: &[&str]| list.contains(&dependency);
    if !ours {
        let never = kind == Kind::Build && named(rule.never);
        return never.then(|| format!("{} must never know what {dependency} brings", rule.name));
    }
    let may = named(rule.imports) || (kind == Kind::Tests && named(rule.tests_import));
    let how = if kind == Kind::Tests { "the tests of " } else { "" };
    (!may).then(|| format!("{how}{} may not import {dependency}", rule.name))
}

/// Every dependency of a manifest by its package's name, those of targets too.
fn dependencies(manifest: &dyn TableLike) -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    // Tests first: what is in both lists is judged as an import of the crate.
    let tables = [
        ("dev-dependencies", Kind::Tests),
        ("dependencies", Kind::Build),
        ("build-dependencies", Kind::Build),
    ];
    for (table, kind) in tables {
        for (key, item) in
            manifest.get(table).and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter())
        {
            let name = item.get("package").and_then(Item::as_str).unwrap_or(key);
            found.insert(name.to_owned(), kind);
        }
    }
    for (_, target) in manifest.get("target").and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter())
    {
        if let Some(target) = target.as_table_like() {
            for (name, kind) in dependencies(target) {
                if kind == Kind::Build || !found.contains_key(&name) {
                    found.insert(name, kind);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::in_manifest;

    fn found(name: &str, rest: &str) -> Vec<String> {
        in_manifest("Cargo.toml", &format!("[package]\nname = \"{name}\"\n{rest}"))
            .into_iter()
            .map(|violation| violation.what)
            .collect()
    }

    #[test]
    fn the_arrows_of_the_picture_pass() {
        assert!(found("wg-core", "[dependencies]\nserde.workspace = true\n").is_empty());
        assert!(found("wg-store", "[dependencies]\nwg-core.workspace = true\nrusqlite = \"1\"\n").is_empty());
        assert!(found("wg-dispatch", "[dependencies]\nwg-core = {}\nwg-agents = {}\n").is_empty());
        assert!(found("wg", "[dependencies]\nwg-store = {}\n[dev-dependencies]\ntestkit = {}\n").is_empty());
        assert!(in_manifest("Cargo.toml", "[workspace]\nmembers = []\n").is_empty());
    }

    #[test]
    fn any_other_arrow_is_refused_however_it_is_written() {
        assert_eq!(found("wg-core", "[dependencies]\nwg-store = {}\n"), ["wg-core may not import wg-store"]);
        assert_eq!(
            found("wg-store", "[dependencies.wg-agents]\npath = \"x\"\n"),
            ["wg-store may not import wg-agents"]
        );
        assert_eq!(
            found("wg-dispatch", "[dependencies]\nstore = { package = \"wg-store\" }\n"),
            ["wg-dispatch may not import wg-store"]
        );
        assert_eq!(
            found("wg-agents", "[target.'cfg(unix)'.dependencies]\nwg-dispatch = {}\n"),
            ["wg-agents may not import wg-dispatch"]
        );
        assert_eq!(found("wg-agents", "[build-dependencies]\nwg = {}\n"), ["wg-agents may not import wg"]);
    }

    #[test]
    fn development_crates_stay_out_of_the_product() {
        assert_eq!(found("wg", "[dependencies]\ntestkit = {}\n"), ["wg may not import testkit"]);
        let both = "[dependencies]\ntestkit = {}\n[dev-dependencies]\ntestkit = {}\n";
        assert_eq!(found("wg", both), ["wg may not import testkit"]);
        assert_eq!(found("wg", "[dev-dependencies]\nxtask = {}\n"), ["the tests of wg may not import xtask"]);
        assert_eq!(
            found("wg-core", "[dev-dependencies]\ntestkit = {}\n"),
            ["the tests of wg-core may not import testkit"]
        );
    }

    #[test]
    fn libraries_that_a_crate_must_never_know_are_refused() {
        assert_eq!(
            found("wg-dispatch", "[dependencies]\nrusqlite.workspace = true\n"),
            ["wg-dispatch must never know what rusqlite brings"]
        );
        assert!(found("wg-core", "[dev-dependencies]\nserde_json = \"1\"\n").is_empty());
    }

    #[test]
    fn an_unknown_crate_and_a_broken_manifest_are_refused() {
        assert!(found("wg-new", "")[0].contains("in no rule"));
        assert_eq!(in_manifest("Cargo.toml", "[package\n").len(), 1);
    }
}
