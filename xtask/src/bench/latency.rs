//! From `wg add` returning to the agent's process running.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::row::{Bound, Row, Unit};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::signal::Signals;
use super::{Setting, generate};

/// Long enough for anything but a hang.
const PATIENCE: Duration = Duration::from_secs(30);
/// Additions before the counting begins: the dispatcher has started and is warm.
const WARM_UP: usize = 5;

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let times = if setting.quick { 30 } else { 200 };
    let scratch = Scratch::holding(&setting.wg, &generate::project(setting.small))?;
    let signals = Signals::in_folder(scratch.path())?;
    let mut dispatcher = scratch.dispatcher()?;
    let mut latencies = Vec::with_capacity(times);
    for number in 0..WARM_UP + times {
        let word = format!("latency-{number}");
        let title = format!("Say {word}");
        timed(scratch.wg().args(["add", &title, "--exec", &signals.command(&word)]))?;
        let returned = std::time::Instant::now();
        let (came, line) = signals.next(PATIENCE)?;
        ensure!(line == word, "'{line}' ran where '{word}' was added");
        dispatcher.alive()?;
        if number >= WARM_UP {
            // An agent may run before `wg add` has returned; that is no time at all.
            latencies.push(came.saturating_duration_since(returned));
        }
    }
    let latencies = Samples::of_durations(latencies);
    let name = "from `add` returning to the agent running";
    Ok(vec![
        Row::of_times(name, Unit::Milliseconds, Bound::AtMost(15.0), &latencies),
        Row::of_one(
            format!("{name}, 99th percentile of {times}"),
            Unit::Milliseconds,
            Bound::AtMost(60.0),
            latencies.percentile(99) * 1e3,
        ),
    ])
}
