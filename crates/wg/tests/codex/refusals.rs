//! A provider that refuses, and a program that is not there.

use testkit::wait_until;

use crate::World;

#[test]
fn what_waiting_would_not_mend_gives_up_at_once() {
    let Some(world) = World::new() else { return };
    let _dispatcher = world.wg.dispatcher();
    for (status, reason) in [("401", "(auth)"), ("403", "(auth)"), ("404", "(model)")] {
        world.sends(&format!("hello #status {status}"));
        let chat = world.until_state("gave-up");
        assert!(chat["why"].as_str().unwrap().contains(reason), "{chat:#}");
        wait_until("the end of its handler", || match world.programs().as_slice() {
            [] => Ok(()),
            left => Err(format!("{left:?}")),
        });
        // The same message would be refused again.
        world.wg.ok(&["chat", "archive", "chat-1"]);
        world.wg.ok(&["chat", "restore", "chat-1"]);
    }
}

#[test]
fn what_waiting_mends_is_waited_for() {
    for status in ["429", "500", "503"] {
        let Some(world) = World::new() else { return };
        let _dispatcher = world.wg.dispatcher();
        world.sends(&format!("hello #status {status}"));
        let chat = world.until("the chat to wait for its provider", |chat| {
            chat["state"] == "queued" && chat["why"].as_str().unwrap().contains("is paused")
        });
        assert_eq!((chat["failures"].clone(), chat["waiting"].clone()), (0.into(), 1.into()), "{chat:#}");
    }
}

#[test]
fn a_configuration_of_its_own_that_is_wrong_is_said_in_its_words() {
    let Some(world) = World::new() else { return };
    let settings = world.wg.folder().join("home/.codex/config.toml");
    let right = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, right.replace("\"scripted\"\n[", "\"nobody\"\n[")).unwrap();
    let _dispatcher = world.wg.dispatcher();
    world.sends("hello");
    let chat = world.until_state("gave-up");
    let why = chat["why"].as_str().unwrap();
    assert!(why.contains("(configuration)") && why.contains("`nobody` not found"), "{chat:#}");
    std::fs::write(&settings, right).unwrap();
    world.wg.ok(&["chat", "resume", "chat-1"]);
    world.until_answered(1);
}

#[test]
fn a_program_that_is_not_there_is_a_matter_of_configuration() {
    let Some(world) = World::new() else { return };
    let real = world.wg.ok(&["config", "get", "codex.program"]).trim().to_owned();
    world.wg.ok(&["config", "set", "codex.program", "/nowhere/codex"]);
    let _dispatcher = world.wg.dispatcher();
    world.sends("hello");
    let chat = world.until_state("gave-up");
    assert!(chat["why"].as_str().unwrap().contains("codex.program"), "{chat:#}");
    assert_eq!(chat["handlers"], 1);
    world.wg.ok(&["config", "set", "codex.program", &real]);
    world.wg.ok(&["service", "reload"]);
    world.until_answered(1);
}
