//! Handlers that fail: exactly the starts that the rules allow, then the chat gives up and says so.

use serde_json::Value;
use testkit::wait_until;

use crate::world::World;

/// So many failures, and a chat gives up.
const FAILURES: usize = 5;

/// Everything that a person or a program sees of a chat that gave up.
#[track_caller]
fn is_seen_to_have_given_up(world: &World, chat: &str, reason: &str) -> Value {
    let record = world.record(chat);
    assert_eq!((&record["state"], &record["needs_you"]), (&"gave-up".into(), &true.into()), "{record}");
    assert_eq!(record["hint"], format!("wg chat resume {chat}"));
    let why = record["why"].as_str().unwrap();
    assert!(why.contains(&format!("({reason})")), "{why}");
    let listed = world.ok(&["chat", "list"]);
    assert!(listed.contains("gave-up"), "{listed}");
    let status = world.ok(&["status"]);
    assert!(status.contains(chat) && status.contains("gave-up"), "{status}");
    let shown = world.ok(&["chat", "show", chat]);
    assert!(shown.contains(&format!("wg chat resume {chat}")), "{shown}");
    let said = world.fails(1, &["chat", "send", chat, "are you there?", "--wait", "--timeout", "60s"]);
    assert!(said.contains("gave up") && said.contains("wg chat resume"), "{said}");
    record
}

#[test]
fn an_agent_that_dies_at_once_is_started_five_times_then_the_chat_gives_up_for_good() {
    let world = World::new();
    let endings = ["exit 0", "exit 1", "exit 75", "crash SEGV"];
    let chats: Vec<(String, String)> = endings
        .iter()
        .enumerate()
        .map(|(n, ending)| {
            let (runs, last) = (format!("runs-{n}"), format!("say word {n}"));
            let agent = world.agent(&[format!("count {runs}").as_str(), last.as_str(), *ending]);
            (world.served_by(&format!("exec {agent}")), runs)
        })
        .collect();
    let dispatcher = world.dispatcher();
    // One of them under a forgotten window, the others for a message.
    let window = world.attach(&chats[0].0);
    for (chat, _) in &chats[1..] {
        world.send(chat, "hello");
    }
    for (chat, runs) in &chats {
        world.until_state(chat, "gave-up");
        assert_eq!(world.runs(runs).len(), FAILURES, "{chat}: {}", world.log());
        let record = is_seen_to_have_given_up(&world, chat, "failures");
        assert_eq!((record["failures"].as_u64(), record["handlers"].as_u64()), (Some(5), Some(5)));
        let shown = world.ok(&["chat", "show", chat]);
        assert!(shown.contains("word "), "the last lines of its output: {shown}");
    }
    world.until_nothing_lives();
    // It begins again neither with a new consumer nor with another dispatcher. That one has worked, once another
    // chat was served.
    drop(window);
    assert_eq!(dispatcher.stop(), 0);
    let dispatcher = world.dispatcher();
    let _window = world.attach(&chats[0].0);
    world.send(&chats[1].0, "now?");
    let good = world.chat(&[]);
    assert_eq!(world.answer(&good, "you?"), "echo: you?");
    for (chat, runs) in &chats {
        assert_eq!(world.runs(runs).len(), FAILURES, "{chat} was started again");
        is_seen_to_have_given_up(&world, chat, "failures");
    }
    let status = world.json(&["service", "status"]);
    world.until_at_rest(&good);
    assert_eq!(dispatcher.stop(), 0);
    drop(status);
    // A person's word is another chance.
    let (chat, runs) = &chats[1];
    world.ok(&["chat", "resume", chat]);
    let _dispatcher = world.dispatcher();
    wait_until("another start", || match world.runs(runs).len() {
        runs if runs > FAILURES => Ok(()),
        runs => Err(runs),
    });
}

#[test]
fn what_another_try_would_not_mend_gives_up_at_once() {
    let world = World::new();
    let plain = world.path("plain-file");
    std::fs::write(&plain, "not a program\n").unwrap();
    let agent = world.agent(&["count runs", "exit 127"]);
    let cases = [
        (world.served_by(&format!("exec {agent}")), "program"),
        (world.served_by(&format!("exec {}", world.agent(&["exit 126"]))), "program"),
        (world.served_by("exec ./is-not-there --serve"), "program"),
        (world.served_by(&format!("exec {}", plain.display())), "program"),
        (world.chat(&["chat at 0 unfit auth no key: set BOT_KEY"]), "auth"),
        (world.chat(&["chat unfit model no such model"]), "model"),
        (world.chat(&["chat error auth the key is bad"]), "auth"),
    ];
    let _dispatcher = world.dispatcher();
    for (chat, reason) in &cases {
        world.send(chat, "hello");
        world.until_state(chat, "gave-up");
        let record = is_seen_to_have_given_up(&world, chat, reason);
        assert_eq!((record["handlers"].as_u64(), record["waiting"].as_u64()), (Some(1), Some(1)), "{record}");
    }
    world.until_nothing_lives();
    assert_eq!(world.runs("runs").len(), 1);
    let record = world.record(&cases[4].0);
    assert!(record["why"].as_str().unwrap().contains("set BOT_KEY"), "{record}");
}

#[test]
fn a_program_that_comes_is_another_chance() {
    let world = World::new();
    let chat = world.served_by("exec ./bot");
    let _dispatcher = world.dispatcher();
    world.send(&chat, "hello");
    world.until_state(&chat, "gave-up");
    testkit::write_program(world.path("bot"), &format!("#!/bin/sh\n{}\n", world.handler(&[])));
    world.ok(&["service", "reload"]);
    wait_until("the kept message to be answered", || match world.answered(&chat).len() {
        1 => Ok(()),
        other => Err(format!("{other} {}", world.record(&chat))),
    });
}

#[test]
fn a_message_that_kills_three_handlers_is_set_aside_and_the_next_one_is_served() {
    let world = World::new();
    // The first three turns over all processes end in a death, each of another kind.
    let chat = world.chat(&[
        "chat deliveries given",
        "chat first 1 died-a exit 0",
        "chat first 1 died-b crash KILL",
        "chat first 1 died-c exit 9",
    ]);
    let (bad, good) = (world.send(&chat, "bad"), world.send(&chat, "good"));
    let _dispatcher = world.dispatcher();
    let record = world.until(&chat, "the second to be answered", |record| record["waiting"] == 0);
    assert_eq!((record["set_aside"].as_u64(), record["failures"].as_u64()), (Some(1), Some(0)), "{record}");
    let given: Vec<(u64, bool)> =
        world.given("given").iter().map(|given| (given.message, given.again)).collect();
    assert_eq!(given, [(bad, false), (bad, true), (bad, true), (good, false)]);
    assert_eq!(world.answered(&chat), [good]);
    // It is shown, and can be sent again.
    let shown = world.json(&["chat", "show", &chat]);
    assert_eq!(shown["open"][0]["state"], "set-aside", "{shown}");
    let said = world.ok(&["chat", "show", &chat]);
    assert!(said.contains(&format!("wg chat send {chat} --again {bad}")), "{said}");
    world.ok(&["chat", "send", &chat, "--again"]);
    wait_until("the first to be answered", || match world.answered(&chat) {
        answered if answered == [good, bad] => Ok(()),
        answered => Err(format!("{answered:?}")),
    });
    world.until_written_down(&chat);
}

#[test]
fn an_agent_that_dies_in_every_turn_is_given_up_with_its_messages_kept() {
    let world = World::new();
    let chat = world.chat(&["chat deliveries given", "chat exit 1"]);
    let messages: Vec<u64> = ["one", "two", "three"].iter().map(|text| world.send(&chat, text)).collect();
    let _dispatcher = world.dispatcher();
    let record = world.until_state(&chat, "gave-up");
    let given: Vec<u64> = world.given("given").iter().map(|given| given.message).collect();
    let [one, two, _] = messages[..] else { unreachable!() };
    assert_eq!(given, [one, one, one, two, two]);
    assert_eq!((record["set_aside"].as_u64(), record["waiting"].as_u64()), (Some(1), Some(2)), "{record}");
    world.until_nothing_lives();
    is_seen_to_have_given_up(&world, &chat, "failures");
}
