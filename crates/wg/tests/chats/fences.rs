//! What a handler says counts only as long as it serves: after a stop, an archive or a purge nothing that it writes
//! changes anything (`chats.md`, *Proof*, 8).

use std::fs;

use testkit::wait_until;

use crate::world::World;

/// In its turn, told to leave, it answers all the same, and does what it can through its door.
const LATE: [&str; 7] = [
    "chat deaf",
    "chat finish",
    "chat hold never",
    "chat tools 1",
    "chat try wg chat create --command late >>said 2>&1; wg chat send 2 'from the grave' >>said 2>&1",
    "chat answer too late",
    "chat run touch tried",
];

#[test]
fn a_handler_that_was_told_to_leave_can_not_write_any_more() {
    for verb in [
        &["service", "purge-chats", "--keep", "chat-2"][..],
        &["chat", "archive", "1"],
        &["chat", "stop", "1"],
    ] {
        let world = World::new();
        let (chat, other) = (world.chat(&LATE), world.chat(&[]));
        let _dispatcher = world.dispatcher();
        let message = world.send(&chat, "hello");
        world.until(&chat, "a turn", |record| record["answering"] == message);
        let before = world.entries(&chat);
        world.ok(verb);
        wait_until("it to have tried", || match world.path("tried").exists() {
            true => Ok(()),
            false => Err("not yet"),
        });
        world.until_nothing_lives();
        let said = fs::read_to_string(world.path("said")).unwrap_or_default();
        let chats = world.json(&["chat", "list", "--all"])["chats"].as_array().unwrap().len();
        assert_eq!(chats, 2, "{verb:?}: it made a chat: {said}");
        assert!(world.entries(&other).is_empty(), "{verb:?}: it wrote to {other}: {said}");
        let entries = world.entries(&chat);
        assert!(
            entries.iter().all(|entry| entry["kind"] != "answer" && entry["kind"] != "tool"),
            "{verb:?}: {entries:#?}"
        );
        assert_eq!(entries[..before.len()], before[..]);
        let events = fs::read_to_string(world.graph().join("attempts/agent-1/events.jsonl")).unwrap();
        assert!(events.contains("too late"), "it did answer: {events}");
        assert_eq!(world.record(&chat)["usage"], serde_json::json!({}));
        let text = String::from_utf8(world.until_written_down(&chat)).unwrap();
        assert!(!text.contains("too late"), "{text}");
    }
}
