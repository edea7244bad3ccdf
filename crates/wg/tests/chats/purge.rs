//! The purge: in every state, with and without a dispatcher, twice, by two at once, killed in the middle.

use std::collections::BTreeSet;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::{Random, wait_until};

use crate::world::{World, count};

/// Everything is archived, nothing runs, and nothing is started by whatever is tried.
#[track_caller]
fn is_over_for_good(world: &World, chats: &[String]) {
    for chat in chats {
        assert_eq!(world.state(chat), "archived", "{}", world.record(chat));
        assert!(world.record(chat)["purged_at"].is_string());
        let said = world.fails(1, &["chat", "send", chat, "more"]);
        assert!(said.contains(&format!("hint: wg chat restore {chat}")), "{said}");
    }
    world.until_nothing_lives();
}

#[test]
fn every_state_ends_archived_with_everything_that_was_said() {
    let mut world = World::new();
    world.set("WG_CHAT_MAX_LIVE", "3");
    let dormant = world.chat(&[]);
    let held = world.chat(&[]);
    let gave_up = world.served_by("exit 127");
    let backoff = world.chat(&["exit 1"]);
    let starting = world.chat(&["chat ready-after never"]);
    let live = world.chat(&[]);
    let in_turn = world.chat(&["chat hold never"]);
    let _dispatcher = world.dispatcher();
    world.ok(&["chat", "stop", &held]);
    world.send(&gave_up, "hello");
    world.until_state(&gave_up, "gave-up");
    world.send(&backoff, "hello");
    world.until(&backoff, "a failure", |record| record["failures"] == 4);
    let _attached = world.attach(&live);
    world.until_state(&live, "live");
    world.send(&starting, "hello");
    world.until_state(&starting, "starting");
    let message = world.send(&in_turn, "hello");
    world.until(&in_turn, "a turn", |record| record["answering"] == message);
    let queued = world.chat(&[]);
    world.send(&queued, "hello");
    world.until_state(&queued, "queued");
    let states: BTreeSet<String> =
        [&dormant, &held, &gave_up, &starting, &live, &in_turn, &queued].map(|chat| world.state(chat)).into();
    let all = ["dormant", "gave-up", "held", "live", "queued", "starting"];
    assert_eq!(states, all.map(str::to_owned).into());
    let chats = [dormant, held, gave_up, backoff, starting, live, in_turn, queued];
    let before: Vec<_> = chats.iter().map(|chat| world.entries(chat)).collect();
    let said = world.ok(&["service", "purge-chats"]);
    assert!(said.lines().next().unwrap().contains("8 chats"), "{said}");
    assert!(world.agents().is_empty(), "it comes back when all are gone: {:#?}", world.agents());
    is_over_for_good(&world, &chats);
    for (chat, before) in chats.iter().zip(before) {
        assert_eq!(world.entries(chat)[..before.len()], before, "{chat}");
        assert!(world.transcript(chat).exists() || before.is_empty());
    }
    let again = world.wg(&["service", "purge-chats"]);
    assert_eq!(again.code, 0, "{again:?}");
}

#[test]
fn one_that_comes_between_a_decision_and_its_agent_wins() {
    // Whatever it meets (claim, lock, check, `started`, exec), nothing is left, and no agent starts afterwards.
    let mut random = Random::for_test("one_that_comes_between_a_decision_and_its_agent_wins");
    for _ in 0..count(200) {
        let world = World::new();
        let chat = world.chat(&["count runs"]);
        let _dispatcher = world.dispatcher();
        world.send(&chat, "hello");
        sleep(Duration::from_micros(random.between(0, 40_000)));
        world.ok(&["service", "purge-chats"]);
        assert!(world.agents().is_empty(), "{:#?}", world.agents());
        let runs = world.runs("runs").len();
        assert!(runs <= 1);
        is_over_for_good(&world, &[chat]);
        assert_eq!(world.runs("runs").len(), runs, "none after it: {}", world.log());
    }
}

#[test]
fn without_a_dispatcher_the_command_does_it_all() {
    let world = World::new();
    let chats = [world.chat(&[]), world.chat(&["chat hold never"])];
    let dispatcher = world.dispatcher();
    let attached = chats.clone().map(|chat| world.attach(&chat));
    for chat in &chats {
        world.until_state(chat, "live");
    }
    world.send(&chats[1], "hello");
    dispatcher.kill();
    drop(attached);
    assert_eq!(world.agents().len(), 2);
    world.ok(&["service", "purge-chats"]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
    is_over_for_good(&world, &chats);
    let _dispatcher = world.dispatcher();
    is_over_for_good(&world, &chats);
}

#[test]
fn two_at_once_and_one_that_is_killed_leave_nothing_undone() {
    let mut random = Random::for_test("two_at_once_and_one_that_is_killed_leave_nothing_undone");
    for round in 0..count(100) {
        let world = World::new();
        let chats: Vec<String> = (0..3).map(|_| world.chat(&["chat hold never"])).collect();
        let dispatcher = world.dispatcher();
        for chat in &chats {
            let message = world.send(chat, "hello");
            world.until(chat, "a turn", |record| record["answering"] == message);
        }
        let killed = round % 2 == 0;
        if round % 3 == 0 {
            dispatcher.kill();
        } else {
            std::mem::forget(dispatcher);
        }
        scope(|scope| {
            scope.spawn(|| world.wg(&["service", "purge-chats"]));
            let mut other = world.start(&["service", "purge-chats"]);
            if killed {
                sleep(Duration::from_micros(random.between(0, 30_000)));
                other.signal(Signal::KILL);
            }
            other.wait();
        });
        // The same command again finishes what is unfinished, or says that there is nothing.
        world.ok(&["service", "purge-chats"]);
        is_over_for_good(&world, &chats);
    }
}

#[test]
fn a_chats_own_agent_purges_all_others() {
    let world = World::new();
    let own = world.chat(&["chat answer-by wg service purge-chats --no-wait 2>&1"]);
    let other = world.chat(&[]);
    let _dispatcher = world.dispatcher();
    let _attached = world.attach(&other);
    world.until_state(&other, "live");
    let said = world.answer(&own, "purge them");
    assert!(said.contains("kept") && said.contains(&own), "{said}");
    assert_eq!(world.state(&other), "archived");
    assert_ne!(world.state(&own), "archived");
    world.ok(&["service", "purge-chats"]);
    assert_eq!(world.state(&own), "archived", "a person's call takes all");
    world.until_nothing_lives();
}

#[test]
fn the_first_line_comes_at_once() {
    let mut world = World::new();
    world.set("WG_STOP_GRACE", "200ms");
    let chat = world.chat(&["ignore-term", "chat stubborn"]);
    let _dispatcher = world.dispatcher();
    let _attached = world.attach(&chat);
    world.until_state(&chat, "live");
    let began = Instant::now();
    let mut purge = world.start(&["service", "purge-chats"]);
    wait_until("the first line", || if purge.written().contains('\n') { Ok(()) } else { Err("nothing yet") });
    // Its handler takes ten seconds and more to be gone: this line does not wait for that.
    assert!(began.elapsed() < Duration::from_secs(5) && !world.agents().is_empty());
    assert_eq!(purge.wait(), 0);
    is_over_for_good(&world, &[chat]);
}
