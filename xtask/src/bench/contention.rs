//! Many writers at once: 1,000 processes, 50 at a time, each adding a task.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::row::{Bound, Row, Unit, thousands};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::{Setting, generate};

const WRITERS: usize = 1_000;
const AT_ONCE: usize = 50;

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let scratch = Scratch::holding(&setting.wg, &generate::project(setting.small))?;
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|thread| {
                let scratch = &scratch;
                scope.spawn(move || {
                    (thread..WRITERS).step_by(AT_ONCE).map(|n| add(scratch, n)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    let errors: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .map(|error| format!("{error:#}"))
        .collect();
    for error in errors.iter().take(3) {
        eprintln!("   {error}");
    }
    let times = Samples::of_durations(outcomes.into_iter().filter_map(Result::ok));
    let there = titles(&scratch)?.iter().filter(|title| title.starts_with("Writer ")).count();
    let name = |what: &str| format!("{} writers, {AT_ONCE} at a time: {what}", thousands(WRITERS));
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    let (missing, failed) = ((WRITERS - there.min(WRITERS)) as f64, errors.len() as f64);
    Ok(vec![
        Row::of_times(name("each"), Unit::Milliseconds, Bound::None, &times),
        Row::of_one(name("the slowest"), Unit::Seconds, Bound::AtMost(1.5), times.max()),
        Row::of_one(name("errors"), Unit::Count, Bound::AtMost(0.0), failed),
        Row::of_one(name("tasks missing"), Unit::Count, Bound::AtMost(0.0), missing),
    ])
}

fn add(scratch: &Scratch, number: usize) -> Result<Duration> {
    timed(scratch.wg().args(["add", &format!("Writer {number}")]))
}

/// The titles of all tasks, from the export.
fn titles(scratch: &Scratch) -> Result<BTreeSet<String>> {
    let output = scratch.wg().arg("export").output().context("starting wg")?;
    ensure!(output.status.success(), "export failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout).context("the export is not UTF-8")?;
    let objects = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    Ok(objects.iter().filter_map(|object| object["title"].as_str()).map(str::to_owned).collect())
}
