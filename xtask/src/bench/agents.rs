//! Agents that talk: what their dispatcher and shims take of the machine, beside what the programs take.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::Setting;
use super::processes::{self, processor_time, proportional};
use super::row::{Bound, Row, Unit, thousands};
use super::samples::{Samples, timed};
use super::scratch::Scratch;
use super::testkit;

/// Lines that one agent prints, and how many of them a second are to cost no more than one processor.
const LINES: usize = 200_000;
const A_SECOND: usize = 50_000;
/// Real workers at once.
const WORKERS: usize = 16;
/// Long enough for anything but a hang.
const PATIENCE: Duration = Duration::from_secs(180);

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let mut rows = lines(setting)?;
    match std::env::var_os("WG_REAL_AGENTS").filter(|folder| !folder.is_empty()) {
        Some(folder) => rows.extend(workers(setting, Path::new(&folder))?),
        None => eprintln!("   {WORKERS} workers: skipped, WG_REAL_AGENTS is not set (.ci/agents)"),
    }
    Ok(rows)
}

/// Adds a task for `claude`; its number of attempts is seen with [`until_tried`].
fn add(scratch: &Scratch, id: &str, description: &str) -> Result<()> {
    let mut command = scratch.wg();
    command.args(["add", id, "--id", id, "--model", "claude:opus", "--description", description]);
    timed(&mut command).map(drop)
}

/// Waits until the first attempt at a task is over; gives it.
fn until_tried(scratch: &Scratch, id: &str) -> Result<Value> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let shown = scratch.wg().args(["show", id, "--json"]).output()?.stdout;
        let shown: Value = serde_json::from_slice(&shown)?;
        let attempt = &shown["attempts"][0];
        if attempt["outcome"].is_string() {
            return Ok(attempt.clone());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("{id} was not tried in time")
}

/// One agent that prints as fast as it is read, what Claude Code prints in a turn of words and tools.
fn lines(setting: &Setting) -> Result<Vec<Row>> {
    let sample = std::fs::read_to_string(setting.root.join("crates/agents/src/claude/samples/turns.jsonl"))?;
    // All of it but what begins and ends a turn.
    let turn: Vec<&str> = sample
        .lines()
        .filter(|line| line.contains("\"type\":\"stream_event\"") || line.contains("\"type\":\"assistant\""))
        .collect();
    ensure!(!turn.is_empty(), "the sample has no lines of a turn");
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..setting.runs.0.min(5) {
        let scratch = Scratch::new(&setting.wg)?;
        let printed: String = turn.iter().cycle().take(LINES).flat_map(|line| [line, "\n"]).collect();
        let printed = scratch.file("printed.jsonl", &printed)?;
        let greeted = r#"{"type":"control_response","response":{"subtype":"success","request_id":"wg-initialize","response":{}}}"#;
        let over = r#"{"type":"result","subtype":"success","is_error":false,"result":"done","usage":{"input_tokens":7,"output_tokens":3}}"#;
        let script = format!(
            "#!/bin/sh\nread -r initialize\necho '{greeted}'\nread -r prompt\ncat {}\necho '{over}'\n",
            printed.display()
        );
        let program = scratch.file("claude", &script)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        timed(scratch.wg().args(["config", "set", "claude.program"]).arg(&program))?;
        let dispatcher = scratch.dispatcher()?;
        let before = processor_time(dispatcher.pid()).context("the dispatcher has gone")?;
        let began = Instant::now();
        add(&scratch, "talk", "")?;
        let end = until_tried(&scratch, "talk")?;
        let took = began.elapsed().as_secs_f64();
        ensure!(end["usage"]["output"].as_u64() >= Some(3), "its last line was not heard: {end:#}");
        let cost = processor_time(dispatcher.pid()).context("the dispatcher has gone")? - before;
        let (all, second) = (as_float(LINES), as_float(A_SECOND));
        costs.push(cost * second / all);
        rates.push(all / took);
    }
    let label = format!("{} lines of stream-json of one agent", thousands(LINES));
    Ok(vec![
        Row::of_values(
            format!("{label}: processor time of the dispatcher for {} of them", thousands(A_SECOND)),
            Unit::Seconds,
            Bound::AtMost(1.0),
            &Samples::of(costs),
        ),
        Row::of_values(
            format!("{label}: from `add` to its end, lines"),
            Unit::PerSecond,
            Bound::AtLeast(as_float(A_SECOND)),
            &Samples::of(rates),
        ),
    ])
}

/// Real Claude Code workers, all in the middle of their turn.
fn workers(setting: &Setting, agents: &Path) -> Result<Vec<Row>> {
    let mut model = Model::start(&setting.root)?;
    let mut scratch = Scratch::new(&setting.wg)?;
    for (name, value) in [
        ("ANTHROPIC_BASE_URL", model.address.as_str()),
        ("ANTHROPIC_API_KEY", "scripted-key"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ] {
        scratch.set(name, value);
    }
    let program = agents.join("node_modules/.bin/claude").canonicalize().context("Claude Code")?;
    timed(scratch.wg().args(["config", "set", "claude.program"]).arg(&program))?;
    scratch.slots(WORKERS)?;
    let dispatcher = scratch.dispatcher()?;
    let began = Instant::now();
    for number in 1..=WORKERS {
        let id = format!("t{number}");
        add(&scratch, &id, &format!("#tool wg done {id} -m said\n#slow"))?;
    }
    // Each calls twice: for the tool, and with what it gave; the second answer is slow.
    model.until_called(2 * WORKERS)?;
    let up = began.elapsed().as_secs_f64();
    let (mut ours, mut theirs) = (Taken::default(), Taken::default());
    for process in processes::of_graph(scratch.path())? {
        let is_ours = process.is_shim || process.pid == dispatcher.pid();
        if is_ours { &mut ours } else { &mut theirs }.add(process.pid);
    }
    ensure!(ours.processes == WORKERS + 1, "{} processes of ours", ours.processes);
    model.go_on()?;
    for number in 1..=WORKERS {
        let end = until_tried(&scratch, &format!("t{number}"))?;
        ensure!(end["outcome"] == "done" && end["usage"]["output"] == 68, "{end:#}");
    }
    let label = format!("{WORKERS} Claude Code workers in the middle of their turn");
    let one = |what: &str, unit, bound, value| Row::of_one(format!("{label}: {what}"), unit, bound, value);
    let shims = 4.0 * as_float(WORKERS);
    Ok(vec![
        one("since the first `add`", Unit::Seconds, Bound::None, up),
        one(
            "memory of dispatcher and shims (PSS)",
            Unit::Megabytes,
            Bound::AtMost(25.0 + shims),
            ours.memory,
        ),
        one("memory of the programs (PSS)", Unit::Megabytes, Bound::None, theirs.memory),
        one("processor time of dispatcher and shims until then", Unit::Seconds, Bound::None, ours.time),
        one("processor time of the programs until then", Unit::Seconds, Bound::None, theirs.time),
    ])
}

/// What some processes take.
#[derive(Default)]
struct Taken {
    processes: usize,
    /// Megabytes.
    memory: f64,
    /// Seconds.
    time: f64,
}

impl Taken {
    fn add(&mut self, pid: u32) {
        if let (Some(memory), Some(time)) = (proportional(pid), processor_time(pid)) {
            self.processes += 1;
            self.memory += memory;
            self.time += time;
        }
    }
}

/// The scripted model of the testkit, as a process that ends with its standard input.
struct Model {
    address: String,
    said: BufReader<ChildStdout>,
    told: Option<ChildStdin>,
    child: Child,
    calls: usize,
}

impl Model {
    fn start(root: &Path) -> Result<Self> {
        let mut child = Command::new(testkit::built(root, "scripted-model")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the scripted model")?;
        let told = child.stdin.take();
        let mut said = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        let mut address = String::new();
        said.read_line(&mut address)?;
        Ok(Self { address: address.trim().to_owned(), said, told, child, calls: 0 })
    }

    /// Waits for so many calls since its start.
    fn until_called(&mut self, calls: usize) -> Result<()> {
        let mut line = String::new();
        while self.calls < calls {
            ensure!(self.said.read_line(&mut line)? > 0, "the scripted model has gone");
            self.calls += 1;
        }
        Ok(())
    }

    fn go_on(&mut self) -> Result<()> {
        let told = self.told.as_mut().context("its input is a pipe")?;
        Ok(writeln!(told, "go on")?)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        drop(self.told.take());
        if let Err(error) = self.child.wait() {
            eprintln!("   the scripted model: {error}");
        }
    }
}

fn as_float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
