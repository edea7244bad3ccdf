//! Chats without a dispatcher: made, written to, stopped, archived, taken over. Nothing of it starts anything.

use std::fs;

use testkit::Environment;

use crate::world;

fn with_chat() -> Environment {
    let world = world();
    world.ok(&["chat", "create", "Plans", "--command", "serve"]);
    world
}

#[test]
fn a_chat_is_made_and_is_a_task_of_its_own_kind() {
    let world = with_chat();
    let listed = world.ok(&["chat", "list"]);
    assert!(listed.contains("chat-1") && listed.contains("Plans") && listed.contains("dormant"), "{listed}");
    assert!(world.ok(&["list"]).contains(".chat-1  chat: dormant"), "{}", world.ok(&["list"]));
    let said = world.wg(&["chat", "create", "Other"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.starts_with("error: ") && said.stderr.contains("hint: "), "{said:?}");
    // What is for work names the verb to use.
    for (words, hint) in [
        (&["claim", ".chat-1"][..], "wg chat show chat-1"),
        (&["retry", ".chat-1"], "wg chat restore chat-1"),
        (&["abandon", ".chat-1"], "wg chat archive chat-1"),
        (&["edit", ".chat-1", "--title", "x"], "wg chat show chat-1"),
    ] {
        let said = world.wg(words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        assert!(said.stderr.contains(&format!("hint: {hint}")), "{words:?}: {said:?}");
    }
    world.ok(&["done", ".chat-1"]);
    assert!(world.ok(&["list"]).contains(".chat-1  done"));
}

#[test]
fn a_message_is_kept_and_written_down() {
    let world = with_chat();
    assert!(world.ok(&["chat", "send", "plans", "hello"]).contains("message 1 to chat-1"));
    let waits = world.wg(&["chat", "send", "1", "and?", "--wait"]);
    assert_eq!(waits.code, 75, "{waits:?}");
    assert!(waits.stderr.contains("hint: wg service start"), "{waits:?}");
    let history = fs::read_to_string(world.graph().join("chat/chat-1/history.jsonl")).unwrap();
    let numbers: Vec<&str> = history.lines().map(|line| &line[..12]).collect();
    assert_eq!(numbers, ["{\"number\":1,", "{\"number\":2,"]);
    world.ok(&["chat", "archive", "1"]);
    let refused = world.wg(&["chat", "send", "1", "more"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (1, "error: chat-1 is archived\nhint: wg chat restore chat-1\n")
    );
    world.ok(&["chat", "restore", "1"]);
    let shown = world.json(&["chat", "show", "1"]);
    assert_eq!(
        (shown["chat"]["waiting"].as_u64(), shown["chat"]["set_aside"].as_u64()),
        (Some(0), Some(2)),
        "{shown}"
    );
}

#[test]
fn a_purge_is_one_operation_twice_is_nothing_and_undo_restores() {
    let world = with_chat();
    world.ok(&["chat", "create", "Second", "--command", "serve"]);
    assert!(world.ok(&["service", "purge-chats", "--dry-run"]).contains("2 chats"));
    let told = world.ok(&["service", "purge-chats"]);
    assert!(
        told.lines().next().is_some_and(|line| line.contains("2 chats") && line.contains("wg chat restore")),
        "{told}"
    );
    let again = world.wg(&["service", "purge-chats"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(format!("{}{}", again.stdout, again.stderr).contains("nothing to purge"), "{again:?}");
    world.ok(&["undo"]);
    assert_eq!(world.ok(&["chat", "list"]).matches("dormant").count(), 2);
    world.ok(&["chat", "stop", "2"]);
    assert!(world.ok(&["chat", "list"]).contains("held"));
    world.ok(&["service", "archive-all-chats", "--keep", "1"]);
    assert!(world.ok(&["chat", "list"]).contains("Plans"));
}

#[test]
fn what_an_older_program_left_is_taken_over_once() {
    let world = with_chat();
    let service = world.graph().join("service");
    fs::create_dir_all(&service).unwrap();
    fs::write(service.join("coordinator-state-7.json"), r#"{"enabled":true,"executor":"claude"}"#).unwrap();
    fs::write(service.join("coordinator-state-1.json"), "{").unwrap();
    assert!(world.ok(&["doctor"]).contains("an older program left chats"));
    let told = world.ok(&["migrate", "chat-rename"]);
    assert!(told.contains("chat-7 is made, archived") && told.contains("chat-1 is dormant here"), "{told}");
    assert!(service.join("coordinator-state-7.json.migrated").exists());
    assert_eq!(world.ok(&["migrate", "chat-rename"]), "");
    assert!(world.ok(&["chat", "list", "--all"]).contains("chat-7"));
}
