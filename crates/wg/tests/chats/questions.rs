//! What a handler asks: in a terminal, by a command, by nobody; and what a killed dispatcher leaves of it.

use rustix::process::Signal;
use testkit::{Terminal, write_program};

use crate::world::World;

/// An agent of the Agent Client Protocol that asks before each answer, and answers with what it was told.
const ASKS: &str = r#"#!/bin/sh
said() { printf '%s\n' "$1"; }
while read -r line; do
    case $line in
        *'"method":"initialize"'*)
            said '{"jsonrpc":"2.0","id":"wg-initialize","result":{"protocolVersion":1,"agentCapabilities":{}}}' ;;
        *'"method":"session/new"'*)
            said '{"jsonrpc":"2.0","id":"wg-session-new","result":{"sessionId":"s-1"}}' ;;
        *'"method":"session/prompt"'*)
            prompt=${line#*wg-prompt-}
            prompt=${prompt%%\"*}
            said '{"jsonrpc":"2.0","id":41,"method":"session/request_permission","params":{"sessionId":"s-1","toolCall":{"toolCallId":"c","kind":"execute","title":"touch made","rawInput":{"command":"touch made"}},"options":[{"optionId":"once","kind":"allow_once","name":"Allow once"},{"optionId":"no","kind":"reject_once","name":"Reject"}]}}' ;;
        *'"id":41'*)
            echo "$line" >>told
            case $line in *'"optionId":"once"'*) text=allowed ;; *'"optionId":"no"'*) text=refused ;; *) text=cancelled ;; esac
            said '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s-1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"'$text'"}}}}'
            said '{"jsonrpc":"2.0","id":"wg-prompt-'"$prompt"'","result":{"stopReason":"end_turn"}}' ;;
    esac
done
"#;

/// A chat that is served by it.
fn asking() -> (World, String) {
    let world = World::new();
    let agent = world.path("asks");
    write_program(&agent, ASKS);
    world.ok(&["config", "set", "acp.command", agent.to_str().unwrap()]);
    let chat = world.ok(&["chat", "create", "--adapter", "acp"]).trim().to_owned();
    (world, chat)
}

fn attached(world: &World, chat: &str, columns: u16) -> Terminal {
    let mut command = world.command(env!("CARGO_BIN_EXE_wg"));
    command.args(["chat", "attach", chat]);
    let terminal = Terminal::start(command, columns);
    world.until(chat, "somebody to be there", |record| record["attached"] == 1);
    terminal
}

/// What was asked and answered, as the history has it.
fn permissions(world: &World, chat: &str) -> Vec<(String, bool, String)> {
    let word = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = world.entries(chat);
    let asked = entries.iter().filter(|entry| entry["kind"] == "permission");
    asked.map(|entry| (word(entry, "answer"), entry["allowed"] == true, word(entry, "by"))).collect()
}

#[test]
fn who_is_attached_is_asked_and_what_he_types_is_the_answer() {
    let (world, chat) = asking();
    let _dispatcher = world.dispatcher();
    for columns in [80, 20] {
        let mut terminal = attached(&world, &chat, columns);
        terminal.press("do it\r");
        let record = world.until(&chat, "a question", |record| record["needs_you"] == true);
        assert_eq!(record["questions"][0]["what"], "run touch made");
        terminal.until("type the number");
        let shown = world.ok(&["chat", "show", &chat]);
        assert!(shown.contains("1 Allow once  2 Reject"), "{shown}");
        terminal.press("1\r");
        world.until(&chat, "the answer", |record| record["waiting"] == 0);
        terminal.press("\u{4}");
        assert!(terminal.left().success());
    }
    let yes = ("Allow once".to_owned(), true, "user:tester".to_owned());
    assert_eq!(permissions(&world, &chat), [yes.clone(), yes]);
    assert_eq!(world.runs("told").len(), 2, "each question was answered once");
    world.until_at_rest(&chat);
}

#[test]
fn where_nobody_is_there_it_is_refused_and_the_history_tells_why() {
    let (world, chat) = asking();
    let _dispatcher = world.dispatcher();
    // Somebody who only writes, and a program that is attached.
    assert_eq!(world.answer(&chat, "one"), "refused");
    let program = world.attach(&chat);
    assert_eq!(world.answer(&chat, "two"), "refused");
    drop(program);
    let by: Vec<bool> = permissions(&world, &chat)
        .iter()
        .map(|(_, allowed, by)| !allowed && by.starts_with("dispatcher@"))
        .collect();
    assert_eq!(by, [true, true]);
    let told = world.ok(&["chat", "history", &chat]);
    assert!(told.contains("run touch made: Reject (nobody was there to ask)"), "{told}");
}

#[test]
fn a_question_outlives_a_killed_dispatcher_and_is_answered_from_anywhere() {
    let (world, chat) = asking();
    let dispatcher = world.dispatcher();
    let terminal = attached(&world, &chat, 80);
    world.send(&chat, "do it");
    terminal.until("? run touch made");
    dispatcher.kill();
    let refused = world.fails(1, &["chat", "answer", &chat, "7"]);
    assert!(refused.contains("there is no choice 7") && refused.contains("2 Reject"), "{refused}");
    assert_eq!(
        world.ok(&["chat", "answer", &chat, "2"]),
        format!("{chat} is told: run touch made: Reject\n")
    );
    let again = world.fails(1, &["chat", "answer", &chat, "1"]);
    assert!(again.contains("asks nothing just now"), "{again}");
    let _dispatcher = world.dispatcher();
    terminal.until("refused");
    world.until(&chat, "the answer", |record| record["waiting"] == 0);
    assert_eq!(world.answered(&chat), [1]);
    assert_eq!(permissions(&world, &chat).len(), 1);
}

#[test]
fn an_interrupt_leaves_no_question_open() {
    let (world, chat) = asking();
    let _dispatcher = world.dispatcher();
    let mut terminal = attached(&world, &chat, 80);
    terminal.press("do it\r");
    terminal.until("? run touch made");
    terminal.press("\u{3}");
    world.until(&chat, "nothing to be asked", |record| {
        record["questions"].is_null() && record["waiting"] == 0
    });
    assert!(world.runs("told")[0].contains("cancelled"), "{:?}", world.runs("told"));
}

#[test]
fn who_suspends_the_terminal_is_not_there_until_he_comes_back() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    let chat = world.chat(&[]);
    let _dispatcher = world.dispatcher();
    let mut terminal = attached(&world, &chat, 80);
    world.until_state(&chat, "live");
    terminal.press("\u{1a}");
    world.until_state(&chat, "lingering");
    assert_eq!(world.record(&chat)["attached"], 0);
    terminal.signal(Signal::CONT);
    world.until(&chat, "somebody to be there again", |record| record["attached"] == 1);
    world.until_state(&chat, "live");
    terminal.press("hello\r");
    terminal.until("echo: hello");
    terminal.press("\u{4}");
    assert!(terminal.left().success());
}
