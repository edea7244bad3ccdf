//! The memory of one shim while its agent runs.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Setting;
use super::row::{Bound, Row, Unit};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::signal::Signals;

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
        let shims = shims_of(scratch.path())?;
        ensure!(!shims.is_empty(), "no process of this graph is called __shim");
        for pid in shims {
            if let Some(size) = proportional(pid) {
                sizes.push(size);
            }
        }
        std::fs::write(&gate, "open\n")?;
        signals.next(PATIENCE)?;
    }
    let bound = Bound::AtMost(4.0);
    let label = "one shim, proportional share of its memory (PSS)";
    Ok(vec![Row::of_values(label, Unit::Megabytes, bound, &Samples::of(sizes))])
}

/// The shims that work for the graph in `folder`.
fn shims_of(folder: &Path) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").context("reading /proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end between two reads; then it is none of ours.
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let arguments = read("cmdline");
        let is_shim = arguments.split(|byte| *byte == 0).any(|word| word == b"__shim");
        if is_shim && (holds(&arguments, folder) || holds(&read("environ"), folder)) {
            found.push(pid);
        }
    }
    Ok(found)
}

fn holds(bytes: &[u8], folder: &Path) -> bool {
    let folder = folder.as_os_str().as_bytes();
    bytes.windows(folder.len()).any(|window| window == folder)
}

/// `Pss` in megabytes; nothing when the process has ended.
fn proportional(pid: u32) -> Option<f64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn our_own_share_is_read_and_we_are_no_shim() {
        assert!(super::proportional(std::process::id()).expect("we live") > 0.1);
        assert!(super::shims_of(Path::new("/nowhere")).expect("readable").is_empty());
    }
}
