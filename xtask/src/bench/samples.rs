//! Numbers measured the same way, and what is said of them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// At least one number; durations are in seconds.
#[derive(Debug, Clone)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Sorts what was measured. Panics when that is nothing: a bench without runs is a mistake in it.
    pub fn of(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Durations as seconds.
    pub fn of_durations(durations: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(durations.into_iter().map(|duration| duration.as_secs_f64()).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest.
    pub fn min(&self) -> f64 {
        self.0[0]
    }

    /// The largest.
    pub fn max(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The middle one; of an even number, the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len().is_multiple_of(2) {
            f64::midpoint(self.0[middle - 1], self.0[middle])
        } else {
            self.0[middle]
        }
    }

    /// The nearest rank: the smallest that `percent` of 100 do not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }
}

/// Runs the command to its end, from before its start to after its exit; an error where it fails.
pub fn timed(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
    let output = child.wait_with_output().context("waiting for it")?;
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}): {}", output.status, said.trim());
    Ok(took)
}

/// Times `runs` commands after two that warm the caches; `command` is told which run it is.
pub fn repeated(runs: usize, mut command: impl FnMut(usize) -> Command) -> Result<Samples> {
    let mut took = Vec::with_capacity(runs);
    for run in 0..runs + 2 {
        let duration = timed(&mut command(run))?;
        if run >= 2 {
            took.push(duration);
        }
    }
    Ok(Samples::of_durations(took))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Samples, repeated, timed};

    #[test]
    fn median_extremes_and_percentiles() {
        let samples = Samples::of(vec![5.0, 1.0, 3.0]);
        assert_eq!((samples.min(), samples.median(), samples.max()), (1.0, 3.0, 5.0));
        assert_eq!(Samples::of(vec![1.0, 2.0, 3.0, 10.0]).median(), 2.5);
        let hundred = Samples::of((1..=200).map(f64::from).collect());
        assert_eq!((hundred.percentile(99), hundred.percentile(100)), (198.0, 200.0));
        assert_eq!(Samples::of(vec![7.0]).percentile(1), 7.0);
    }

    #[test]
    fn a_command_that_fails_is_no_measurement() {
        timed(&mut Command::new("true")).expect("true succeeds");
        let error = timed(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).expect_err("it exits 3");
        assert!(error.to_string().contains("why"), "{error}");
    }

    #[test]
    fn warm_up_runs_are_not_counted() {
        let mut seen = Vec::new();
        let samples = repeated(3, |run| {
            seen.push(run);
            Command::new("true")
        });
        assert_eq!(samples.expect("true succeeds").len(), 3);
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
}
