//! What agents used: `stats`, and what `doctor` says of its sums.

use std::time::SystemTime;

use testkit::Environment;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Outcome, Progress};
use wg_core::command::Command;
use wg_core::id::{Actor, AttemptRef, Fence, TaskId};
use wg_core::port::Store;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use crate::world;

const DAY: i64 = 86_400_000_000_000;

#[expect(clippy::disallowed_methods, reason = "the program that is tested reads the same clock")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap())
}

/// The same hour so many days before.
fn ago(now: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_nanos(now.as_nanos() - days * DAY)
}

/// An attempt that is over, whose agent told then that it had used this much.
fn told(store: &mut dyn Store, n: u64, task: &str, adapter: &str, (at, usage): (Timestamp, Usage)) {
    let attempt = Attempt {
        reference: AttemptRef(n),
        kind: AttemptKind::Work,
        task: TaskId::parse(task).unwrap(),
        number: 1,
        fence: Fence(n),
        nonce: 7,
        adapter: adapter.into(),
        model: Some("opus".into()),
        host: "box".into(),
        state: AttemptState::Finished { at, outcome: Outcome::NoWork },
        created_at: at,
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress { turns: usage, ..Progress::default() },
    };
    store
        .write(&mut |view| {
            view.begin_operation(at, &Actor::User("ann".into()), &Command::PauseDispatch)?;
            view.put_attempt(&attempt)
        })
        .unwrap();
}

fn used(input: u64, output: u64, cost_micros: Option<u64>) -> Usage {
    Usage { input, output, cost_micros, ..Usage::default() }
}

/// Three tasks: one that cost most, one of more tokens, and one of most tokens that told no cost.
fn some_used(now: Timestamp) -> Environment {
    let world = world();
    for task in ["dear", "long", "free"] {
        world.ok(&["add", task]);
    }
    let mut store = wg_store::sqlite::open(&world.graph()).unwrap();
    let store = &mut *store;
    told(store, 1, "long", "claude", (ago(now, 2), used(1_000, 10, Some(1_000_000))));
    told(store, 2, "dear", "claude", (ago(now, 1), used(100, 10, Some(900_000))));
    told(store, 2, "dear", "claude", (now, used(300, 20, Some(2_000_000))));
    told(store, 3, "free", "codex", (now, used(9_000, 90, None)));
    world
}

#[test]
fn stats_count_whole_days_and_name_first_what_cost_most() {
    let now = now();
    let world = some_used(now);
    let stats = world.json(&["stats"]);
    let of = |list: &str, name: &str| -> Vec<(String, u64, Option<u64>)> {
        let list = stats[list].as_array().unwrap().iter();
        let one = |one: &serde_json::Value| {
            let usage = &one["usage"];
            (
                one[name].as_str().unwrap().to_owned(),
                usage["input"].as_u64().unwrap(),
                usage["cost_micros"].as_u64(),
            )
        };
        list.map(one).collect()
    };
    let date = |days| ago(now, days).to_string()[..10].to_owned();
    let days =
        [(date(0), 9_200, Some(1_100_000)), (date(1), 100, Some(900_000)), (date(2), 1_000, Some(1_000_000))];
    assert_eq!(of("days", "day"), days);
    let dear = ("dear".to_owned(), 300, Some(2_000_000));
    let long = ("long".to_owned(), 1_000, Some(1_000_000));
    assert_eq!(of("tasks", "task"), [dear, long, ("free".to_owned(), 9_000, None)]);
    let claude = ("claude".to_owned(), 1_300, Some(3_000_000));
    assert_eq!(of("models", "adapter"), [claude, ("codex".to_owned(), 9_000, None)]);
    assert_eq!(stats["total"]["cost_micros"], 3_000_000);
    let told = world.ok(&["stats", "-n", "1"]);
    assert!(told.contains("claude:opus") && told.contains("dear") && !told.contains("long"), "{told}");
    assert!(
        told.lines().any(|line| line.starts_with("codex:opus") && line.trim_end().ends_with('-')),
        "{told}"
    );
    // The day counts whole, whenever on it something was told.
    let stats = world.json(&["stats", "--since", &format!("{}T23:59:59Z", date(1))]);
    assert_eq!((&stats["total"]["input"], &stats["tasks"][1]["task"]), (&9_300.into(), &"free".into()));
    assert_eq!(stats["since"], format!("{}T00:00:00.000000000+00:00", date(1)));
    let stats = world.json(&["stats", "--since", &date(0)]);
    assert_eq!((&stats["total"]["input"], &stats["days"][0]["day"]), (&9_200.into(), &date(0).into()));
}

#[test]
fn what_was_used_stays_counted_whatever_becomes_of_the_task() {
    let world = some_used(now());
    let before = world.json(&["stats"]);
    world.ok(&["abandon", "long"]);
    world.ok(&["undo"]);
    assert_eq!(world.json(&["stats"]), before);
    // Nothing of it is in a file for other graphs, so a graph that takes that in has used nothing.
    world.ok(&["export", "out.jsonl"]);
    let other = crate::world();
    std::fs::copy(world.path("out.jsonl"), other.path("in.jsonl")).unwrap();
    other.ok(&["import", "in.jsonl"]);
    assert_eq!(other.json(&["stats"])["days"], serde_json::json!([]));
}

/// The lines of the doctor's report about sums.
fn doctor(world: &Environment, words: &[&str]) -> Vec<String> {
    let said = world.wg(&[&["doctor"], words].concat());
    said.stdout.lines().filter(|line| line.contains(" used ")).map(str::to_owned).collect()
}

#[test]
fn sums_that_do_not_follow_are_said_and_mended() {
    let now = now();
    let world = some_used(now);
    let well = ["ok       used        what was used is counted as it was told"];
    // The sums of the last days are told by no command here: they are missing.
    let budget = "problem  used        what was used today is not what the day's budget is compared with (--fix \
                  counts it anew)";
    assert_eq!(doctor(&world, &[]), [budget]);
    assert_eq!(
        doctor(&world, &["--fix"]),
        [budget.replace("problem", "fixed  ").replace(" (--fix counts it anew)", "")]
    );
    assert_eq!(doctor(&world, &[]), well);
    assert!(world.ok(&["status"]).contains("9200 in / 100 out, $1.1000 today"));
    let before = world.json(&["stats"]);
    let database = rusqlite::Connection::open(world.graph().join("wg.db")).unwrap();
    assert_eq!(database.execute("UPDATE used SET output = 7 WHERE task <> 'free'", []), Ok(3));
    drop(database);
    assert_ne!(world.json(&["stats"]), before);
    let said = doctor(&world, &[]);
    assert!(
        said[0].contains("what 2 tasks and chats used is not counted as it was told: dear, long"),
        "{said:?}"
    );
    assert!(doctor(&world, &["--fix"])[0].starts_with("fixed "));
    assert_eq!(doctor(&world, &[]), well);
    assert_eq!(world.json(&["stats"]), before);
    assert!(world.ok(&["op", "log", "-n", "1"]).contains("counted anew"));
}
