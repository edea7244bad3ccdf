//! What agents used, of a graph with many attempts: it costs what the days that are asked for cost.

use std::process::Command;

use anyhow::Result;

use super::Setting;
use super::row::{Bound, Row, Unit, thousands};
use super::samples::{repeated, timed};
use super::scratch::Scratch;
use super::testkit;

const DAYS: usize = 90;
/// What is asked for, in words and as an argument, and its bound; the last is all there is.
const ASKED: [(&str, &str, f64); 3] =
    [("today", "0d", 10.0), ("14 days", "13d", 30.0), ("90 days", "89d", 150.0)];

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let attempts = setting.large;
    let scratch = Scratch::new(&setting.wg)?;
    let mut fill = Command::new(testkit::built(&setting.root, "used-graph")?);
    timed(fill.arg(scratch.path().join(".wg")).args([attempts.to_string(), DAYS.to_string()]))?;
    let mut rows = Vec::new();
    for (asked, since, most) in ASKED {
        let times = repeated(setting.runs.0, |_| {
            let mut command = scratch.wg();
            command.args(["stats", "--since", since]);
            command
        })?;
        let label = format!("`stats` of {asked}, {} attempts in {DAYS} days", thousands(attempts));
        rows.push(Row::of_times(label, Unit::Milliseconds, Bound::AtMost(most), &times));
    }
    Ok(rows)
}
