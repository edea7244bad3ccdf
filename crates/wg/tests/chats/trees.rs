//! Whoever ends something ends all of it: agents that fork, leave their session and ignore every signal that can be
//! ignored, and agents whose shim was killed.

use std::thread;

use testkit::wait_until;

use crate::world::World;

/// What tries to stay: children that nobody knows of any more.
const CHILDREN: [&str; 4] = [
    "fork ignore-term && hang",
    "setsid ignore-term && hang",
    "double-fork ignore-term && tree 1 2 && hang",
    "tree 1 2",
];

/// The verbs that end a handler.
const VERBS: [&[&str]; 3] = [&["chat", "stop"], &["chat", "archive"], &["service", "purge-chats"]];

/// Waits until the whole tree of a chat stands, for the children come one by one.
#[track_caller]
fn until_grown(world: &World, chat: &str) {
    world.until_state(chat, "live");
    wait_until("the tree to stand", || match world.handlers(chat).len() {
        // The handler, a child, a child in its own session, a grandchild with two more, and two.
        grown if grown >= 8 => Ok(()),
        grown => Err(format!("{grown} processes")),
    });
}

#[test]
fn a_handler_that_obeys_leaves_nothing_of_its_tree_behind() {
    for verb in VERBS {
        let mut world = World::new();
        world.set("WG_STOP_GRACE", "200ms");
        let chat = world.chat(&CHILDREN);
        let _dispatcher = world.dispatcher();
        let _attached = world.attach(&chat);
        until_grown(&world, &chat);
        let mut words = verb.to_vec();
        if verb[0] == "chat" {
            words.push(&chat);
        }
        let said = world.ok(&words);
        // The command itself says so only when it is true.
        assert!(said.contains("is gone"), "{said}");
        assert!(world.agents().is_empty(), "after {words:?}: {:#?}", world.agents());
        world.until_nothing_lives();
    }
}

#[test]
fn a_handler_that_ignores_all_but_sigkill_is_gone_with_all_it_started() {
    // It has ten seconds to obey: all three at once.
    thread::scope(|scope| {
        for verb in VERBS {
            scope.spawn(move || {
                let mut world = World::new();
                world.set("WG_STOP_GRACE", "200ms");
                let mut steps = vec!["ignore-term"];
                steps.extend(CHILDREN);
                steps.push("chat stubborn");
                let chat = world.chat(&steps);
                let _dispatcher = world.dispatcher();
                let _attached = world.attach(&chat);
                until_grown(&world, &chat);
                let mut words = verb.to_vec();
                if verb[0] == "chat" {
                    words.push(&chat);
                }
                world.ok(&words);
                assert!(world.agents().is_empty(), "after {words:?}: {:#?}", world.agents());
                world.until_nothing_lives();
            });
        }
    });
}

#[test]
fn a_tree_whose_shim_was_killed_is_gone_after_stop_archive_and_purge_without_a_dispatcher() {
    for verb in VERBS {
        let mut world = World::new();
        world.set("WG_STOP_GRACE", "200ms");
        let mut steps = vec!["ignore-term"];
        steps.extend(CHILDREN);
        let chat = world.chat(&steps);
        let dispatcher = world.dispatcher();
        let _attached = world.attach(&chat);
        until_grown(&world, &chat);
        // First the dispatcher, or it would see the shim die.
        dispatcher.kill();
        world.kill_shims();
        assert!(world.handlers(&chat).len() >= 7, "its tree stands: {:#?}", world.handlers(&chat));
        let mut words = verb.to_vec();
        if verb[0] == "chat" {
            words.push(&chat);
        }
        world.ok(&words);
        assert!(world.agents().is_empty(), "after {words:?}: {:#?}", world.agents());
        world.until_nothing_lives();
    }
}

#[test]
fn a_handler_whose_shim_was_killed_is_swept_before_the_next_one_starts_and_the_message_is_answered() {
    let world = World::new();
    let mut steps = CHILDREN.to_vec();
    steps.extend(["count runs", "chat deliveries given", "chat hold go"]);
    let chat = world.chat(&steps);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    // That it is to be given is committed before it is.
    wait_until("the message to be given", || match world.given("given").as_slice() {
        [given] => Ok(given.clone()),
        given => Err(format!("{given:?}")),
    });
    world.kill_shims();
    wait_until("another handler", || match world.runs("runs").len() {
        2 => Ok(()),
        runs => Err(runs),
    });
    let marks: std::collections::BTreeSet<String> =
        world.agents().iter().filter_map(|agent| agent.variable("WG_ATTEMPT").map(str::to_owned)).collect();
    assert_eq!(marks.len(), 1, "{marks:?}");
    world.touch("go");
    wait_until("the answer", || match world.answered(&chat) {
        answered if answered == [message] => Ok(()),
        answered => Err(format!("{answered:?}")),
    });
    let given: Vec<bool> = world.given("given").iter().map(|given| given.again).collect();
    assert_eq!(given, [false, true], "the second knows that it was given before");
    world.until_at_rest(&chat);
    world.until_nothing_lives();
}
