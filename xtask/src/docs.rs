//! `cargo xtask docs`: the pages that the program itself writes.
//!
//! The contract: `wg __docs NAME` prints the whole page on standard output. This file only stores it, or
//! says that the stored one is stale.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::step;
use crate::tree::Tree;

/// What `wg __docs` is asked for, and the page that holds it.
const PAGES: [(&str, &str); 3] =
    [("cli", "docs/cli.md"), ("config", "docs/config.md"), ("states", "docs/states.md")];

/// Writes the pages, or compares them with `--check`.
pub fn run(tree: &Tree, args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: cargo xtask docs [--check]"),
    };
    // Beside this program, as asked before the build puts another file into its place.
    let wg = std::env::current_exe().context("where this program is")?.with_file_name("wg");
    // As the tests are built: of wg alone, with fewer features of its dependencies, all would be built twice.
    step::run(
        "build",
        step::cargo(tree.root()).args(["build", "--workspace", "--all-targets", "--locked", "--quiet"]),
    )?;
    let mut stale = Vec::new();
    for (name, page) in PAGES {
        let wanted = generated(&wg, name)?;
        let path = tree.root().join(page);
        if std::fs::read_to_string(&path).ok().as_deref() == Some(wanted.as_str()) {
            continue;
        }
        if check {
            stale.push(page);
        } else {
            std::fs::write(&path, wanted).with_context(|| format!("writing {page}"))?;
            eprintln!("wrote {page}");
        }
    }
    ensure!(stale.is_empty(), "stale: {}; run 'cargo xtask docs' and commit", stale.join(", "));
    Ok(())
}

fn generated(wg: &Path, name: &str) -> Result<String> {
    let output = Command::new(wg)
        .args(["__docs", name])
        .output()
        .with_context(|| format!("starting {}", wg.display()))?;
    ensure!(
        output.status.success(),
        "'wg __docs {name}' failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let page =
        String::from_utf8(output.stdout).with_context(|| format!("'wg __docs {name}' is not UTF-8"))?;
    ensure!(
        page.starts_with('#'),
        "'wg __docs {name}' must print a Markdown page that begins with its title"
    );
    Ok(page)
}
