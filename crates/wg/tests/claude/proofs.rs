//! What the design says of every chat (`chats.md`, *Proof* 1, 3, 5, 9 and 11), once more with the real program.

use std::time::Duration;

use rustix::process::Signal;
use testkit::{Marked, ScriptedModel, wait_until};

use crate::chats::proofs::{a_dispatcher_dies_at_every_moment, purged_chats_stay_away};
use crate::chats::world::{World, count};
use crate::{is_program, with_program};

/// A world without a chat, whose handlers leave soon after the last consumer.
fn world() -> Option<(World, ScriptedModel)> {
    let (mut wg, model) = with_program()?;
    wg.set("WG_CHAT_LINGER", "1s");
    Some((World::of(wg), model))
}

fn chat(world: &World) -> String {
    world.ok(&["chat", "create", "--model", "claude:opus"]).trim().to_owned()
}

fn programs(world: &World) -> Vec<Marked> {
    world.agents().into_iter().filter(is_program).collect()
}

/// As long as `WG_ABSENCE` says in seconds, or 10.
fn a_while() -> Duration {
    let given = std::env::var("WG_ABSENCE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(given.unwrap_or(10))
}

#[test]
fn purged_chats_stay_away_after_a_restart() {
    let Some((world, model)) = world() else { return };
    model.go_on(false);
    let (idle, busy, worked) = (chat(&world), chat(&world), chat(&world));
    world.ok(&["service", "start"]);
    let chats = [&idle, &busy, &worked];
    let attached: Vec<_> = chats.iter().map(|chat| world.attach(chat)).collect();
    for chat in [&idle, &busy] {
        assert_eq!(world.answer(chat, "hello"), "answer to: hello");
    }
    world.answer(&worked, "hello\n#tool wg list");
    world.send(&busy, "this one will not be answered #slow");
    world.until(&busy, "a turn", |record| record["answering"].is_u64());
    purged_chats_stay_away(&world, &chats, a_while());
    drop(attached);
}

#[test]
fn a_handler_whose_consumer_leaves_ends_once_and_goes_on_in_the_same_conversation() {
    let Some((world, model)) = world() else { return };
    let chat = chat(&world);
    let dispatcher = world.dispatcher();
    let attached = world.attach(&chat);
    assert_eq!(world.answer(&chat, "one"), "answer to: one");
    world.until_state(&chat, "live");
    let session = world.record(&chat)["session"].clone();
    drop(attached);
    world.until_at_rest(&chat);
    world.until_nothing_lives();
    assert_eq!(world.ends(&chat), ["cancelled"]);
    assert_eq!(world.answer(&chat, "two"), "answer to: two");
    assert!(model.last_heard().iter().any(|line| line == "assistant: answer to: one"), "{model:?}");
    world.until_at_rest(&chat);
    world.until_nothing_lives();
    assert_eq!((world.ends(&chat).len(), &world.record(&chat)["session"]), (2, &session));
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn a_program_that_dies_at_once_is_started_five_times_then_the_chat_gives_up_for_good() {
    let Some((world, _model)) = world() else { return };
    let chat = chat(&world);
    let dispatcher = world.dispatcher();
    let window = world.attach(&chat);
    // Whichever is seen is killed, before it is ready or after.
    let record = wait_until("the chat to give up", || {
        for program in programs(&world) {
            world.marks().signal(program.pid, Signal::KILL);
        }
        let record = world.record(&chat);
        if record["state"] == "gave-up" { Ok(record) } else { Err(record) }
    });
    assert_eq!((record["failures"].as_u64(), record["handlers"].as_u64()), (Some(5), Some(5)), "{record}");
    world.until_nothing_lives();
    for said in [world.ok(&["chat", "list"]), world.ok(&["status"])] {
        assert!(said.contains("gave") && said.contains("failures"), "{said}");
    }
    let said = world.fails(1, &["chat", "send", &chat, "there?", "--wait", "--timeout", "60s"]);
    assert!(said.contains("gave up"), "{said}");
    drop(window);
    assert_eq!(dispatcher.stop(), 0);
    let _dispatcher = world.dispatcher();
    let _window = world.attach(&chat);
    world.send(&chat, "now?");
    // Another chat is served: this dispatcher has looked at both.
    let other = self::chat(&world);
    assert_eq!(world.answer(&other, "you?"), "answer to: you?");
    let record = world.record(&chat);
    assert_eq!((&record["state"], record["handlers"].as_u64()), (&"gave-up".into(), Some(5)), "{record}");
    // A person's word is another chance.
    world.ok(&["chat", "resume", &chat]);
    world.until(&chat, "the answers", |record| record["waiting"] == 0);
}

#[test]
fn what_a_handlers_tools_leave_behind_is_gone_after_stop_archive_and_purge() {
    for (verb, nobody_else_ends_it) in [("stop", false), ("archive", true), ("purge-chats", true)] {
        let Some((mut world, _model)) = world() else { return };
        // Without it the program refuses to do whatever it wants where root runs it.
        world.set("IS_SANDBOX", "1");
        world.ok(&["config", "set", "claude.permissions", "full"]);
        let chat = chat(&world);
        let dispatcher = world.dispatcher();
        let _window = world.attach(&chat);
        let stray =
            "setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' >/dev/null 2>&1 </dev/null &";
        world.answer(&chat, &format!("hello\n#tool {stray}"));
        let strays = || world.agents().into_iter().filter(|agent| agent.command.contains("trap")).count();
        wait_until("the stray", || if strays() > 0 { Ok(()) } else { Err(format!("{:#?}", world.agents())) });
        if nobody_else_ends_it {
            dispatcher.kill();
            world.kill_shims();
        }
        match verb {
            "purge-chats" => world.ok(&["service", "purge-chats"]),
            verb => world.ok(&["chat", verb, &chat]),
        };
        assert_eq!(programs(&world).len() + strays(), 0, "{verb}: {:#?}", world.agents());
        world.until_nothing_lives();
    }
}

#[test]
fn a_dispatcher_killed_at_every_moment_of_a_conversation_loses_and_doubles_nothing() {
    let Some((world, _model)) = world() else { return };
    let chats = [chat(&world)];
    a_dispatcher_dies_at_every_moment(&world, &chats, "and?\n#tool wg list", count(200), is_program);
}
