//! The release build with nothing built before; once, and not in a quick run.

use anyhow::Result;

use super::Setting;
use super::row::{Bound, Row, Unit};
use super::samples::timed;
use crate::step;

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    if setting.quick {
        return Ok(Vec::new());
    }
    let target = tempfile::Builder::new().prefix("wg-bench-build-").tempdir()?;
    let took = timed(
        step::cargo(&setting.root)
            .args(["build", "--release", "--package", "wg", "--locked", "--quiet"])
            .env("CARGO_TARGET_DIR", target.path()),
    )?;
    let label = "release build from nothing";
    Ok(vec![Row::of_one(label, Unit::Seconds, Bound::AtMost(360.0), took.as_secs_f64())])
}
