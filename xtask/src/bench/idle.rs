//! The dispatcher with nothing to do: how often it wakes up, how much memory it holds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::row::{Bound, Row, Unit, thousands};
use super::scratch::Scratch;
use super::{Setting, generate};

/// How long it must stay asleep before the counting begins.
const CALM: Duration = Duration::from_secs(5);
/// How long it may take to become calm after its start.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let watched = Duration::from_secs(if setting.quick { 10 } else { 60 });
    let scratch = Scratch::holding(&setting.wg, &generate::blocked(setting.large))?;
    let mut dispatcher = scratch.dispatcher()?;
    let pid = dispatcher.pid();
    calm(pid)?;
    let before = switches(pid)?;
    std::thread::sleep(watched);
    let after = switches(pid)?;
    dispatcher.alive()?;
    let resident = resident(pid)?;
    let label = format!("idle dispatcher, {} tasks, none ready", thousands(setting.large));
    Ok(vec![
        Row::of_one(
            format!(
                "{label}: voluntary context switches of {} threads in {} s",
                after.len(),
                watched.as_secs()
            ),
            Unit::Count,
            Bound::AtMost(0.0),
            grown(&before, &after),
        ),
        Row::of_one(format!("{label}: resident"), Unit::Megabytes, Bound::AtMost(25.0), resident),
    ])
}

/// Waits until no thread has woken up for [`CALM`].
pub(super) fn calm(pid: u32) -> Result<()> {
    let began = Instant::now();
    let mut last = switches(pid)?;
    let mut since = Instant::now();
    while began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(250));
        let now = switches(pid)?;
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() >= CALM {
            return Ok(());
        }
    }
    bail!("the dispatcher did not come to rest within {} s", PATIENCE.as_secs())
}

/// Voluntary context switches by thread.
pub(super) fn switches(pid: u32) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).context("the dispatcher has gone")? {
        let thread = thread?;
        let status = std::fs::read_to_string(thread.path().join("status"))?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let count = count.context("the kernel does not count them")?.trim().parse()?;
        found.insert(thread.file_name().to_string_lossy().into_owned(), count);
    }
    Ok(found)
}

/// Switches of all threads between the two, a new thread counted from nothing.
pub(super) fn grown(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> f64 {
    let more =
        after.iter().map(|(thread, count)| count - before.get(thread).copied().unwrap_or(0)).sum::<u64>();
    let ended = before.keys().filter(|thread| !after.contains_key(*thread)).count();
    // A thread that ended woke up at least once to do so.
    f64::from(u32::try_from(more + ended as u64).unwrap_or(u32::MAX))
}

/// Resident megabytes.
pub(super) fn resident(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{grown, resident, switches};

    #[test]
    fn every_wake_up_of_any_thread_counts() {
        let counts = |pairs: &[(&str, u64)]| {
            pairs.iter().map(|(thread, count)| ((*thread).to_owned(), *count)).collect::<BTreeMap<_, _>>()
        };
        let before = counts(&[("1", 10), ("2", 5)]);
        assert_eq!(grown(&before, &before), 0.0);
        assert_eq!(grown(&before, &counts(&[("1", 10), ("2", 6)])), 1.0);
        assert_eq!(grown(&before, &counts(&[("1", 10), ("2", 5), ("3", 4)])), 4.0);
        assert_eq!(grown(&before, &counts(&[("1", 10)])), 1.0);
    }

    #[test]
    fn our_own_figures_can_be_read() {
        let pid = std::process::id();
        assert!(!switches(pid).expect("we live").is_empty());
        assert!(resident(pid).expect("we live") > 0.1);
    }
}
