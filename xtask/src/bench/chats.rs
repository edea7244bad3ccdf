//! Chats: how soon a purge has ended many handlers, what archived and dormant chats cost, how soon a message has a
//! process.

use std::io::{BufRead, BufReader, Read as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::row::{Bound, Row, Unit, thousands};
use super::samples::{Samples, repeated, timed};
use super::scratch::Scratch;
use super::signal::Signals;
use super::{Setting, idle};

/// Handlers that a purge ends at once.
const LIVE: usize = 100;
/// Chats that are archived, and chats that nobody wants.
const ARCHIVED: usize = 1_000;
const DORMANT: usize = 200;
/// Long enough for anything but a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A handler that answers and leaves when it is told to.
const OBEYS: &str = r#"echo '{"type":"ready"}'
while IFS= read -r line; do
    case $line in
    '{"type":"message","id":'*)
        id=${line#'{"type":"message","id":'}
        printf '{"type":"answer","id":%s,"text":"yes"}\n' "${id%%,*}"
        ;;
    '{"type":"shutdown"}') exit 0 ;;
    esac
done
"#;

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let mut rows = purges(setting)?;
    rows.extend(archived(setting)?);
    rows.push(dormant(setting)?);
    rows.push(wakes(setting)?);
    Ok(rows)
}

fn purges(setting: &Setting) -> Result<Vec<Row>> {
    let deaf = OBEYS.replace("'{\"type\":\"shutdown\"}') exit 0 ;;", "");
    let stubborn = format!("trap '' TERM INT HUP\n{deaf}while :; do sleep 1000; done\n");
    let name = |what: &str| format!("purge of {LIVE} live chats{what}");
    let mut rows = Vec::new();
    let (mut first, mut all) = (Vec::new(), Vec::new());
    for _ in 0..setting.runs.0.min(5) {
        let (line, gone) = purge(setting, OBEYS)?;
        first.push(line);
        all.push(gone);
    }
    let of = Samples::of_durations;
    rows.push(Row::of_times(name(": its first line"), Unit::Seconds, Bound::AtMost(0.5), &of(first)));
    rows.push(Row::of_times(name(": all gone"), Unit::Seconds, Bound::AtMost(3.0), &of(all)));
    let (line, gone) = purge(setting, &stubborn)?;
    let ignoring = " that ignore all but SIGKILL: ";
    for (what, bound, took) in [("its first line", 0.5, line), ("all gone", 18.0, gone)] {
        let label = name(&format!("{ignoring}{what}"));
        rows.push(Row::of_one(label, Unit::Seconds, Bound::AtMost(bound), took.as_secs_f64()));
    }
    Ok(rows)
}

/// Brings handlers up, and purges; when its first line came, and when it was done.
fn purge(setting: &Setting, handler: &str) -> Result<(Duration, Duration)> {
    let scratch = Scratch::new(&setting.wg)?;
    set(&scratch, "chat.max_live", &LIVE.to_string())?;
    set(&scratch, "chat.linger", "1h")?;
    make(&scratch, handler, LIVE)?;
    let mut dispatcher = scratch.dispatcher()?;
    for chat in 1..=LIVE {
        timed(scratch.wg().args(["chat", "send", &chat.to_string(), "hello"]))?;
    }
    until_each(&scratch, &["live", "lingering"])?;
    dispatcher.alive()?;
    let began = Instant::now();
    let mut child = scratch.wg();
    child.args(["service", "purge-chats"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().context("starting the purge")?;
    let mut said = BufReader::new(child.stdout.take().context("its output is a pipe")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    let first = began.elapsed();
    ensure!(line.contains(&format!("{LIVE} chats")), "{line}");
    said.read_to_string(&mut line)?;
    ensure!(child.wait()?.success(), "{line}");
    Ok((first, began.elapsed()))
}

/// What archived chats cost a dispatcher, against none.
fn archived(setting: &Setting) -> Result<Vec<Row>> {
    let (without, with) = (Scratch::new(&setting.wg)?, Scratch::new(&setting.wg)?);
    make(&with, OBEYS, ARCHIVED)?;
    timed(with.wg().args(["service", "purge-chats"]))?;
    let mut rows = Vec::new();
    for (scratch, what) in
        [(&without, "no chats".to_owned()), (&with, format!("{} archived chats", thousands(ARCHIVED)))]
    {
        let starts = repeated(setting.runs.0, |run| {
            let mut command = scratch.wg();
            command.args(["service", if run == 0 { "start" } else { "restart" }]);
            command
        })?;
        timed(scratch.wg().args(["service", "stop"]))?;
        rows.push(Row::of_times(
            format!("{what}: `wg service restart`"),
            Unit::Milliseconds,
            Bound::None,
            &starts,
        ));
        let mut dispatcher = scratch.dispatcher()?;
        let woken = woken(setting, dispatcher.pid())?;
        dispatcher.alive()?;
        let resident = idle::resident(dispatcher.pid())?;
        rows.push(Row::of_one(
            format!("{what}: voluntary context switches"),
            Unit::Count,
            Bound::AtMost(0.0),
            woken,
        ));
        rows.push(Row::of_one(format!("{what}: resident"), Unit::Megabytes, Bound::AtMost(25.0), resident));
    }
    Ok(rows)
}

fn dormant(setting: &Setting) -> Result<Row> {
    let scratch = Scratch::new(&setting.wg)?;
    make(&scratch, OBEYS, DORMANT)?;
    let mut dispatcher = scratch.dispatcher()?;
    let woken = woken(setting, dispatcher.pid())?;
    dispatcher.alive()?;
    let label =
        format!("{DORMANT} dormant chats: voluntary context switches in {} s", watched(setting).as_secs());
    Ok(Row::of_one(label, Unit::Count, Bound::AtMost(0.0), woken))
}

/// From a message's command returning to the process of a chat that was dormant: each chat once, for it may not
/// start as often as would have to be measured.
fn wakes(setting: &Setting) -> Result<Row> {
    let scratch = Scratch::new(&setting.wg)?;
    let signals = Signals::in_folder(scratch.path())?;
    let handler = format!("{}\n{OBEYS}", signals.command("up"));
    let chats = setting.runs.0.max(15) + 2;
    set(&scratch, "chat.linger", "1ms")?;
    make(&scratch, &handler, chats)?;
    let mut dispatcher = scratch.dispatcher()?;
    let mut took = Vec::new();
    for chat in 1..=chats {
        timed(scratch.wg().args(["chat", "send", &chat.to_string(), "hello"]))?;
        let returned = Instant::now();
        let (came, _) = signals.next(PATIENCE)?;
        until_each(&scratch, &["dormant"])?;
        dispatcher.alive()?;
        if chat > 2 {
            took.push(came.saturating_duration_since(returned));
        }
    }
    let label = "from `chat send` returning to the handler of a dormant chat running";
    Ok(Row::of_times(label, Unit::Milliseconds, Bound::AtMost(30.0), &Samples::of_durations(took)))
}

/// Waits until every chat has its answer and is in one of these states.
fn until_each(scratch: &Scratch, states: &[&str]) -> Result<()> {
    let began = Instant::now();
    loop {
        let output = scratch.wg().args(["chat", "list", "--json"]).output()?;
        let listed: Value = serde_json::from_slice(&output.stdout).context("chat list says no JSON")?;
        let chats = listed["chats"].as_array().context("chat list names no chats")?;
        let is = |chat: &Value| chat["state"].as_str().is_some_and(|state| states.contains(&state));
        if chats.iter().all(|chat| is(chat) && chat["waiting"] == 0) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "the chats do not come to be {states:?}: {listed}");
    }
}

fn watched(setting: &Setting) -> Duration {
    Duration::from_secs(if setting.quick { 10 } else { 60 })
}

/// How often a dispatcher wakes up with nothing to do.
fn woken(setting: &Setting, pid: u32) -> Result<f64> {
    idle::calm(pid)?;
    let before = idle::switches(pid)?;
    std::thread::sleep(watched(setting));
    Ok(idle::grown(&before, &idle::switches(pid)?))
}

fn set(scratch: &Scratch, key: &str, value: &str) -> Result<()> {
    timed(scratch.wg().args(["config", "set", key, value])).map(drop)
}

/// Makes chats that this script serves.
fn make(scratch: &Scratch, handler: &str, chats: usize) -> Result<()> {
    let script = scratch.file("handler.sh", handler)?;
    let command = format!("exec /bin/sh {}", script.display());
    for _ in 0..chats {
        timed(scratch.wg().args(["chat", "create", "--command", &command]))?;
    }
    Ok(())
}
