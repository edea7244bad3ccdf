//! `cargo xtask check`: everything that must hold before a change is committed, the tests apart.

use anyhow::Result;

use crate::tree::Tree;
use crate::{docs, step, tidy};

/// Runs each check in the order in which it is likely to fail; stops at the first that does.
pub fn run(tree: &Tree) -> Result<()> {
    let cargo = || step::cargo(tree.root());
    step::run("format", cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run(tree)?;
    step::run(
        "clippy",
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    docs::run(tree, &["--check".to_owned()])?;
    step::run(
        "rustdoc",
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    if cargo().args(["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        step::run("deny", cargo().args(["deny", "check"]))?;
    } else {
        eprintln!("── deny: skipped, cargo-deny is not installed (licences and advisories were not checked)");
    }
    eprintln!("check: all well");
    Ok(())
}
