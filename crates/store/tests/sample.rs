//! Databases of every format that was ever published can be opened, read and gone on with.
#![expect(clippy::unwrap_used, reason = "tests")]

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::chat::{ChatRun, ChatState, GiveUp, InboxCounts, What};
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::control::Day;
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::port::{Chats, Store};
use wg_core::task::{Holder, TaskState};
use wg_core::time::Timestamp;
use wg_core::used::Used;
use wg_store::sqlite;

/// A folder with the graph of a sample.
fn written(sample: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("wg.db")).unwrap();
    connection.execute_batch(sample).unwrap();
    folder
}

#[test]
fn format_1_can_be_read_and_gone_on_with() {
    let folder = written(include_str!("samples/graph-1.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    store
        .read(&mut |view| {
            let id = |text| TaskId::parse(text).unwrap();
            let (task, version) = view.task(&id("load-the-tables"))?.unwrap();
            assert_eq!(version, 3);
            assert_eq!(task.title, "Load all tables");
            assert_eq!(task.state, TaskState::InProgress { by: Holder::Person("ann".into()) });
            let (first, _) = view.attempt(AttemptRef(1))?.unwrap();
            assert_eq!(first.nonce, u64::MAX);
            assert_eq!(first.outcome(), Some(&Outcome::ExitedBadly { status: ExitStatus::Signal(9) }));
            assert!(view.attempt(AttemptRef(2))?.unwrap().0.stop.is_some());
            assert!(view.control()?.0.paused.is_some());
            assert_eq!(view.open_effects()?.len(), 2);
            assert_eq!(view.imported(&id("bd-1.2"))?.unwrap().notes["estimate"], "3");
            assert_eq!(view.last_operation()?, OpSeq(20));
            Ok(())
        })
        .unwrap();
    let at = Timestamp::from_nanos(2_000_000_000_000_000_000);
    let undo = Command::Undo { operation: Some(OpSeq(20)) };
    let receipt = wg_core::submit::submit(&mut *store, &Actor::User("ann".into()), undo, at).unwrap();
    assert_eq!(receipt.operation, OpSeq(21));
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
}

/// The number of the format that a file is in.
fn format_of(path: &std::path::Path) -> u32 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn format_1_gets_room_for_chats_and_its_backup_stays_as_it_was() {
    let folder = written(include_str!("samples/graph-1.sql"));
    assert_eq!(format_of(&folder.path().join("wg.db")), 1);
    let mut store = sqlite::open(folder.path()).unwrap();
    assert_eq!(format_of(&folder.path().join("wg.db")), sqlite::FORMAT);
    let backup = folder.path().join("backups/wg-000000000020-v1.db");
    assert_eq!(format_of(&backup), 1);
    store
        .read(&mut |view| {
            assert_eq!((view.chats(Chats::All)?, view.last_chat()?), (Vec::new(), ChatNumber(0)));
            assert_eq!(view.counts()?.total(), 4, "what was there is counted as before");
            Ok(())
        })
        .unwrap();
    let (ann, at) = (Actor::User("ann".into()), Timestamp::from_nanos(2_000_000_000_000_000_000));
    let run = ChatRun { adapter: "claude".into(), ..ChatRun::default() };
    for command in [
        ChatCommand::Create(NewChat { name: None, run }),
        ChatCommand::Send { chat: ChatNumber(1), text: "hello".into() },
    ] {
        wg_core::submit::submit(&mut *store, &ann, Command::Chat(command), at).unwrap();
    }
    store
        .read(&mut |view| {
            assert_eq!(view.chats(Chats::Awake)?.len(), 1);
            assert_eq!(view.counts()?.total(), 4);
            Ok(())
        })
        .unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
}

#[test]
fn format_2_can_be_read_and_gone_on_with() {
    let folder = written(include_str!("samples/graph-2.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    store
        .read(&mut |view| {
            let (first, version) = view.chat(ChatNumber(1))?.unwrap();
            assert_eq!((first.name.as_str(), first.session.as_deref(), version), ("Plans", Some("s-1"), 5));
            assert_eq!((first.handler(), first.parsed), (Some(AttemptRef(3)), 90));
            assert!(first.serving().unwrap().answered);
            let entries = view.entries_of(ChatNumber(1), 0, 9)?;
            let What::Answer { message: Some(1), text, handler, usage } = &entries[3].what else {
                panic!("{:?}", entries[3])
            };
            assert_eq!((text.as_str(), *handler, usage.output), ("Halb fertig.\n", Some(AttemptRef(3)), 20));
            assert_eq!(view.inbox_next(ChatNumber(1))?.unwrap().number, 2);
            assert_eq!(view.inbox_counts(ChatNumber(3))?, InboxCounts { waiting: 0, set_aside: 1 });
            let (fourth, _) = view.chat(ChatNumber(4))?.unwrap();
            let ChatState::GaveUp { reason: GiveUp::Auth, configuration: u64::MAX, .. } = fourth.state else {
                panic!("{fourth:?}")
            };
            let until: Timestamp = "2026-11-26T08:01:17Z".parse().unwrap();
            assert_eq!(view.pinged("2026-11-26T08:00:30Z".parse().unwrap())?, [(ChatNumber(1), until)]);
            let numbers = |chats: Vec<wg_core::chat::Chat>| Vec::from_iter(chats.iter().map(|c| c.number.0));
            assert_eq!(numbers(view.chats(Chats::Unarchived)?), [1, 2, 4]);
            assert_eq!(numbers(view.chats(Chats::Awake)?), [1]);
            assert_eq!(numbers(view.chats(Chats::GaveUp)?), [4]);
            assert_eq!(view.last_operation()?, OpSeq(37));
            Ok(())
        })
        .unwrap();
    let at = Timestamp::from_nanos(2_000_000_000_000_000_000);
    let purge = Command::Chat(ChatCommand::Purge { keep: [].into(), include_self: false });
    wg_core::submit::submit(&mut *store, &Actor::User("ann".into()), purge, at).unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
}

#[test]
fn format_3_can_be_read_and_gone_on_with() {
    let folder = written(include_str!("samples/graph-3.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    assert!(
        !folder.path().join("backups").exists() || sqlite::FORMAT > 3,
        "nothing is to be brought up to date"
    );
    assert_eq!(used(&mut *store).iter().map(|one| one.counts.output).collect::<Vec<_>>(), [20]);
    let at = Timestamp::from_nanos(2_000_000_000_000_000_000);
    let purge = Command::Chat(ChatCommand::Purge { keep: [].into(), include_self: false });
    wg_core::submit::submit(&mut *store, &Actor::User("ann".into()), purge, at).unwrap();
    assert_eq!(sqlite::check(folder.path()), Ok(Vec::new()));
    assert_eq!(sqlite::check_used(folder.path()), Ok(Vec::new()));
}

/// All that is counted of what was used.
fn used(store: &mut dyn Store) -> Vec<Used> {
    let mut found = Vec::new();
    store.read(&mut |view| view.visit_used(Day(0), &mut |used| found.push(used))).unwrap();
    found
}

#[test]
fn what_was_used_before_it_was_counted_is_counted() {
    let folder = written(include_str!("samples/graph-2.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    let [ref one] = used(&mut *store)[..] else { panic!("one chat was used, on one day") };
    let day = Day::of("2026-11-26T08:00:00Z".parse().unwrap());
    assert_eq!((one.day, one.by.task.as_str(), one.by.model.as_deref()), (day, ".chat-1", Some("opus")));
    let usage = one.counts.usage();
    assert_eq!((usage.input, usage.output, usage.cost_micros), (3, 20, Some(17)));
    assert_eq!(sqlite::check_used(folder.path()), Ok(Vec::new()));
}

#[test]
fn sums_that_do_not_follow_from_the_history_are_found_and_counted_anew() {
    let folder = written(include_str!("samples/graph-2.sql"));
    let mut store = sqlite::open(folder.path()).unwrap();
    let whole = used(&mut *store);
    let other = "INSERT INTO used SELECT day + 1, 'port-the-parser', adapter, model, input, cache_read, \
                 cache_write, output, reasoning, cost_micros, priced FROM used";
    for (sql, whose) in [
        ("UPDATE used SET output = output + 1", ".chat-1"),
        ("UPDATE used SET day = day + 1", ".chat-1"),
        ("DELETE FROM used", ".chat-1"),
        (other, "port-the-parser"),
    ] {
        let connection = rusqlite::Connection::open(folder.path().join("wg.db")).unwrap();
        assert_eq!(connection.execute(sql, []), Ok(1), "{sql}");
        assert_eq!(sqlite::check_used(folder.path()), Ok(vec![whose.to_owned()]), "{sql}");
        sqlite::count_used_anew(folder.path()).unwrap();
        assert_eq!(sqlite::check_used(folder.path()), Ok(Vec::new()));
        assert_eq!(used(&mut *store), whole);
    }
}
