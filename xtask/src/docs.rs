//! `cargo xtask docs`: the pages that the program itself writes.
//!
//! The contract: `wg __docs NAME` prints the whole page on standard output. This file only stores it, or
//! says that the stored one is stale.

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
    step::run(
        "build wg",
        step::cargo(tree.root()).args(["build", "--package", "wg", "--locked", "--quiet"]),
    )?;
    let mut stale = Vec::new();
    for (name, page) in PAGES {
        let wanted = generated(tree, name)?;
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

fn generated(tree: &Tree, name: &str) -> Result<String> {
    let output = step::cargo(tree.root())
        .args(["run", "--package", "wg", "--locked", "--quiet", "--", "__docs", name])
        .output()
        .context("starting cargo")?;
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
