//! Two hundred chats: without demand nothing starts; with it never more than may, and all are served.

use serde_json::Value;
use testkit::wait_until;
use wg_core::chat::ChatRun;
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::id::Actor;
use wg_core::submit::{Request, submit_batch};

use crate::world::{World, number};

const CHATS: usize = 200;
const AT_ONCE: usize = 4;

/// As many chats, each served by the same command line; made and written to in one commit each.
fn crowd(world: &World, chats: usize, steps: &[&str]) -> Vec<String> {
    let exec = Some(world.handler(steps));
    let run = ChatRun { adapter: "command".into(), exec, model: None };
    let make = || ChatCommand::Create(NewChat { name: None, run: run.clone() });
    submit(world, (0..chats).map(|_| make()));
    (1..=chats).map(|n| format!("chat-{n}")).collect()
}

fn submit(world: &World, commands: impl Iterator<Item = ChatCommand>) {
    let request = |command| Request { actor: Actor::User("ann".into()), command: Command::Chat(command) };
    let requests: Vec<Request> = commands.map(request).collect();
    let mut store = wg_store::sqlite::open(&world.graph()).unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    for outcome in submit_batch(store.as_mut(), &requests, now).unwrap() {
        outcome.unwrap();
    }
}

/// How many chats are in each state that is asked for.
fn in_states(world: &World, states: &[&str]) -> usize {
    let listed = world.json(&["chat", "list", "--all"]);
    let chats: &Vec<Value> = listed["chats"].as_array().unwrap();
    chats.iter().filter(|chat| states.contains(&chat["state"].as_str().unwrap())).count()
}

#[test]
fn without_demand_nothing_starts_not_after_a_restore_either() {
    let world = World::new();
    let chats = crowd(&world, CHATS, &["count runs"]);
    let dispatcher = world.dispatcher();
    // It has worked when one of them is served.
    world.answer(&chats[0], "hello");
    assert_eq!(world.runs("runs").len(), 1, "only the one that was written to");
    assert!(in_states(&world, &["dormant"]) >= CHATS - 1);
    submit(
        &world,
        chats[1..].iter().map(|chat| ChatCommand::Send { chat: number(chat), text: "hello".into() }),
    );
    let said = world.ok(&["service", "purge-chats"]);
    assert!(said.contains("200 chats"), "{said}");
    world.until_nothing_lives();
    let runs = world.runs("runs").len();
    let mut words = vec!["chat", "restore"];
    words.extend(chats.iter().map(String::as_str));
    world.ok(&words);
    assert_eq!(dispatcher.stop(), 0);
    let _dispatcher = world.dispatcher();
    world.answer(&chats[0], "and again");
    assert_eq!(world.runs("runs").len(), runs + 1, "only the one that was written to");
    assert!(in_states(&world, &["dormant"]) >= CHATS - 1);
}

#[test]
fn with_demand_all_are_served_and_never_more_at_once_than_may() {
    let mut world = World::new();
    world.set("WG_CHAT_MAX_LIVE", &AT_ONCE.to_string());
    world.set("WG_CHAT_LINGER", "60s");
    let many = if std::env::var_os("WG_LONG").is_some() { CHATS } else { 40 };
    let chats = crowd(&world, many, &["count runs"]);
    submit(&world, chats.iter().map(|chat| ChatCommand::Send { chat: number(chat), text: "hello".into() }));
    let _dispatcher = world.dispatcher();
    let mut most = 0;
    wait_until("all to be answered", || {
        let mut marks: Vec<String> = world
            .agents()
            .iter()
            .filter_map(|agent| agent.variable("WG_ATTEMPT").map(str::to_owned))
            .collect();
        marks.sort();
        marks.dedup();
        most = most.max(marks.len());
        let listed = world.json(&["chat", "list"]);
        let waiting: u64 =
            listed["chats"].as_array().unwrap().iter().map(|chat| chat["waiting"].as_u64().unwrap()).sum();
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
    });
    assert!((2..=AT_ONCE).contains(&most), "{most} handlers at once");
    assert_eq!(world.runs("runs").len(), many, "one start each");
    for chat in &chats {
        assert_eq!(world.answered(chat), [1], "{chat}");
    }
}
