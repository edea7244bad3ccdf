//! A conversation that outlives its handlers, and the dispatcher's.

use std::time::SystemTime;

use rustix::process::Signal;
use testkit::wait_within;

use crate::{Agent, LONG, World};

#[test]
fn opencode_goes_on_in_one_conversation_whatever_dies_between() {
    let Some(world) = World::new(Agent::Opencode) else { return };
    let first = five_turns(&world);
    assert_eq!((&first["usage"]["cache_read"], &first["usage"]["output"]), (&100.into(), &34.into()));
    assert_eq!((&first["usage"]["input"], &first["usage"]["cost_micros"]), (&1_200.into(), &1_278.into()));
}

#[test]
fn gemini_goes_on_in_one_conversation_whatever_dies_between() {
    let Some(world) = World::new(Agent::Gemini) else { return };
    let first = five_turns(&world);
    // It does not tell what was read from a cache, nor what it cost.
    assert_eq!((&first["usage"]["input"], &first["usage"]["output"]), (&1_300.into(), &34.into()));
}

/// Gives the chat as it was after the first of them.
fn five_turns(world: &World) -> serde_json::Value {
    // On a busy machine a second may pass between two messages that one handler is to answer.
    world.wg.ok(&["config", "set", "chat.linger", "60s"]);
    world.wg.ok(&["add", "Dig", "--id", "dig"]);
    let dispatcher = world.wg.dispatcher();

    assert_eq!(world.asks("one"), "answer to: one");
    let first = world.chat();
    let began = minute();

    // The agent works on the graph with `wg`, without being asked; what else it tries it may not.
    let two = "two\n#tool wg add Found --id found\n#tool touch forbidden";
    assert_eq!(world.asks(two), format!("answer to: {two}"));
    world.wg.ok(&["show", "found"]);
    assert!(!world.wg.path("forbidden").exists());
    let tools = world.entries_of("tool");
    let tools: Vec<_> = tools.iter().map(|tool| (&tool["name"], tool["detail"].as_str().unwrap())).collect();
    let named = &"execute".into();
    assert_eq!(tools, [(named, "wg add Found --id found"), (named, "touch forbidden")]);

    let calls = world.model.calls();
    world.sends("three #slow");
    world.until_called(calls + 1);
    world.until("a turn", |chat| chat["answering"].is_u64());
    // While it answers: one that has nothing to do would be let go at once, and another go on within the first minute.
    world.wg.ok(&["config", "set", "chat.linger", "1s"]);
    world.wg.ok(&["service", "reload"]);
    world.wg.ok(&["chat", "interrupt", "chat-1"]);
    let ended =
        wait_within(LONG, "the end of the turn", || match world.entries_of("turn-ended").as_slice() {
            [ended] => Ok(ended.clone()),
            _ => Err(format!("{:#?} {:#}", world.entries(), world.chat())),
        });
    assert_eq!(ended["why"], "interrupted");
    world.until_asleep();
    assert_eq!((world.chat()["failures"].clone(), world.chat()["waiting"].clone()), (0.into(), 0.into()));

    // Gemini CLI loses a conversation that is gone on with in the minute in which it began: the file that it then
    // begins has the same name.
    if world.agent == Agent::Gemini {
        wait_within(LONG, "another minute", || if minute() > began { Ok(()) } else { Err(minute()) });
    }
    // The next handler goes on in the same conversation, and nothing of what was said is said again.
    let before = world.chat();
    let said = world.entries().len();
    assert_eq!(world.asks("four"), "answer to: four");
    assert_eq!(world.entries().len(), said + 2, "{:#?}", world.entries());
    let heard = world.model.last_heard();
    for said in ["user: one", "assistant: answer to: one", "user: four"] {
        assert!(heard.iter().any(|line| line.trim() == said), "{said} is not in {heard:#?}");
    }
    let after = world.chat();
    assert_eq!(after["session"], before["session"]);
    assert!(after["handlers"].as_u64().unwrap() > before["handlers"].as_u64().unwrap());

    // The dispatcher dies in the middle of a turn: the handler goes on, and its answer counts once.
    let calls = world.model.calls();
    world.sends("five #slow");
    world.until_called(calls + 1);
    let handlers = world.chat()["handlers"].clone();
    dispatcher.kill();
    world.model.go_on(true);
    let dispatcher = world.wg.dispatcher();
    wait_within(LONG, "the answer", || match world.entries_of("answer").pop() {
        Some(answer) if answer["text"] == "answer to: five #slow" => Ok(()),
        other => Err(format!("{other:#?} {:#}", world.chat())),
    });
    assert_eq!(world.entries_of("answer").len(), 4);
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
    first
}

/// Of the clock, since 1970.
#[expect(clippy::disallowed_methods, reason = "another program's use of the clock is waited out")]
fn minute() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 60
}

#[test]
fn a_message_whose_handler_was_killed_is_given_again_and_says_so() {
    let Some(world) = World::new(Agent::Opencode) else { return };
    let _dispatcher = world.wg.dispatcher();
    world.asks("one");
    let calls = world.model.calls();
    world.sends("two #slow");
    world.until_called(calls + 1);
    for pid in world.programs() {
        world.wg.marks().signal(pid, Signal::KILL);
    }
    world.model.go_on(true);
    wait_within(LONG, "the answer", || match world.entries_of("answer").len() {
        2 => Ok(()),
        _ => Err(format!("{:#?} {:#}", world.entries(), world.chat())),
    });
    let heard = world.model.last_heard();
    assert!(heard.iter().any(|line| line == "assistant: answer to: one"), "{heard:#?}");
    let again = heard.last().unwrap();
    assert!(again.contains("given to you before") && again.ends_with("two #slow"), "{again}");
    assert_eq!((world.chat()["failures"].clone(), world.chat()["waiting"].clone()), (0.into(), 0.into()));
}

#[test]
fn a_conversation_that_is_gone_begins_anew() {
    let Some(world) = World::new(Agent::Gemini) else { return };
    world.wg.ok(&["config", "set", "chat.linger", "100ms"]);
    let _dispatcher = world.wg.dispatcher();
    world.asks("one");
    let first = world.chat()["session"].clone();
    world.until_asleep();
    std::fs::remove_dir_all(world.wg.folder().join("home/.gemini/tmp")).unwrap();
    assert_eq!(world.asks("two"), "answer to: two");
    let chat = world.chat();
    assert_ne!(chat["session"], first);
    // Within the handler that found it gone.
    assert_eq!((chat["handlers"].clone(), chat["failures"].clone()), (2.into(), 0.into()), "{chat:#}");
    assert!(!world.model.last_heard().iter().any(|line| line.contains("answer to: one")));
}
