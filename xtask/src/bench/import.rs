//! A whole graph into a new one.

use anyhow::Result;

use super::row::{Bound, Row, Unit, thousands};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::{Setting, generate};

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (tasks, bound) in [(setting.small, Bound::None), (setting.large, Bound::AtMost(5.0))] {
        let graph = generate::project(tasks);
        let mut times = Vec::new();
        for _ in 0..setting.runs.0 {
            let scratch = Scratch::new(&setting.wg)?;
            let file = scratch.file("graph.jsonl", &graph)?;
            times.push(timed(scratch.wg().arg("import").arg(file))?);
        }
        let label = format!("`import`, {} tasks", thousands(tasks));
        rows.push(Row::of_times(label, Unit::Seconds, bound, &Samples::of_durations(times)));
    }
    Ok(rows)
}
