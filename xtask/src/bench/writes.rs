//! What one durable change costs: `add`, `log`, `claim`, `done`.

use anyhow::Result;

use super::row::{Bound, Row, Unit, thousands};
use super::samples::repeated;
use super::scratch::Scratch;
use super::{Setting, generate};

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let mut rows = at(setting, setting.small, 8.0)?;
    rows.extend(at(setting, setting.large, 10.0)?);
    Ok(rows)
}

fn at(setting: &Setting, tasks: usize, most: f64) -> Result<Vec<Row>> {
    let scratch = Scratch::holding(&setting.wg, &generate::project(tasks))?;
    // Ready tasks, each used once: a person claims it, writes into its log, is done with it.
    let ready: Vec<String> = generate::ready_in_project(tasks).into_iter().map(generate::id).collect();
    let runs = setting.runs.0;
    let wg = |words: &[&str]| {
        let mut command = scratch.wg();
        command.args(words);
        command
    };
    let measured = [
        ("add", repeated(runs, |run| wg(&["add", &format!("Measured addition {run}")]))?),
        ("claim", repeated(runs, |run| wg(&["claim", &ready[run]]))?),
        ("log", repeated(runs, |run| wg(&["log", &ready[run], "half of it stands"]))?),
        ("done", repeated(runs, |run| wg(&["done", &ready[run]]))?),
    ];
    let row = |(verb, times): &(&str, _)| {
        let label = format!("`{verb}`, {} tasks", thousands(tasks));
        Row::of_times(label, Unit::Milliseconds, Bound::AtMost(most), times)
    };
    Ok(measured.iter().map(row).collect())
}
