//! The memory of one shim while its agent runs.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::row::{Bound, Row, Unit};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::signal::Signals;
use super::{Setting, processes};

const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let scratch = Scratch::new(&setting.wg)?;
    let signals = Signals::in_folder(scratch.path())?;
    let _dispatcher = scratch.dispatcher()?;
    let mut sizes = Vec::new();
    for run in 0..setting.runs.0 {
        // The agent says that it runs, then waits until its gate is opened; one shim lives at a time.
        let gate = scratch.path().join(format!("gate-{run}"));
        timed(std::process::Command::new("mkfifo").arg(&gate))?;
        let command =
            format!("{}; read line < {}; {}", signals.command("up"), gate.display(), signals.command("down"));
        timed(scratch.wg().args(["add", &format!("Wait at gate {run}"), "--exec", &command]))?;
        signals.next(PATIENCE)?;
        let all = processes::of_graph(scratch.path())?;
        let shims: Vec<u32> = all.iter().filter(|process| process.is_shim).map(|shim| shim.pid).collect();
        ensure!(!shims.is_empty(), "no process of this graph is called __shim");
        sizes.extend(shims.into_iter().filter_map(processes::proportional));
        std::fs::write(&gate, "open\n")?;
        signals.next(PATIENCE)?;
    }
    let bound = Bound::AtMost(4.0);
    let label = "one shim, proportional share of its memory (PSS)";
    Ok(vec![Row::of_values(label, Unit::Megabytes, bound, &Samples::of(sizes))])
}
