//! The processes of a graph, and what they take of the machine.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::{Context, Result};

/// Ticks of the kernel's clock in a second: a number of its interface, the same on every machine that we know.
const TICKS: f64 = 100.0;

/// A process of a graph.
pub struct Process {
    pub pid: u32,
    /// It is a shim.
    pub is_shim: bool,
}

/// Those that work for the graph in `folder`: its shims and their agents, and whoever else has it in its environment.
pub fn of_graph(folder: &Path) -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").context("reading /proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end between two reads; then it is none of ours.
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let arguments = read("cmdline");
        if holds(&arguments, folder) || holds(&read("environ"), folder) {
            let is_shim = arguments.split(|byte| *byte == 0).any(|word| word == b"__shim");
            found.push(Process { pid, is_shim });
        }
    }
    Ok(found)
}

fn holds(bytes: &[u8], folder: &Path) -> bool {
    let folder = folder.as_os_str().as_bytes();
    bytes.windows(folder.len()).any(|window| window == folder)
}

/// Its proportional share of memory (PSS) in megabytes; nothing when the process has ended.
pub fn proportional(pid: u32) -> Option<f64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Seconds of processor time that it has used; nothing when the process has ended.
pub fn processor_time(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything: the state is field 3, the ticks are fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn our_own_figures_are_read_and_we_work_for_no_graph() {
        let pid = std::process::id();
        assert!(super::proportional(pid).expect("we live") > 0.1);
        assert!(super::processor_time(pid).expect("we live") < 1_000.0);
        assert!(super::of_graph(Path::new("/nowhere/at/all")).expect("readable").is_empty());
    }
}
