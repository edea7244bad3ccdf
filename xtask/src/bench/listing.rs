//! The whole graph as JSON: time and peak memory of `list --all --json`.

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::row::{Bound, Row, Unit, thousands};
use super::samples::Samples;
use super::scratch::Scratch;
use super::{Setting, generate};

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let tasks = setting.large;
    let scratch = Scratch::holding(&setting.wg, &generate::project(tasks))?;
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for run in 0..=setting.runs.0 {
        let (took, peak, bytes) = listed(&scratch)?;
        ensure!(bytes > tasks * 50, "list --all --json wrote {bytes} bytes: that is not {tasks} tasks");
        if run > 0 {
            times.push(took.as_secs_f64());
            peaks.push(peak);
        }
    }
    let label = format!("`list --all --json`, {} tasks", thousands(tasks));
    Ok(vec![
        Row::of_times(&label, Unit::Seconds, Bound::AtMost(0.8), &Samples::of(times)),
        Row::of_values(
            format!("{label}, peak memory"),
            Unit::Megabytes,
            Bound::AtMost(100.0),
            &Samples::of(peaks),
        ),
    ])
}

/// Time, peak resident megabytes and output of one run.
///
/// The kernel's high-water mark is read before each piece of the output is taken away: while the pipe is full
/// the process cannot end, so the mark misses at most what comes with the last 64 KiB.
fn listed(scratch: &Scratch) -> Result<(Duration, f64, usize)> {
    let began = Instant::now();
    let mut child = scratch
        .wg()
        .args(["list", "--all", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting wg")?;
    let mut output = child.stdout.take().context("its output is a pipe")?;
    let status = format!("/proc/{}/status", child.id());
    let (mut piece, mut bytes, mut peak) = (vec![0; 1 << 16], 0, 0.0_f64);
    loop {
        peak = peak.max(high_water(&status).unwrap_or(0.0));
        match output.read(&mut piece)? {
            0 => break,
            read => bytes += read,
        }
    }
    let ended = child.wait()?;
    let took = began.elapsed();
    ensure!(ended.success(), "list --all --json failed ({ended})");
    Ok((took, peak, bytes))
}

/// `VmHWM` in megabytes; nothing once the process has ended.
fn high_water(status: &str) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_high_water_mark_of_a_living_process_is_read() {
        assert!(super::high_water("/proc/self/status").expect("we live") > 0.1);
        assert!(super::high_water("/proc/self/nothing").is_none());
    }
}
