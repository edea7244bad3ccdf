//! What an export is: the same bytes for the same graph, and for the graph that an import of it makes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use wg_core::command::{Command, Import, ImportedTask, NewTask};
use wg_core::id::{Actor, TaskId};
use wg_core::port::Store;
use wg_core::submit::submit;
use wg_core::task::{Priority, Task, TaskState, Visibility, Wait};
use wg_core::time::Timestamp;
use wg_core::usage::Cap;
use wg_store::import::{self, Options};
use wg_store::memory::MemoryStore;

fn now() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

fn export(store: &mut dyn Store) -> String {
    let mut out = Vec::new();
    store
        .read(&mut |graph| {
            out.clear();
            wg_store::export::export(graph, &mut out).unwrap();
            Ok(())
        })
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// The graph that an export makes where there was none.
fn import(text: &str, run: bool, store: &mut dyn Store) {
    let options =
        Options { name: "export".into(), format: None, keep_going: false, run, now: now(), beside: None };
    let imported = import::read(&mut text.as_bytes(), &options, None).unwrap();
    assert!(imported.report.dropped.total() + imported.report.noted.total() == 0, "{:?}", imported.report);
    assert!(imported.report.lines.accounted(), "{:?}", imported.report.lines);
    if !imported.import.tasks.is_empty() {
        let command = Command::Import(Box::new(imported.import));
        submit(store, &Actor::User("ann".into()), command, now()).unwrap();
    }
}

fn take(store: &mut dyn Store, tasks: Vec<ImportedTask>) {
    let command = Command::Import(Box::new(Import { source: "test".into(), tasks, chats: Vec::new() }));
    submit(store, &Actor::User("ann".into()), command, now()).unwrap();
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_000_000_i64).prop_map(Timestamp::from_nanos)
}

fn words() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("\\PC{1,8}", 0..3)
}

fn state() -> impl Strategy<Value = TaskState> {
    prop_oneof![
        3 => Just(TaskState::Open),
        1 => Just(TaskState::InReview),
        2 => Just(TaskState::Done),
        1 => "\\PC{0,12}".prop_map(|reason| TaskState::Failed { reason }),
        1 => prop::option::of("\\PC{1,12}").prop_map(|reason| TaskState::Abandoned { reason }),
    ]
}

fn rows() -> impl Strategy<Value = Vec<(Timestamp, String, String)>> {
    prop::collection::vec((time(), "\\PC{0,6}", "\\PC{0,12}"), 0..3)
}

/// Everything that a task can have, with dependencies on tasks before it.
fn task(n: usize) -> impl Strategy<Value = ImportedTask> {
    let after = prop::collection::btree_set(0..=n, 0..3);
    let texts = (
        "\\PC{1,20}",
        "(\\PC|\n){0,30}",
        words(),
        words(),
        prop::collection::btree_map("\\PC{1,6}", "\\PC{1,6}", 0..3),
    );
    let run = (
        prop::option::of("\\PC{1,9}"),
        prop::option::of("[a-z]{1,9}"),
        prop::option::of(0..10_000_000_u64),
        prop::option::of(any::<u32>()),
        (prop::option::of(any::<u64>()), prop::option::of(any::<u64>())),
    );
    let rest = (state(), 0..=100_u8, any::<bool>(), any::<bool>(), time(), prop::option::of(time()));
    (
        after,
        texts,
        run,
        rest,
        rows(),
        rows(),
        prop::collection::vec((time(), "[a-z]{1,6}", "\\PC{0,12}"), 0..2),
    )
        .prop_map(move |(after, texts, run, rest, log, artifacts, messages)| {
            let (title, description, tags, skills, notes) = texts;
            let (state, priority, paused, public, created, not_before) = rest;
            let title = if title.trim().is_empty() { "Title".to_owned() } else { title };
            let mut task = Task::new(TaskId::parse(&format!("task-{n}")).unwrap(), title, created);
            task.description = description;
            task.state = state;
            task.priority = Priority(priority);
            task.tags = tags;
            task.skills = skills;
            task.notes = notes;
            task.after = after
                .into_iter()
                .map(|on| if on == n { "gone".to_owned() } else { format!("task-{on}") })
                .map(|on| TaskId::parse(&on).unwrap())
                .collect();
            task.parent = (n > 0).then(|| TaskId::parse("task-0").unwrap());
            task.paused = paused;
            task.visibility = if public { Visibility::Public } else { Visibility::Internal };
            task.times.not_before = not_before;
            task.times.completed_at = task.state.is_final().then_some(created);
            task.run.exec = run.0;
            task.run.adapter = run.1;
            task.run.timeout = run.2.map(Duration::from_millis);
            task.run.max_attempts = run.3;
            task.run.budget = Cap { tokens: run.4.0, cost_micros: run.4.1 };
            let mut seen = BTreeSet::new();
            let artifacts = artifacts.into_iter().filter(|(.., path)| seen.insert(path.clone())).collect();
            let messages = messages.into_iter().map(|(at, who, body)| (at, Actor::User(who), body)).collect();
            ImportedTask { task, log, artifacts, messages }
        })
}

fn graph() -> impl Strategy<Value = Vec<ImportedTask>> {
    (task(0), task(1), task(2), task(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_comes_back_as_it_was(tasks in graph()) {
        let mut store = MemoryStore::new();
        take(&mut store, tasks);
        let first = export(&mut store);
        prop_assert_eq!(&export(&mut store), &first);
        let mut copy = MemoryStore::new();
        import(&first, true, &mut copy);
        prop_assert_eq!(export(&mut copy), first);
    }
}

#[test]
fn what_ran_arrives_open_and_paused_and_then_stays_so() {
    let user = Actor::User("ann".into());
    let mut store = MemoryStore::new();
    for title in ["Claimed", "Waiting", "Open"] {
        submit(
            &mut store,
            &user,
            Command::Add(Box::new(NewTask { title: title.into(), ..NewTask::default() })),
            now(),
        )
        .unwrap();
    }
    let id = |text: &str| TaskId::parse(text).unwrap();
    submit(&mut store, &user, Command::Claim { task: id("claimed") }, now()).unwrap();
    submit(&mut store, &user, Command::Wait { task: id("waiting"), on: Wait::Message }, now()).unwrap();
    let (mut second, mut third) = (MemoryStore::new(), MemoryStore::new());
    import(&export(&mut store), false, &mut second);
    let moved = export(&mut second);
    assert_eq!(
        moved
            .lines()
            .map(|line| line.contains("\"paused\":true") && line.contains("\"state\":\"open\""))
            .collect::<Vec<_>>(),
        [false, true, true, true],
        "{moved}"
    );
    assert!(moved.contains("was in progress by user:ann where it came from; open here"), "{moved}");
    assert!(moved.contains("was waiting for a message where it came from; open here"), "{moved}");
    import(&moved, false, &mut third);
    assert_eq!(export(&mut third), moved);
}

#[test]
fn the_sample_of_version_1_is_what_is_written() {
    let sample = include_str!("data/export-v1.jsonl");
    let mut store = MemoryStore::new();
    import(sample, true, &mut store);
    let written = export(&mut store);
    let same = |text: &str| {
        text.lines()
            .filter(|l| !l.contains("running") && !l.contains("waiting"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(same(&written), same(sample));
}

#[test]
fn both_stores_write_the_same_bytes() {
    let sample = include_str!("data/export-v1.jsonl");
    let folder = tempfile::tempdir().unwrap();
    let (mut memory, mut sqlite) = (MemoryStore::new(), wg_store::sqlite::create(folder.path()).unwrap());
    import(sample, false, &mut memory);
    import(sample, false, &mut *sqlite);
    assert_eq!(export(&mut memory), export(&mut *sqlite));
}

#[test]
fn long_descriptions_take_several_pages() {
    let mut store = MemoryStore::new();
    let long = "x".repeat(9 << 20);
    let task = |n: usize| {
        let mut task = Task::new(TaskId::parse(&format!("task-{n}")).unwrap(), "Long", now());
        task.description.clone_from(&long);
        ImportedTask { task, log: Vec::new(), artifacts: Vec::new(), messages: Vec::new() }
    };
    take(&mut store, (0..5).map(task).collect());
    let text = export(&mut store);
    let ids: Vec<_> =
        text.lines().skip(1).map(|line| line.rsplit("\"id\":\"").next().unwrap()[..6].to_owned()).collect();
    assert_eq!(ids, ["task-0", "task-1", "task-2", "task-3", "task-4"]);
}

#[test]
fn an_empty_graph_is_one_line() {
    assert_eq!(export(&mut MemoryStore::new()), "{\"format\":\"workgraph\",\"version\":1}\n");
}
