//! The scripted agent: does exactly what its arguments say, one step each, in order, and then exits with 0.
//!
//! | step | does |
//! |---|---|
//! | `say TEXT`, `err TEXT` | writes a line to standard output or error |
//! | `flood SIZE` | writes so many bytes (`64k`, `10m`, `1g`) in lines of 100 |
//! | `close-stdout` | lets go of standard output and error |
//! | `sleep SPAN`, `hang` | waits (`250ms`, `2s`), or for ever |
//! | `exit N`, `crash SIGNAL` | ends it here (`KILL`, `SEGV`, `ABRT`, `TERM`, `INT`, `HUP`) |
//! | `ignore-term` | goes on, as a new process, with SIGTERM, SIGINT and SIGHUP ignored, as every child does |
//! | `fork STEPS` | starts a child that does the steps (put together by ` && `) |
//! | `setsid STEPS` | as `fork`, in a session of its own |
//! | `double-fork STEPS` | as `setsid`, by a child that exits first: nobody's child |
//! | `tree DEPTH FANOUT` | as many levels of children that hang |
//! | `write FILE TEXT`, `pid FILE` | replaces a file's content |
//! | `count FILE` | appends a line: process number, mark, nanoseconds since boot |
//! | `wait-for FILE` | goes on once the file is there |
//! | `env NAME` | says a variable, or `NAME is not set` |
//! | `run CMD`, `try CMD` | a shell command; `run` exits with its status where it fails |
//! | `file FILE` | does the steps of a file, one a line |
//! | `chat …` | what it is to do as the handler of a chat: see below |
//! | `chat serve` | speaks the protocol of `docs/chat-protocol.md` until it is told to leave or its input ends; then the next step |
//!
//! As a handler it is ready at once and answers `echo: TEXT`. These steps, before `chat serve`, change that:
//!
//! | step | then it |
//! |---|---|
//! | `chat ready-after FILE`, `chat never-ready` | is ready once the file is there, or never |
//! | `chat session ID` | waits for its greeting and names the session in that, or else this one, when it is ready |
//! | `chat hello FILE` | appends its greeting to a file |
//! | `chat deaf` | ignores interrupts where it would obey them |
//! | `chat stubborn` | ignores `shutdown` and the end of input (with `ignore-term` only SIGKILL is left) |
//! | `chat finish` | told to leave in a `hold`, it finishes the turn first; else it leaves in the middle |
//! | `chat ACTION` | does this at every message |
//! | `chat at N ACTION` | does it at the N-th message of the process; at 0: before it is ready |
//! | `chat first K FILE ACTION` | does it K times over all processes that count in this file |
//!
//! Actions are done in the order of the script. After the last it answers, unless one of them did:
//!
//! | action | does |
//! |---|---|
//! | `deliveries FILE` | appends a line: process number, message, `first` or `again` |
//! | `deltas N`, `deltas-of SIZE` | says so many deltas, or so many bytes in deltas of 1000 |
//! | `tools N`, `garbage N` | says so many tool calls, or lines that mean nothing |
//! | `usage IN OUT [USD]` | answers and errors of this turn carry it, with the model `fake` |
//! | `answer [TEXT]` | answers (again, where it has) |
//! | `answer-of SIZE`, `answer-by CMD` | answers with so many bytes, or with a shell command's output (`$TEXT`: the message) |
//! | `answer-to ID [TEXT]` | answers another message; `none`: without saying which |
//! | `error CLASS [TEXT]`, `limited SPAN` | ends the turn by an error; by a rate limit that is over after a span |
//! | `unfit REASON [TEXT]` | says that it can't serve |
//! | `silent` | does not answer by itself |
//! | `hold FILE` | waits for a file; an interrupt ends the turn as `interrupted`, `shutdown` the service |
//! | `leave` | ends the service in the middle of the turn |
//! | any other step | as above: `exit`, `crash`, `say` (any line), `fork`, `run`; `wait-for` and `hang` hear nothing meanwhile |

#![expect(clippy::exit, reason = "an agent's way to end is what is scripted")]

mod chat;
mod turn;

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::thread::{park, sleep};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process, setsid};

/// Exit status of a script that makes no sense, told from every status that a test asks for.
const BAD_SCRIPT: i32 = 99;

fn main() {
    let mut script = chat::Script::default();
    let mut steps: Vec<String> = env::args().skip(1).collect();
    while !steps.is_empty() {
        let step = steps.remove(0);
        let done = match step.strip_prefix("chat ") {
            Some("serve") => chat::serve(&script),
            Some(chat) => script.take(chat),
            None => run(&step, &mut steps),
        };
        match done {
            Ok(()) => {}
            // Whoever read our output left. The runtime ignores SIGPIPE: this is how a shell would tell it.
            Err(Trouble::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => exit(128 + 13),
            Err(trouble) => {
                let _ = writeln!(io::stderr(), "fake-agent: {step}: {trouble}");
                exit(BAD_SCRIPT);
            }
        }
    }
}

/// Does steps that are no `chat` steps.
fn run_all(mut steps: Vec<String>) -> Result<(), Trouble> {
    while !steps.is_empty() {
        let step = steps.remove(0);
        run(&step, &mut steps)?;
    }
    Ok(())
}

enum Trouble {
    Script(&'static str),
    Io(io::Error),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Script(what) => f.write_str(what),
            Self::Io(error) => error.fmt(f),
        }
    }
}
impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
impl From<rustix::io::Errno> for Trouble {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

fn run(step: &str, rest: &mut Vec<String>) -> Result<(), Trouble> {
    let (verb, argument) = step.split_once(' ').unwrap_or((step, ""));
    match verb {
        // A step is one argument: `'fork hang'`, not `fork hang`.
        "fork" | "setsid" | "double-fork" if argument.is_empty() => {
            return Err(Trouble::Script("it takes the steps of the child, in the same argument"));
        }
        "say" => writeln!(io::stdout(), "{argument}").and_then(|()| io::stdout().flush())?,
        "err" => writeln!(io::stderr(), "{argument}")?,
        "flood" => flood(size(argument)?)?,
        "close-stdout" => {
            let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
            rustix::stdio::dup2_stdout(&nowhere)?;
            rustix::stdio::dup2_stderr(&nowhere)?;
        }
        "sleep" => sleep(span(argument)?),
        "hang" => hang(),
        "exit" => exit(argument.parse().map_err(|_| Trouble::Script("a status is a number"))?),
        "crash" => crash(signal(argument)?),
        "ignore-term" => return Err(ignoring_term(rest)),
        "fork" => drop(child(steps(argument)).spawn()?),
        "setsid" => drop(child(own_session(argument)).spawn()?),
        "new-session" => drop(setsid()?),
        "double-fork" => {
            child(vec![format!("setsid {argument}")]).status()?;
        }
        "tree" => tree(argument)?,
        "write" => {
            let (file, text) = argument.split_once(' ').unwrap_or((argument, ""));
            replace(Path::new(file), text)?;
        }
        "pid" => replace(Path::new(argument), &getpid().to_string())?,
        "count" => count(argument)?,
        "wait-for" => {
            while !Path::new(argument).exists() {
                sleep(Duration::from_millis(2));
            }
        }
        "env" => match env::var(argument) {
            Ok(value) => writeln!(io::stdout(), "{argument}={value}")?,
            Err(_) => writeln!(io::stdout(), "{argument} is not set")?,
        },
        "run" | "try" => {
            let status = Command::new("/bin/sh").args(["-c", argument]).status()?;
            if verb == "run" && !status.success() {
                exit(status.code().unwrap_or(BAD_SCRIPT));
            }
        }
        "file" => {
            let text = fs::read_to_string(argument)?;
            rest.splice(0..0, text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        }
        _ => return Err(Trouble::Script("no such step")),
    }
    Ok(())
}

fn steps(text: &str) -> Vec<String> {
    text.split(" && ").map(str::to_owned).collect()
}

fn own_session(text: &str) -> Vec<String> {
    let mut all = vec!["new-session".to_owned()];
    all.extend(steps(text));
    all
}

/// This program again with other steps: a fork without `unsafe`.
fn child(steps: Vec<String>) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("fake-agent").args(steps).stdin(Stdio::null());
    command
}

/// Ignored signals stay ignored over an exec, and a shell can set that for us. Comes back only on failure.
fn ignoring_term(rest: &[String]) -> Trouble {
    let Ok(program) = env::current_exe() else { return Trouble::Script("the program has no path") };
    let script = "trap '' TERM INT HUP; exec \"$0\" \"$@\"";
    Trouble::Io(Command::new("/bin/sh").args(["-c", script]).arg(program).args(rest).exec())
}

fn tree(argument: &str) -> Result<(), Trouble> {
    let bad = Trouble::Script("write it as in `tree 2 3`");
    let (depth, fanout) = match argument.split_once(' ').map(|(d, f)| (d.parse::<u32>(), f.parse::<u32>())) {
        Some((Ok(depth), Ok(fanout))) => (depth, fanout),
        _ => return Err(bad),
    };
    if depth > 0 {
        for _ in 0..fanout {
            child(vec![format!("tree {} {fanout}", depth - 1), "hang".to_owned()]).spawn()?;
        }
    }
    Ok(())
}

/// A reader never sees half of it.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", getpid()));
    fs::write(&name, text)?;
    fs::rename(&name, file)
}

fn count(file: &str) -> io::Result<()> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let mark = env::var("WG_ATTEMPT").unwrap_or_else(|_| "-".to_owned());
    let line = format!("{} {mark} {}{:09}\n", getpid(), now.tv_sec, now.tv_nsec);
    // One write to a file opened for appending: lines of several runs don't mix.
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

fn flood(mut bytes: u64) -> io::Result<()> {
    let block: Vec<u8> = (b'a'..=b'z').cycle().take(99).chain([b'\n']).collect::<Vec<_>>().repeat(640);
    let mut stdout = io::stdout().lock();
    while bytes > 0 {
        let piece = usize::try_from(bytes).unwrap_or(usize::MAX).min(block.len());
        stdout.write_all(&block[..piece])?;
        bytes -= piece as u64;
    }
    stdout.flush()
}

fn hang() -> ! {
    loop {
        park();
    }
}

fn crash(signal: Signal) -> ! {
    // The runtime's own handler of SIGSEGV takes the first one and steps aside. An ignored signal ends
    // nothing at all: a test that waits for the crash says so.
    loop {
        let _ = kill_process(getpid(), signal);
        sleep(Duration::from_millis(1));
    }
}

fn signal(name: &str) -> Result<Signal, Trouble> {
    Ok(match name.strip_prefix("SIG").unwrap_or(name) {
        "KILL" => Signal::KILL,
        "SEGV" => Signal::SEGV,
        "ABRT" => Signal::ABORT,
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "HUP" => Signal::HUP,
        _ => return Err(Trouble::Script("no signal that can be asked for")),
    })
}

fn span(text: &str) -> Result<Duration, Trouble> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').unwrap_or(text), 1_000),
    };
    let number: u64 = number.parse().map_err(|_| Trouble::Script("write 250ms or 2s"))?;
    Ok(Duration::from_millis(number * unit))
}

fn size(text: &str) -> Result<u64, Trouble> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['k', 'm', 'g']);
    let unit = match &lower[digits.len()..] {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err(Trouble::Script("write 64k, 10m or 1g")),
    };
    digits.parse::<u64>().map(|n| n * unit).map_err(|_| Trouble::Script("write 64k, 10m or 1g"))
}
