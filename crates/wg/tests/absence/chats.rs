//! Chats that nobody consumes, that are over or that gave up: no process, no timer, nothing in the log.

use std::thread::sleep;

use testkit::wait_until;

use crate::proofs::{STARTS, purged_chats_stay_away};
use crate::world::World;
use crate::{a_while, settle, switches};

#[test]
fn purged_chats_stay_away_after_a_restart() {
    let world = World::new();
    let idle = world.chat(&["double-fork hang"]);
    let busy = world.chat(&["chat at 2 hold never"]);
    let obedient = world.chat(&["chat session s", "chat tools 2"]);
    let chats = [&idle, &busy, &obedient];
    world.ok(&["service", "start"]);
    let attached: Vec<_> = chats.iter().map(|chat| world.attach(chat)).collect();
    for chat in chats {
        assert_eq!(world.answer(chat, "hello"), "echo: hello");
    }
    world.send(&busy, "this one will not be answered");
    world.until(&busy, "a turn", |record| record["answering"].is_u64());
    purged_chats_stay_away(&world, &chats, a_while());
    drop(attached);
}

#[test]
fn chats_that_nobody_wants_cost_nothing_not_even_across_a_restart() {
    let world = World::new();
    let steps = ["count runs"];
    let (_new, used, held, archived, missing) = (
        world.chat(&steps),
        world.chat(&steps),
        world.chat(&steps),
        world.chat(&steps),
        world.served_by("exec ./is-not-there"),
    );
    let dispatcher = world.dispatcher();
    world.answer(&used, "hello");
    world.until_at_rest(&used);
    world.send(&missing, "nobody will");
    world.until_state(&missing, "gave-up");
    world.ok(&["chat", "stop", &held]);
    world.send(&held, "is kept");
    world.ok(&["chat", "archive", &archived]);
    world.until_nothing_lives();
    let runs = world.runs("runs").len();
    assert_eq!(runs, 1);
    let before = settle(&dispatcher);
    sleep(a_while());
    assert_eq!(switches(&dispatcher), before, "wake-ups with nothing to do: {}", world.log());

    assert_eq!(dispatcher.stop(), 0);
    let starts = world.log().matches(STARTS).count();
    let dispatcher = world.dispatcher();
    let before = settle(&dispatcher);
    sleep(a_while());
    assert_eq!(switches(&dispatcher), before, "wake-ups after a restart: {}", world.log());
    assert_eq!(world.runs("runs").len(), runs, "nothing was started");
    assert_eq!(world.log().matches(STARTS).count(), starts, "{}", world.log());
    assert!(world.agents().is_empty());
}

/// Takes the 30 s that a handler has, whatever `WG_ABSENCE` says.
#[test]
fn a_handler_that_is_never_ready_is_ended_and_counts_as_a_failure() {
    let world = World::new();
    let chat = world.chat(&["count runs", "double-fork hang", "chat never-ready"]);
    let _dispatcher = world.dispatcher();
    let began = std::time::Instant::now();
    world.send(&chat, "hello");
    let failed = wait_until("its first failure", || match world.record(&chat) {
        record if record["failures"] == 1 => Ok(record),
        record => Err(record),
    });
    let took = began.elapsed().as_secs();
    assert!((29..45).contains(&took), "{took} s: {failed}");
    assert_eq!(failed["waiting"], 1, "the message is kept");
    // The first is gone with all it started before the second starts.
    wait_until("the second start", || match world.runs("runs").len() {
        2 => Ok(()),
        other => Err(other),
    });
    let marks: std::collections::BTreeSet<String> =
        world.agents().iter().filter_map(|agent| agent.variable("WG_ATTEMPT").map(str::to_owned)).collect();
    assert_eq!(marks.len(), 1, "{marks:?}");
    world.ok(&["chat", "stop", &chat]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
}

#[test]
fn a_chat_that_gave_up_is_left_alone_whoever_wants_it() {
    let world = World::new();
    let chat = world.chat(&["count runs", "exit 127"]);
    let dispatcher = world.dispatcher();
    let attached = world.attach(&chat);
    world.send(&chat, "hello");
    world.until_state(&chat, "gave-up");
    world.until_nothing_lives();
    settle(&dispatcher);
    // A new message and a new consumer change nothing, and there is no timer.
    world.send(&chat, "hello?");
    let other = world.attach(&chat);
    let before = settle(&dispatcher);
    sleep(a_while());
    assert_eq!(switches(&dispatcher), before, "{}", world.log());
    assert_eq!(world.runs("runs").len(), 1, "{}", world.log());
    drop((attached, other));
}
