//! Fills a new graph with attempts that told what they used, spread evenly over the last days: for benches.
//! Its words are the graph's folder (`.wg`), the number of attempts and that of days.

use std::error::Error;
use std::path::Path;
use std::time::SystemTime;

use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Outcome, Progress};
use wg_core::command::Command;
use wg_core::id::{Actor, AttemptRef, Fence, TaskId};
use wg_core::port::StoreError;
use wg_core::port::Write;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

/// Attempts that are written at a time.
const BATCH: u64 = 2_000;
/// Attempts of one task.
const PER_TASK: u64 = 3;
const DAY: i64 = 86_400_000_000_000;

#[expect(clippy::disallowed_methods, reason = "the last of the days is that on which a bench runs")]
fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, attempts, days] = &words[..] else { return Err("FOLDER ATTEMPTS DAYS".into()) };
    let (attempts, days): (u64, i64) = (attempts.parse()?, days.parse()?);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let begin = i64::try_from(now.as_nanos())? - (days - 1) * DAY;
    let apart = (days - 1).max(1) * DAY / i64::try_from(attempts)?;
    let mut store = wg_store::sqlite::open(Path::new(folder))?;
    for first in (1..=attempts).step_by(usize::try_from(BATCH)?) {
        store.write(&mut |view| {
            let last = attempts.min(first + BATCH - 1);
            (first..=last)
                .try_for_each(|n| one(view, n, begin.saturating_add(apart.saturating_mul(n.cast_signed()))))
        })?;
    }
    Ok(())
}

/// An attempt that is over. What it used is no round number, so that sums are of their usual length.
fn one(view: &mut dyn Write, n: u64, at: i64) -> Result<(), StoreError> {
    let at = Timestamp::from_nanos(at);
    let usage = Usage {
        input: 1_200 + n % 977,
        cache_read: 40_000 + n % 9_973,
        cache_write: 300,
        output: 800 + n % 499,
        reasoning: 0,
        cost_micros: Some(20_000 + n % 99_991),
        model: Some("claude-opus-4-8".into()),
    };
    let attempt = Attempt {
        reference: AttemptRef(n),
        kind: AttemptKind::Work,
        task: TaskId::slug(&format!("task {}", n / PER_TASK)),
        number: 1,
        fence: Fence(n),
        nonce: n,
        adapter: "claude".into(),
        model: Some("opus".into()),
        host: "bench".into(),
        state: AttemptState::Finished { at, outcome: Outcome::NoWork },
        created_at: at,
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress { turns: usage, ..Progress::default() },
    };
    view.begin_operation(at, &Actor::User("bench".into()), &Command::PauseDispatch)?;
    view.put_attempt(&attempt)
}
