//! Trivial tasks in 8 slots: how many a second, beside `xargs -P 8` on the same commands, and whether the
//! cost of one grows with the graph around it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::row::{Bound, Row, Unit, thousands};
use super::samples::{Samples, timed};
use super::scratch::{Dispatcher, Scratch};
use super::signal::Signals;
use super::{Setting, generate};

/// Tasks whose time is taken together.
const BATCH: usize = 1_000;
const SLOTS: usize = 8;
/// Long enough for anything but a hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the last task of a batch says.
const END: &str = "end";

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let runs = setting.runs.0;
    let (mut alone, mut ratios, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let scratch = Scratch::new(&setting.wg)?;
        scratch.slots(SLOTS)?;
        let signals = Signals::in_folder(scratch.path())?;
        let beside = xargs(&signals)?;
        let mut dispatcher = scratch.dispatcher()?;
        let took = batch(&scratch, &signals, &mut dispatcher, 0)?;
        alone.push(took.as_secs_f64());
        rates.push(per_second(took));
        ratios.push(took.as_secs_f64() / beside.as_secs_f64());
    }
    let alone = Samples::of(alone);
    let grown = Samples::of(in_large_graph(setting)?.iter().map(|took| took / alone.median()).collect());
    let behind = Samples::of(all_ready(setting)?.iter().map(|took| took / alone.median()).collect());
    let name = format!("{} trivial tasks in {SLOTS} slots", thousands(BATCH));
    let large = thousands(setting.large);
    let bound = Bound::AtMost(1.3);
    Ok(vec![
        Row::of_values(&name, Unit::PerSecond, Bound::AtLeast(150.0), &Samples::of(rates)),
        Row::of_values(
            format!("{name}, time of `xargs -P {SLOTS}`"),
            Unit::Times,
            Bound::None,
            &Samples::of(ratios),
        ),
        Row::of_values(
            format!("cost of one among {large} tasks, against {}", thousands(setting.small)),
            Unit::Times,
            bound,
            &grown,
        ),
        Row::of_values(
            format!("cost of one while {large} are ready, against {}", thousands(BATCH)),
            Unit::Times,
            bound,
            &behind,
        ),
    ])
}

fn per_second(took: Duration) -> f64 {
    f64::from(u32::try_from(BATCH).expect("a thousand fits")) / took.as_secs_f64()
}

/// The same commands, 8 at a time, without any bookkeeping.
fn xargs(signals: &Signals) -> Result<Duration> {
    let lines: String =
        (0..BATCH).map(|index| format!("{}\n", signals.command(&format!("x-{index}")))).collect();
    let began = Instant::now();
    let mut child = Command::new("xargs")
        .args(["-P", &SLOTS.to_string(), "-I{}", "sh", "-c", "{}"])
        .stdin(Stdio::piped())
        .spawn()
        .context("starting xargs")?;
    child.stdin.take().context("its input is a pipe")?.write_all(lines.as_bytes())?;
    let ended = child.wait()?;
    let took = began.elapsed();
    ensure!(ended.success(), "xargs failed ({ended})");
    for _ in 0..BATCH {
        signals.next(PATIENCE)?;
    }
    Ok(took)
}

/// Imports a batch into the running graph; the time from its first task running to the last one having run,
/// which waits for all of them to be done.
fn batch(
    scratch: &Scratch,
    signals: &Signals,
    dispatcher: &mut Dispatcher<'_>,
    number: usize,
) -> Result<Duration> {
    let word = |index: usize| format!("b{number}-{index}");
    let last = signals.command(END);
    let graph =
        generate::independent(&format!("batch-{number}"), BATCH, |i| signals.command(&word(i)), Some(&last));
    let file = scratch.file(&format!("batch-{number}.jsonl"), &graph)?;
    timed(scratch.wg().arg("import").arg(file).arg("--run"))?;
    let (mut began, mut seen) = (None, BTreeSet::new());
    loop {
        let (came, line) = signals.next(PATIENCE)?;
        dispatcher.alive()?;
        let began = *began.get_or_insert(came);
        if line == END {
            ensure!(seen.len() == BATCH, "the last task ran after {} of {BATCH}", seen.len());
            return Ok(came.duration_since(began));
        }
        ensure!(seen.insert(line.clone()), "'{line}' ran twice");
    }
}

/// Seconds per batch in a graph that holds the large number of other tasks.
fn in_large_graph(setting: &Setting) -> Result<Vec<f64>> {
    let scratch = Scratch::holding(&setting.wg, &generate::project(setting.large))?;
    scratch.slots(SLOTS)?;
    let signals = Signals::in_folder(scratch.path())?;
    let mut dispatcher = scratch.dispatcher()?;
    (0..setting.runs.0)
        .map(|number| Ok(batch(&scratch, &signals, &mut dispatcher, number)?.as_secs_f64()))
        .collect()
}

/// Seconds per batch while the large number of tasks is ready: the first of them, then it is stopped.
fn all_ready(setting: &Setting) -> Result<Vec<f64>> {
    let scratch = Scratch::new(&setting.wg)?;
    scratch.slots(SLOTS)?;
    let signals = Signals::in_folder(scratch.path())?;
    let graph = generate::independent("ready", setting.large, |i| signals.command(&format!("r-{i}")), None);
    let file = scratch.file("ready.jsonl", &graph)?;
    timed(scratch.wg().arg("import").arg(file).arg("--run"))?;
    let mut dispatcher = scratch.dispatcher()?;
    let (mut began, _) = signals.next(PATIENCE)?;
    let mut took = Vec::new();
    for _ in 0..setting.runs.0.min(setting.large / BATCH - 1) {
        let mut last = began;
        for _ in 0..BATCH {
            last = signals.next(PATIENCE)?.0;
        }
        dispatcher.alive()?;
        took.push(last.duration_since(began).as_secs_f64());
        began = last;
    }
    Ok(took)
}
