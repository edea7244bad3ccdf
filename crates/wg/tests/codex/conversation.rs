//! A conversation that outlives its handlers, and the dispatcher's.

use rustix::process::Signal;
use testkit::wait_until;

use crate::World;

#[test]
fn five_turns_go_on_in_one_conversation_whatever_dies_between() {
    let Some(world) = World::new() else { return };
    world.wg.ok(&["config", "set", "chat.linger", "1s"]);
    let dispatcher = world.wg.dispatcher();

    assert_eq!(world.asks("one"), "answer to: one");
    let first = world.chat();
    let used = |name: &str| first["usage"][name].as_u64().unwrap_or_default();
    assert_eq!((used("input"), used("cache_read"), used("cache_write")), (1_200, 100, 7), "{first:#}");
    assert_eq!((used("output"), used("reasoning")), (34, 5), "{first:#}");

    // The agent works on the graph with `wg`, out of its sandbox.
    world.asks("two\n#tool wg add Found --id found");
    world.wg.ok(&["show", "found"]);
    let tools = world.entries_of("tool");
    assert_eq!(tools.len(), 1, "{tools:#?}");
    assert_eq!(
        (&tools[0]["name"], &tools[0]["detail"]),
        (&"shell".into(), &"wg add Found --id found".into())
    );
    // Two calls more of the same size. What it tells is a sum over the whole conversation.
    assert_eq!(world.chat()["usage"]["input"], 3_600);

    let calls = world.model.calls();
    world.sends("three #slow");
    world.until_called(calls + 1);
    world.until("a turn", |chat| chat["answering"].is_u64());
    world.wg.ok(&["chat", "interrupt", "chat-1"]);
    let ended = wait_until("the end of the turn", || match world.entries_of("turn-ended").as_slice() {
        [ended] => Ok(ended.clone()),
        _ => Err(format!("{:#?} {:#}", world.entries(), world.chat())),
    });
    assert_eq!(ended["why"], "interrupted");
    world.until_asleep();
    assert_eq!((world.chat()["failures"].clone(), world.chat()["waiting"].clone()), (0.into(), 0.into()));

    // The next handler goes on in the same conversation.
    let before = world.chat();
    assert_eq!(world.asks("four"), "answer to: four");
    let heard = world.model.last_heard();
    for said in ["user: one", "assistant: answer to: one", "user: three #slow", "user: four"] {
        assert!(heard.iter().any(|line| line.trim() == said), "{said} is not in {heard:#?}");
    }
    let after = world.chat();
    assert_eq!(after["session"], before["session"]);
    assert_eq!(after["handlers"].as_u64().unwrap(), before["handlers"].as_u64().unwrap() + 1);
    assert_eq!(after["usage"]["input"], 4_800, "what the earlier handler used counts once");

    // The dispatcher dies in the middle of a turn: the handler goes on, and its answer counts once.
    let calls = world.model.calls();
    world.sends("five #slow");
    world.until_called(calls + 1);
    let handlers = world.chat()["handlers"].clone();
    dispatcher.kill();
    world.model.go_on(true);
    let dispatcher = world.wg.dispatcher();
    assert_eq!(world.until_answered(4)["text"], "answer to: five #slow");
    assert_eq!(world.chat()["handlers"], handlers, "it was taken over");

    let history = world.wg.graph().join("chat/chat-1/history.jsonl");
    let purged = world.wg.wg(&["service", "purge-chats"]);
    assert_eq!(purged.code, 0, "{purged:#?}");
    assert_eq!(world.programs(), [] as [u32; 0]);
    assert_eq!(world.chat()["state"], "archived");
    let lines = std::fs::read_to_string(&history).unwrap().lines().count();
    assert_eq!(lines, world.entries().len());
    assert_eq!(dispatcher.stop(), 0);
    let _dispatcher = world.wg.dispatcher();
    assert_eq!(world.chat()["state"], "archived");
    assert_eq!(world.programs(), [] as [u32; 0]);
}

#[test]
fn a_turn_of_a_handler_that_was_taken_over_can_be_interrupted() {
    let Some(world) = World::new() else { return };
    let dispatcher = world.wg.dispatcher();
    world.sends("one #slow");
    world.until_called(1);
    let handlers = world.chat()["handlers"].clone();
    dispatcher.kill();
    // Nobody tells the new dispatcher by what name the program knows this turn.
    let _dispatcher = world.wg.dispatcher();
    world.until("a turn", |chat| chat["answering"].is_u64());
    world.wg.ok(&["chat", "interrupt", "chat-1"]);
    let ended = wait_until("the end of the turn", || match world.entries_of("turn-ended").as_slice() {
        [ended] => Ok(ended.clone()),
        _ => Err(format!("{:#?} {:#}", world.entries(), world.chat())),
    });
    assert_eq!(ended["why"], "interrupted");
    world.model.go_on(true);
    assert_eq!(world.asks("two"), "answer to: two");
    assert_eq!(world.chat()["handlers"], handlers, "it was taken over");
}

#[test]
fn a_message_whose_handler_was_killed_is_given_again_and_says_so() {
    let Some(world) = World::new() else { return };
    let _dispatcher = world.wg.dispatcher();
    world.asks("one");
    let calls = world.model.calls();
    world.sends("two #slow");
    world.until_called(calls + 1);
    for pid in world.programs() {
        world.wg.marks().signal(pid, Signal::KILL);
    }
    world.model.go_on(true);
    world.until_answered(2);
    let heard = world.model.last_heard();
    assert!(heard.iter().any(|line| line == "assistant: answer to: one"), "{heard:#?}");
    let again = heard.last().unwrap();
    assert!(again.contains("given to you before") && again.ends_with("two #slow"), "{again}");
    assert_eq!((world.chat()["failures"].clone(), world.chat()["waiting"].clone()), (0.into(), 0.into()));
}

#[test]
fn a_conversation_that_is_gone_begins_anew() {
    let Some(world) = World::new() else { return };
    world.wg.ok(&["config", "set", "chat.linger", "100ms"]);
    let _dispatcher = world.wg.dispatcher();
    world.asks("one");
    let first = world.chat()["session"].clone();
    world.until_asleep();
    std::fs::remove_dir_all(world.wg.folder().join("home/.codex/sessions")).unwrap();
    assert_eq!(world.asks("two"), "answer to: two");
    let chat = world.chat();
    assert_ne!(chat["session"], first);
    assert_eq!((chat["handlers"].clone(), chat["failures"].clone()), (2.into(), 0.into()), "{chat:#}");
    assert!(!world.model.last_heard().iter().any(|line| line.contains("answer to: one")));
}
