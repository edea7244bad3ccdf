//! A dispatcher that dies: the same process goes on, no message is lost, none is answered twice, no two handlers run
//! at once, and nothing is left.

use std::fs::File;

use rustix::process::Signal;
use testkit::wait_until;

use crate::proofs;
use crate::world::{World, count};

#[test]
fn a_live_handler_is_taken_up_with_its_turn() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    let chat = world.chat(&["count runs", "chat deliveries given", "chat deltas 2", "chat hold go"]);
    let message = world.send(&chat, "hello");
    let dispatcher = world.dispatcher();
    world.until(&chat, "a turn", |record| record["answering"] == message);
    wait_until(
        "the message to be there",
        || if world.given("given").is_empty() { Err("no") } else { Ok(()) },
    );
    dispatcher.kill();
    // It answers while nobody listens.
    world.touch("go");
    let dispatcher = world.dispatcher();
    world.until(&chat, "the answer", |record| record["waiting"] == 0);
    assert_eq!((world.answered(&chat), world.given("given").len()), (vec![message], 1), "given once");
    assert_eq!(world.answer(&chat, "and now?"), "echo: and now?");
    assert_eq!(world.runs("runs").len(), 1, "the same process");
    assert!(world.log().contains("goes on: adopted"), "{}", world.log());
    dispatcher.kill();
}

#[test]
fn what_a_handler_said_last_counts_though_only_doctor_records_its_end() {
    // It leaves by itself once it has answered; or it is still there, and its shim is killed.
    for (then, how, failures) in [("chat exit 0", "no work", 0), ("chat tools 1", "lost", 1)] {
        let mut world = World::new();
        world.set("WG_STOP_GRACE", "200ms");
        let chat =
            world.chat(&["chat deliveries given", "chat first 1 held hold go", "chat answer late", then]);
        let dispatcher = world.dispatcher();
        let message = world.send(&chat, "hello");
        world.until(&chat, "a turn", |record| record["answering"] == message);
        wait_until("the message to be there", || match world.given("given").len() {
            1 => Ok(()),
            given => Err(given),
        });
        let shim = wait_until("the shim's number to be recorded", || {
            world.attempts()[0]["pid"].as_u64().ok_or("not yet")
        });
        dispatcher.kill();
        world.touch("go");
        let said = world.graph().join("attempts/agent-1/events.jsonl");
        wait_until("the answer to be said", || {
            let said = std::fs::read_to_string(&said).unwrap();
            if said.contains("late") { Ok(()) } else { Err(said) }
        });
        if how == "lost" {
            assert!(world.marks().signal(u32::try_from(shim).unwrap(), Signal::KILL));
        }
        let found = wait_until("the end to be found", || {
            let found = world.wg(&["doctor"]);
            if found.stdout.contains("agent-1 (.chat-1)") { Ok(found.stdout) } else { Err(found.stdout) }
        });
        assert!(world.answered(&chat).is_empty(), "looking takes nothing in: {found}");
        world.ok(&["doctor", "--fix"]);
        assert_eq!((world.answered(&chat), world.ends(&chat)), (vec![message], vec![how.to_owned()]));
        let record = world.record(&chat);
        assert_eq!((record["waiting"].as_u64(), record["failures"].as_u64()), (Some(0), Some(failures)));
        world.until_written_down(&chat);
        world.ok(&["doctor"]);
        // Nor is anything of it taken in, or given, by the next dispatcher.
        let dispatcher = world.dispatcher();
        world.send(&chat, "and?");
        world.until(&chat, "the next answer", |record| record["waiting"] == 0);
        let given: Vec<u64> = world.given("given").iter().map(|given| given.message).collect();
        assert_eq!((given.len(), world.answered(&chat)), (2, given), "each given and answered once");
        dispatcher.kill();
    }
}

#[test]
fn a_restart_keeps_handlers_and_a_stop_lets_them_go() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    let chat = world.chat(&["count runs"]);
    world.ok(&["service", "start"]);
    assert_eq!(world.answer(&chat, "one"), "echo: one");
    world.ok(&["service", "restart"]);
    assert_eq!(world.answer(&chat, "two"), "echo: two");
    assert_eq!(world.runs("runs").len(), 1);
    world.ok(&["service", "stop"]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
    assert_eq!(world.state(&chat), "dormant");
    assert_eq!(world.record(&chat)["failures"], 0);
}

#[test]
fn a_dispatcher_killed_at_every_moment_of_a_conversation_loses_and_doubles_nothing() {
    let world = World::new();
    let chat = |n| world.chat(&[&format!("chat deliveries given-{n}"), "chat deltas 2", "chat tools 1"]);
    let chats: Vec<String> = (0..2).map(chat).collect();
    // The first process of a handler is the shell that becomes the agent: one at a time.
    proofs::a_dispatcher_dies_at_every_moment(&world, &chats, "and?", count(200), |_| true);
    for (n, chat) in chats.iter().enumerate() {
        let given: Vec<u64> = world.given(&format!("given-{n}")).iter().map(|given| given.message).collect();
        assert_eq!(given, proofs::numbers_of(&world, chat, "message", "number"), "each was told once");
    }
}

#[test]
fn a_lock_that_something_foreign_holds_is_shown_and_starts_no_loop() {
    let world = World::new();
    let chat = world.chat(&["count runs"]);
    let folder = world.graph().join("attempts/agent-1");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let _dispatcher = world.dispatcher();
    let mut sent = vec![world.send(&chat, "hello")];
    let status = wait_until("it to be shown", || {
        let status = world.json(&["service", "status"]);
        match status.to_string().contains("\"unknown\":[{") {
            true => Ok(status),
            false => Err(status),
        }
    });
    assert!(status.to_string().contains("agent-1"), "{status}");
    let tried = || {
        let log = world.log();
        let times = |what: &str| log.matches(what).count();
        (times("starts on"), times("it can't be told whether it lives"))
    };
    assert_eq!(tried(), (1, 1), "{}", world.log());
    // Whatever happens meanwhile is no reason to try again: each time the dispatcher has looked at everything.
    for there in 1..=3 {
        sent.push(world.send(&chat, "still there?"));
        let attached = world.attach(&chat);
        world.until(&chat, "somebody to be seen there", |record| record["attached"] == 1);
        drop(attached);
        world.until(&chat, "nobody to be seen there", |record| record["attached"] == 0);
        assert_eq!(tried(), (1, 1), "after {there}: {}", world.log());
        // Nor is it looked at just now.
        let status = world.json(&["service", "status"]);
        assert_eq!(status["unknown"][0]["attempt"], "agent-1", "after {there}: {status}");
    }
    assert_eq!((world.runs("runs").len(), world.attempts().len()), (0, 1), "one attempt, and no other");
    // Free again, it is judged anew.
    drop(lock);
    world.until(&chat, "the answers", |record| record["waiting"] == 0);
    assert_eq!((world.runs("runs").len(), world.answered(&chat)), (1, sent));
    // By whoever waits for the lock, and not because a start takes too long.
    let log = world.ok(&["log", &format!(".{chat}")]);
    assert!(!log.contains("not ready"), "{log}");
}
