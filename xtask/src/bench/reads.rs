//! What looking costs: `show`, `why`, `ready`, `list`, `status`.

use anyhow::Result;

use super::row::{Bound, Row, Unit, thousands};
use super::samples::repeated;
use super::scratch::Scratch;
use super::{Setting, generate};

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let mut rows = at(setting, setting.small, 5.0, 6.0)?;
    rows.extend(at(setting, setting.large, 6.0, 15.0)?);
    Ok(rows)
}

/// `one` bounds the verbs that look at one task, `many` those that look at the graph.
fn at(setting: &Setting, tasks: usize, one: f64, many: f64) -> Result<Vec<Row>> {
    let scratch = Scratch::holding(&setting.wg, &generate::project(tasks))?;
    // A blocked one, so that `why` has something to look for.
    let blocked = generate::id(tasks - 3);
    let verbs: [(&str, &[&str], f64); 5] = [
        ("show", &["show", &blocked], one),
        ("why", &["why", &blocked], one),
        ("ready", &["ready"], many),
        ("list", &["list"], many),
        ("status", &["status"], many),
    ];
    let mut rows = Vec::new();
    for (verb, words, most) in verbs {
        let times = repeated(setting.runs.0, |_| {
            let mut command = scratch.wg();
            command.args(words);
            command
        })?;
        let label = format!("`{verb}`, {} tasks", thousands(tasks));
        rows.push(Row::of_times(label, Unit::Milliseconds, Bound::AtMost(most), &times));
    }
    Ok(rows)
}
