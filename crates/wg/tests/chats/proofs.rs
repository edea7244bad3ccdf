//! What must hold of chats whoever serves them: the scripted handler, and the real programs in suites of their own.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Marked, Random};
use wg_core::id::ChatNumber;
use wg_core::port::{Read, Store};

use super::world::{World, number};

/// How the log tells that a handler starts.
pub const STARTS: &str = "starts on .chat-";

/// The requirement's own first test, word for word: these chats, which are live and attached, are purged, and none
/// comes back for `a_while` after a restart, though those who were there come back, as a window does that was left
/// open.
pub fn purged_chats_stay_away(world: &World, chats: &[&String], a_while: Duration) {
    assert_eq!(world.log().matches(STARTS).count(), chats.len(), "{}", world.log());
    let said = world.ok(&["service", "purge-chats"]);
    assert!(world.agents().is_empty(), "{said}: {:#?}", world.agents());
    let histories: Vec<Vec<u8>> = chats.iter().map(|chat| world.until_written_down(chat)).collect();
    let noted = world.log().len();
    world.ok(&["service", "restart"]);
    let again: Vec<_> = chats
        .iter()
        .map(|chat| wg_dispatch::control::client::attach(&world.graph(), number(chat), false))
        .collect();
    let seen = Instant::now();
    while seen.elapsed() < a_while {
        assert!(world.agents().is_empty(), "{:#?}", world.agents());
        sleep(Duration::from_millis(100));
    }
    drop(again);

    assert!(world.agents().is_empty(), "{:#?}", world.agents());
    let log = world.log();
    let since = &log[noted..];
    assert!(since.contains("the dispatcher runs"), "{since}");
    for word in ["starts on", "starting", "spawn"] {
        assert!(!since.contains(word), "{since}");
    }
    let listed = world.json(&["list"]);
    let tasks: Vec<&Value> = listed["tasks"].as_array().unwrap().iter().collect();
    assert_eq!(tasks.len(), chats.len(), "{listed}");
    for task in tasks {
        assert_eq!((&task["state"], &task["tags"][0]), (&"done".into(), &"archived".into()), "{task}");
    }
    for (chat, before) in chats.iter().zip(histories) {
        assert!(!before.is_empty());
        assert_eq!(std::fs::read(world.transcript(chat)).unwrap(), before, "the history of {chat}");
        assert!(world.record(chat)["purged_at"].is_string());
    }
}

/// Kills the dispatcher so often, each time at another moment of a conversation that all these chats have: no two
/// handlers at once, no message lost, none answered twice, what was done for each done once.
pub fn a_dispatcher_dies_at_every_moment(
    world: &World,
    chats: &[String],
    text: &str,
    times: usize,
    is_handler: impl Fn(&Marked) -> bool,
) {
    let mut random = Random::for_test("a_dispatcher_killed_at_every_moment_of_a_conversation");
    let mut store = wg_store::sqlite::open(&world.graph()).unwrap();
    for _ in 0..times {
        let dispatcher = world.dispatcher();
        // It is killed while they are written, too; or the moment that something is committed.
        let mut sending: Vec<_> =
            chats.iter().map(|chat| world.start(&["chat", "send", chat, text])).collect();
        match random.below(3) {
            0 => sleep(Duration::from_micros(random.between(0, 100_000))),
            step => until_committed(&mut *store, number(&chats[0]), step == 1),
        }
        dispatcher.kill();
        for sending in &mut sending {
            assert_eq!(sending.wait(), 0, "{}", sending.written());
        }
        for chat in chats {
            let mut alive = world.handlers(chat);
            alive.retain(&is_handler);
            assert!(alive.len() <= 1, "two handlers of {chat}: {alive:#?}");
        }
    }
    let _dispatcher = world.dispatcher();
    for chat in chats {
        // Each ten in their own time.
        for left in (0..times as u64).rev().step_by(10) {
            world.until(chat, "answers", |record| record["waiting"].as_u64() <= Some(left));
        }
        world.until(chat, "every answer", |record| record["waiting"] == 0);
        world.until_at_rest(chat);
        let sent = numbers_of(world, chat, "message", "number");
        assert_eq!(sent.len(), times);
        assert_eq!(numbers_of(world, chat, "answer", "message"), sent, "each once and in order");
        // No handler has died: what it did it did once.
        assert_eq!(numbers_of(world, chat, "tool", "message"), sent, "{:#?}", world.entries(chat));
        let record = world.record(chat);
        let (failures, set_aside) = (record["failures"].as_u64(), record["set_aside"].as_u64());
        assert_eq!((failures, set_aside), (Some(0), Some(0)), "{record}");
        world.until_written_down(chat);
    }
    world.until_nothing_lives();
    let doctor = world.wg(&["doctor"]);
    assert!(!doctor.stdout.contains("problem  attempts"), "{doctor:?}");
}

/// The numbers that a chat's entries of a kind have.
pub fn numbers_of(world: &World, chat: &str, kind: &str, key: &str) -> Vec<u64> {
    let entries = world.entries(chat);
    let of_kind = entries.iter().filter(|entry| entry["kind"] == kind);
    of_kind.map(|entry| entry[key].as_u64().unwrap()).collect()
}

/// Comes back the moment that a message is given to a handler (`given`), or that something more was said; or after
/// a while without.
fn until_committed(store: &mut dyn Store, chat: ChatNumber, given: bool) {
    let mut look = || {
        let mut seen = (None, 0);
        let mut work = |read: &mut dyn Read| {
            let turn = read.chat(chat)?.and_then(|(chat, _)| chat.turn().map(|turn| turn.message));
            seen = (turn, read.last_entry(chat)?);
            Ok(())
        };
        store.read(&mut work).unwrap();
        seen
    };
    let (began, before) = (Instant::now(), look());
    while began.elapsed() < Duration::from_millis(500) {
        let now = look();
        if given && now.0.is_some() && now.0 != before.0 || !given && now.1 > before.1 + 1 {
            return;
        }
    }
}
