//! Killing everything that carries an attempt's mark, from outside: what is left to do when its shim is dead.
//!
//! While a shim lives its own sweep is exact, because it is the subreaper of its tree. Without it the tree is
//! found by marks, by the children of what carries one, and by the agent's session; a process that shed all
//! three is seen by nobody, and one that is only in the session is reported, not killed.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use wg_core::attempt::ProcessIdentity;

use super::linux::{self, Process, Verdict};

/// How long one pass waits for what it killed before it looks again.
const PASS: Duration = Duration::from_millis(200);

/// Kills until two scans in a row find nothing.
///
/// `also` are processes that are held as part of the tree, whether they carry the mark or not.
///
/// # Errors
/// Why it can't be shown that nothing is left.
pub(super) fn until_gone(
    mark: &str,
    agent: Option<&ProcessIdentity>,
    mut also: Vec<Process>,
    patience: Duration,
) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let mut empty = 0;
    loop {
        let mut found = also;
        found.retain(|process| !process.has_ended());
        let scan = linux::scan(mark, agent).map_err(|error| format!("/proc can't be read: {error}"))?;
        found.extend(scan.carriers);
        if let Some(Verdict::Alive(process)) = agent.map(linux::verdict) {
            // As long as it lives its session's number is its own: whoever is in it belongs to it.
            found.extend(scan.unsure.iter().filter_map(|pid| {
                let member = Process::of(*pid).ok()?;
                let is_in = linux::Stat::of(*pid).is_ok_and(|stat| stat.session == process.pid());
                (is_in && !process.has_ended()).then_some(member)
            }));
            found.push(process);
        }
        // The children of what is killed would be orphans without a parent to find them by.
        for root in found.iter().map(Process::pid).collect::<Vec<_>>() {
            linux::add_descendants(root, &mut found);
        }
        if found.is_empty() {
            empty += 1;
            if empty < 2 {
                also = found;
                continue;
            }
            return match scan.unsure.as_slice() {
                [] => Ok(()),
                pids => Err(format!(
                    "in the agent's session but without its mark: process {}",
                    pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
                )),
            };
        }
        empty = 0;
        if Instant::now() >= deadline {
            let pids: Vec<_> = found.iter().map(|process| process.pid().to_string()).collect();
            return Err(format!("killed, but still there: process {}", pids.join(", ")));
        }
        kill(&found);
        also = found;
    }
}

/// Kills these, parents first, and waits a little for their ends.
fn kill(processes: &[Process]) {
    for process in processes {
        // One that may not be signalled is seen again, and named when patience ends.
        let _ = process.signal(Signal::KILL);
    }
    let until = Instant::now() + PASS;
    for process in processes {
        let left = until.saturating_duration_since(Instant::now());
        if !process.wait(left.max(Duration::from_millis(1))) && left.is_zero() {
            break;
        }
    }
}
