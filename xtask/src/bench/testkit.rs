//! Programs of the testkit that benches run.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::step;

/// Builds one and asks cargo where it lies.
pub fn built(root: &Path, name: &str) -> Result<PathBuf> {
    let output = step::cargo(root)
        .args(["build", "--package", "testkit", "--bin", name, "--locked", "--message-format=json"])
        .stderr(Stdio::null())
        .output()
        .context("starting cargo")?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("{name} of the testkit could not be built"))
}
