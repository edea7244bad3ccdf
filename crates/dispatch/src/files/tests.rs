#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use wg_core::attempt::{ExitStatus, ProcessIdentity};
use wg_core::id::Fence;
use wg_core::time::Timestamp;

use super::*;
use crate::supervise::sandbox::{Confinement, Level};

/// Written by version 1; never changed.
const EXIT_1: &str = include_str!("samples/exit.1.json");
const STARTED_1: &str = include_str!("samples/started.1.json");
const LAUNCH_1: &str = include_str!("samples/launch.1.json");
const SHIM_1: &str = include_str!("samples/shim.1.json");
/// The same of agents that are talked to.
const EXIT_TALK_1: &str = include_str!("samples/exit-talk.1.json");
const LAUNCH_TALK_1: &str = include_str!("samples/launch-talk.1.json");
/// The same of agents in a sandbox.
const EXIT_SANDBOX_1: &str = include_str!("samples/exit-sandbox.1.json");
const LAUNCH_SANDBOX_1: &str = include_str!("samples/launch-sandbox.1.json");

fn run() -> Run {
    Run { attempt: AttemptRef(7), fence: Fence(3), nonce: 0xfedc_ba98_7654_3210 }
}

fn process(pid: u32) -> ProcessIdentity {
    ProcessIdentity { boot: "b".into(), pid_namespace: 4_026_531_836, pid, start_time: 99 }
}

fn at() -> Timestamp {
    "2026-04-27T17:32:52.630148860+00:00".parse().unwrap()
}

fn exit() -> ExitRecord {
    ExitRecord {
        run: run(),
        ended_by: EndedBy::SpawnFailed { errno: Some(2), text: "no such program: foo".into() },
        status: Some(ExitStatus::Signal(9)),
        started_at: Some(at()),
        ended_at: at(),
        tree_gone: true,
        output: OutputCount { seen: 10, kept: 8 },
        reported: true,
        events: 0,
    }
}

fn started() -> Started {
    Started { run: run(), shim: process(11), agent: Some(process(12)), at: at() }
}

fn launch() -> LaunchSpec {
    LaunchSpec {
        run: run(),
        task: "port-the-parser".into(),
        argv: vec!["/bin/sh".into(), "-c".into(), "true".into()],
        env: [("A".to_owned(), "b".to_owned())].into(),
        inherit: vec!["PATH".into()],
        cwd: "/tmp".into(),
        timeout: Some(Duration::from_millis(1500)),
        output_cap: 1024,
        kill_grace: Duration::from_secs(5),
        leave_grace: Duration::from_secs(60),
        talk: None,
        sandbox: None,
    }
}

fn exit_of_a_talk() -> ExitRecord {
    ExitRecord { ended_by: EndedBy::Alone, status: Some(ExitStatus::Code(0)), events: 12_345, ..exit() }
}

fn launch_of_a_talk() -> LaunchSpec {
    let talk = Talk {
        farewell: "{\"type\":\"end\"}\n".into(),
        farewell_grace: Talk::FAREWELL_GRACE,
        alone: Talk::ALONE,
        turn_limit: Talk::TURN_LIMIT,
        input: TalkInput::Open,
    };
    LaunchSpec { talk: Some(talk), ..launch() }
}

fn exit_of_one_without_a_sandbox() -> ExitRecord {
    let because = EndedBy::Unconfined { why: "bubblewrap: the program bwrap is not here".into() };
    ExitRecord { ended_by: because, status: None, started_at: None, ..exit() }
}

fn launch_into_a_sandbox() -> LaunchSpec {
    let sandbox = Confinement {
        level: Level::Bubblewrap,
        missing: Some("the program bwrap is not here".into()),
        writes: vec!["/ann/.claude".into()],
        keeps: vec!["/ann/.claude/settings.json".into()],
        hides: vec!["/ann/.ssh".into()],
    };
    LaunchSpec { sandbox: Some(sandbox), ..launch() }
}

#[test]
fn samples_of_version_1_are_still_read() {
    let path = Path::new("sample");
    assert_eq!(parse::<ExitRecord>(path, EXIT_1.as_bytes()).unwrap(), exit());
    assert_eq!(parse::<Started>(path, STARTED_1.as_bytes()).unwrap(), started());
    assert_eq!(parse::<LaunchSpec>(path, LAUNCH_1.as_bytes()).unwrap(), launch());
    assert_eq!(parse::<ExitRecord>(path, EXIT_TALK_1.as_bytes()).unwrap(), exit_of_a_talk());
    assert_eq!(parse::<LaunchSpec>(path, LAUNCH_TALK_1.as_bytes()).unwrap(), launch_of_a_talk());
    assert_eq!(
        parse::<ExitRecord>(path, EXIT_SANDBOX_1.as_bytes()).unwrap(),
        exit_of_one_without_a_sandbox()
    );
    assert_eq!(parse::<LaunchSpec>(path, LAUNCH_SANDBOX_1.as_bytes()).unwrap(), launch_into_a_sandbox());
    let shim: ShimFile = parse(path, SHIM_1.as_bytes()).unwrap();
    assert_eq!(shim, ShimFile { run: run(), shim: process(11) });
}

#[test]
fn what_is_written_is_the_sample() {
    // When this fails the format has changed: raise the version, keep the old sample, add a new one.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    write(&path, &exit()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), EXIT_1);
    write(&path, &started()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), STARTED_1);
    write(&path, &launch()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), LAUNCH_1);
    write(&path, &exit_of_a_talk()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), EXIT_TALK_1);
    write(&path, &launch_of_a_talk()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), LAUNCH_TALK_1);
    write(&path, &exit_of_one_without_a_sandbox()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), EXIT_SANDBOX_1);
    write(&path, &launch_into_a_sandbox()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), LAUNCH_SANDBOX_1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn anything_else_is_a_typed_error() {
    let path = Path::new("sample");
    for bytes in [&b""[..], b"{", b"null", b"[]", b"\xff\xfe\x00", br#"{"version":"1"}"#, br#"{"version":1}"#]
    {
        assert!(matches!(parse::<ExitRecord>(path, bytes), Err(FileError::Garbage { .. })), "{bytes:?}");
    }
    let newer = EXIT_1.replace("\"version\":1", "\"version\":2");
    assert!(matches!(parse::<ExitRecord>(path, newer.as_bytes()), Err(FileError::Newer { found: 2, .. })));
    for cut in 0..EXIT_1.trim_end().len() {
        let half = &EXIT_1.as_bytes()[..cut];
        assert!(matches!(parse::<ExitRecord>(path, half), Err(FileError::Garbage { .. })), "{cut}");
    }
    let folder = AttemptFolder::new("/nowhere/at/all");
    assert!(folder.read_exit().unwrap().is_none());
    assert!(matches!(read::<ExitRecord>(&folder.exit()), Err(FileError::Absent(_))));
}

#[test]
fn of_two_that_create_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let attempt = GraphFolder::new(folder.path()).attempt(AttemptRef(7));
    attempt.create().unwrap();
    attempt.create().unwrap();
    create(&attempt.started(), &started()).unwrap();
    assert!(matches!(create(&attempt.started(), &started()), Err(FileError::Exists(_))));
    assert_eq!(attempt.read_started().unwrap(), Some(started()));
    assert_eq!(attempt.graph(), GraphFolder::new(folder.path()));
}

#[test]
fn the_mark_is_that_of_the_attempt() {
    assert_eq!(run().mark(), "agent-7.3.fedcba9876543210");
}
