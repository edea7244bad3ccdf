//! What was archived comes back with its history, and nothing starts by that.

use testkit::wait_until;

use crate::world::World;

#[test]
fn a_restore_brings_the_history_back_and_starts_nothing() {
    let mut world = World::new();
    world.set("WG_CHAT_MAX_LIVE", "3");
    world.set("WG_CHAT_LINGER", "60s");
    let quiet = world.chat(&["count runs"]);
    let live = world.chat(&["count runs", "chat hold never"]);
    let lingering = world.chat(&["count runs"]);
    let draining = world.chat(&["ignore-term", "count runs", "chat stubborn"]);
    let queued = world.chat(&["count queued-runs"]);
    let held = world.chat(&["count held-runs"]);
    let gave_up = world.served_by("exec ./is-not-there");
    world.set("WG_STOP_GRACE", "200ms");
    let _dispatcher = world.dispatcher();
    world.ok(&["chat", "stop", &held]);
    let asked = world.send(&held, "kept");
    world.send(&gave_up, "hello");
    world.until_state(&gave_up, "gave-up");
    world.send(&live, "hello");
    world.until(&live, "a turn", |record| record["answering"].is_u64());
    world.answer(&draining, "hello");
    world.until_state(&draining, "lingering");
    world.answer(&lingering, "hello");
    world.until_state(&lingering, "lingering");
    // Room is made by the one that lingers longest, which does not obey.
    world.send(&queued, "hello");
    world.until_state(&draining, "draining");
    world.until_state(&queued, "queued");
    let seen: Vec<String> = [&quiet, &live, &lingering, &draining, &queued, &held, &gave_up]
        .iter()
        .map(|chat| world.state(chat))
        .collect();
    assert_eq!(seen, ["dormant", "live", "lingering", "draining", "queued", "held", "gave-up"]);

    let said = world.ok(&["service", "purge-chats"]);
    let first = said.lines().next().unwrap();
    assert!(first.contains("7 chats") && first.contains("wg chat restore"), "{said}");
    let all = [&quiet, &live, &lingering, &draining, &queued, &held, &gave_up];
    world.until_nothing_lives();
    assert!(world.runs("queued-runs").is_empty() && world.runs("held-runs").is_empty());
    // Again, and once more under its other name: nothing to do is no failure.
    for verb in ["purge-chats", "archive-all-chats"] {
        let again = world.ok(&["service", verb]);
        assert!(again.contains("nothing to purge"), "{again}");
    }
    let refused = world.fails(1, &["chat", "send", &quiet, "hello?"]);
    assert!(refused.contains("wg chat restore"), "{refused}");
    // A restore starts nothing: what was unanswered is set aside, what was held is held.
    for chat in all {
        world.ok(&["chat", "restore", chat]);
    }
    assert_eq!(world.state(&held), "held");
    assert_eq!(world.record(&held)["set_aside"], 1);
    assert_eq!(world.record(&queued)["set_aside"], 1);
    assert_eq!(world.answer(&quiet, "you?"), "echo: you?");
    assert!(world.runs("queued-runs").is_empty() && world.runs("held-runs").is_empty(), "{}", world.log());
    // On request it goes on.
    world.ok(&["chat", "send", &held, "--again"]);
    world.ok(&["chat", "resume", &held]);
    wait_until("what was kept to be answered", || match world.answered(&held) {
        answered if answered == [asked] => Ok(()),
        answered => Err(format!("{answered:?}")),
    });
}
