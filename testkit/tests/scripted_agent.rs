//! The scripted agent and the environment prove each other on real processes.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use testkit::{Environment, shell_word, wait_until};

/// An environment whose `wg` is never run, and the scripted agent in it.
fn agent(environment: &Environment, script: &[&str]) -> Command {
    let mut command = environment.command(env!("CARGO_BIN_EXE_fake-agent"));
    command.args(script);
    command
}

fn environment() -> Environment {
    Environment::new("/bin/true")
}

#[test]
fn it_says_writes_counts_and_exits_as_told() {
    let environment = environment();
    let script = ["say hello", "err oh", "write note a b", "count runs", "env HOME", "env NONE", "exit 3"];
    let output = agent(&environment, &script).output().unwrap();
    let home = environment.folder().join("home");
    let expected = format!("hello\nHOME={}\nNONE is not set\n", home.display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.stderr, b"oh\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(fs::read_to_string(environment.path("note")).unwrap(), "a b");
    let runs = environment.runs("runs");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].split(' ').nth(1), Some("-"));
}

#[test]
fn it_crashes_floods_and_refuses_nonsense() {
    let environment = environment();
    assert_eq!(agent(&environment, &["crash SEGV"]).status().unwrap().signal(), Some(11));
    let flood = agent(&environment, &["flood 1m"]).output().unwrap();
    assert_eq!(flood.stdout.len(), 1 << 20);
    assert!(flood.stdout.split(|b| *b == b'\n').all(|line| line.len() <= 99));
    assert_eq!(agent(&environment, &["fork", "hang"]).output().unwrap().status.code(), Some(99));
    assert_eq!(agent(&environment, &["dance"]).output().unwrap().status.code(), Some(99));
    assert_eq!(agent(&environment, &["run exit 7", "say no"]).output().unwrap().status.code(), Some(7));
    assert_eq!(agent(&environment, &["try exit 7"]).output().unwrap().status.code(), Some(0));
    fs::write(environment.path("script"), "say one\n\nsay two\n").unwrap();
    let from_file = agent(&environment, &["file script", "say three"]).output().unwrap();
    assert_eq!(from_file.stdout, b"one\ntwo\nthree\n");
    let mut reader = agent(&environment, &["flood 10m"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(reader.stdout.take());
    assert_eq!(reader.wait().unwrap().code(), Some(141), "nobody reads");
}

#[test]
fn nothing_that_it_starts_escapes_the_environment() {
    let environment = environment();
    let script = ["double-fork ignore-term && hang", "setsid pid deep && hang", "tree 2 2", "exit 0"];
    assert!(agent(&environment, &script).status().unwrap().success());
    // Two sessions of their own, and 2 + 4 of the tree.
    wait_until("eight orphans", || match environment.marks().scan() {
        found if found.len() == 8 => Ok(()),
        found => Err(format!("{found:#?}")),
    });
    let deep: u32 =
        wait_until("its number", || fs::read_to_string(environment.path("deep"))).parse().unwrap();
    assert!(environment.marks().signal(deep, Signal::KILL));
    wait_until("the end of one", || match environment.marks().scan().len() {
        7 => Ok(()),
        n => Err(n),
    });
    let marks = environment.marks().clone();
    drop(environment);
    assert_eq!(marks.scan(), []);
}

#[test]
fn only_processes_with_the_marks_are_signalled() {
    let (mine, other) = (environment(), environment());
    let mut child = agent(&other, &["hang"]).spawn().unwrap();
    wait_until("its start", || match other.marks().scan().len() {
        1 => Ok(()),
        n => Err(n),
    });
    assert!(!mine.marks().signal(child.id(), Signal::KILL));
    assert_eq!(mine.marks().kill_all(), []);
    assert!(child.try_wait().unwrap().is_none());
    drop(other);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn termination_is_ignored_only_when_scripted() {
    let environment = environment();
    for (script, outlives) in
        [(["say up", "hang"].as_slice(), false), (&["ignore-term", "say up", "hang"], true)]
    {
        let mut child = agent(&environment, script).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        if outlives {
            rustix::process::kill_process(pid, Signal::KILL).unwrap();
        }
        assert_eq!(child.wait().unwrap().signal(), Some(if outlives { 9 } else { 15 }));
    }
}

#[test]
fn output_can_be_let_go_while_the_process_lives() {
    let environment = environment();
    let mut child =
        agent(&environment, &["say last", "close-stdout", "say unheard", "wait-for go", "exit 0"]);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<_> = BufReader::new(child.stdout.take().unwrap()).lines().collect();
    assert_eq!(lines.len(), 1, "the pipe ended while the process lives");
    assert!(child.try_wait().unwrap().is_none());
    fs::write(environment.path("go"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn words_survive_a_shell() {
    for word in ["plain", "two words", "it's", "", "$HOME `x` \"y\""] {
        let line = format!("printf %s {}", shell_word(word));
        let output = Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
    }
}
