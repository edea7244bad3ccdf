//! Demand: a handler lives while somebody consumes its chat, and no longer (`chats.md`, *Demand*).

use testkit::wait_until;

use crate::world::World;

#[test]
fn a_handler_whose_consumer_leaves_ends_once_and_the_next_message_finds_the_same_conversation() {
    let world = World::new();
    let chat = world.chat(&["count runs", "chat session s-1", "chat hello hellos", "chat deliveries given"]);
    let _dispatcher = world.dispatcher();
    let attached = world.attach(&chat);
    let live = world.until_state(&chat, "live");
    assert_eq!(live["attached"], 1);
    assert_eq!(world.answer(&chat, "first"), "echo: first");
    // Somebody is there: nothing of it is over.
    assert_eq!(world.state(&chat), "live");
    drop(attached);
    world.until_at_rest(&chat);
    world.until_nothing_lives();
    assert_eq!(world.runs("runs").len(), 1, "it was started once");
    assert_eq!(world.ends(&chat), ["cancelled"], "{}", world.log());
    assert_eq!(world.record(&chat)["failures"], 0, "leaving is no failure");

    assert_eq!(world.answer(&chat, "second"), "echo: second");
    world.until_at_rest(&chat);
    world.until_nothing_lives();
    assert_eq!(world.runs("runs").len(), 2);
    let hellos: Vec<serde_json::Value> =
        world.runs("hellos").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(hellos[0]["session"], serde_json::Value::Null);
    assert_eq!(hellos[1]["session"], "s-1", "it goes on in the same conversation");
    let given = world.given("given");
    assert_eq!(given.len(), 2);
    assert_ne!(given[0].process, given[1].process);
    assert!(given.iter().all(|given| !given.again), "{given:?}");
    world.until_written_down(&chat);
}

#[test]
fn a_consumer_that_comes_back_in_time_finds_the_same_process() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    let chat = world.chat(&["count runs"]);
    let _dispatcher = world.dispatcher();
    let attached = world.attach(&chat);
    world.until_state(&chat, "live");
    drop(attached);
    world.until_state(&chat, "lingering");
    let attached = world.attach(&chat);
    let back = world.until_state(&chat, "live");
    assert_eq!((back["handlers"].as_u64(), world.runs("runs").len()), (Some(1), 1));
    drop(attached);
    // It stays for a message, too.
    world.until_state(&chat, "lingering");
    assert_eq!(world.answer(&chat, "still there?"), "echo: still there?");
    assert_eq!(world.runs("runs").len(), 1);
}

#[test]
fn a_ping_is_a_consumer_and_a_look_is_none() {
    let world = World::new();
    let chat = world.chat(&["count runs"]);
    let _dispatcher = world.dispatcher();
    world.ok(&["chat", "show", &chat]);
    world.ok(&["chat", "list"]);
    world.ok(&["chat", "history", &chat]);
    world.ok(&["service", "status"]);
    assert_eq!((world.state(&chat).as_str(), world.runs("runs").len()), ("dormant", 0));
    assert_eq!(world.record(&chat)["last_consumer_at"], serde_json::Value::Null);
    wg_dispatch::control::client::ping_chat(&world.graph(), crate::world::number(&chat)).unwrap();
    world.until_state(&chat, "live");
    let noted =
        wait_until("the ping to be noted", || match world.record(&chat)["last_consumer_at"].clone() {
            serde_json::Value::Null => Err("not yet"),
            noted => Ok(noted),
        });
    assert!(noted.is_string());
    // None of it is an operation.
    let operations = world.ok(&["op", "log"]);
    assert!(!operations.contains("consumed"), "{operations}");
}

#[test]
fn when_all_are_taken_the_one_that_nobody_wants_makes_room() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    world.set("WG_CHAT_MAX_LIVE", "1");
    let (one, other) = (world.chat(&[]), world.chat(&[]));
    let _dispatcher = world.dispatcher();
    let wanted = world.attach(&one);
    world.until_state(&one, "live");
    let message = world.send(&other, "and me?");
    let queued = world.until_state(&other, "queued");
    assert!(queued["why"].as_str().unwrap().contains("slot"), "{queued}");
    assert_eq!(world.state(&one), "live", "a wanted one is not sent away");
    drop(wanted);
    wait_until("the other to be answered", || match world.answered(&other) {
        answered if answered == [message] => Ok(()),
        answered => Err(format!("{answered:?}")),
    });
    assert_eq!(world.state(&one), "dormant");
}
