//! A provider that refuses, a model that is not there, and a program that is not there.

use testkit::wait_within;

use crate::{Agent, LONG, World};

#[test]
fn what_waiting_would_not_mend_gives_up_at_once() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        let _dispatcher = world.wg.dispatcher();
        for (status, reason) in [("401", "(auth)"), ("404", "(model)")] {
            world.sends(&format!("hello #status {status}"));
            let chat = world.until_state("gave-up");
            assert!(chat["why"].as_str().unwrap().contains(reason), "{chat:#}");
            wait_within(LONG, "the end of its handler", || match world.programs().as_slice() {
                [] => Ok(()),
                left => Err(format!("{left:?}")),
            });
            // The same message would be refused again.
            world.wg.ok(&["chat", "archive", "chat-1"]);
            world.wg.ok(&["chat", "restore", "chat-1"]);
        }
    }
}

/// A chat waits with its message for a provider that refuses for a while.
#[track_caller]
fn waited_for(agent: Agent, status: &str) {
    let Some(world) = World::new(agent) else { return };
    let _dispatcher = world.wg.dispatcher();
    world.sends(&format!("hello #status {status}"));
    let chat = world.until("the chat to wait for its provider", |chat| {
        chat["state"] == "queued" && chat["why"].as_str().unwrap().contains("is paused")
    });
    assert_eq!((chat["failures"].clone(), chat["waiting"].clone()), (0.into(), 1.into()), "{chat:#}");
}

#[test]
fn a_rate_limit_of_opencode_is_waited_for() {
    waited_for(Agent::Opencode, "429");
}

#[test]
fn an_outage_of_opencodes_provider_is_waited_for() {
    waited_for(Agent::Opencode, "500");
}

#[test]
fn rate_limits_and_outages_of_gemini_are_waited_for() {
    waited_for(Agent::Gemini, "429");
    waited_for(Agent::Gemini, "503");
}

#[test]
fn a_model_that_is_not_there_gives_up_at_once() {
    let Some(world) = World::new(Agent::Opencode) else { return };
    world.wg.ok(&["chat", "archive", "chat-1"]);
    world.wg.ok(&["chat", "create", "Bob", "--model", "opencode:scripted/nowhere"]);
    let _dispatcher = world.wg.dispatcher();
    world.wg.ok(&["chat", "send", "chat-2", "hello"]);
    let chat = wait_within(LONG, "the chat to give up", || {
        let chat = world.wg.json(&["chat", "show", "chat-2"])["chat"].clone();
        if chat["state"] == "gave-up" { Ok(chat) } else { Err(chat) }
    });
    let why = chat["why"].as_str().unwrap();
    assert!(why.contains("(model)") && why.contains("scripted/nowhere"), "{chat:#}");
}

#[test]
fn a_program_that_is_not_there_is_a_matter_of_configuration() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        let setting = format!("{}.program", agent.name());
        let real = world.wg.ok(&["config", "get", &setting]).trim().to_owned();
        world.wg.ok(&["config", "set", &setting, "/nowhere/program"]);
        let _dispatcher = world.wg.dispatcher();
        world.sends("hello");
        let chat = world.until_state("gave-up");
        assert!(chat["why"].as_str().unwrap().contains(&setting), "{chat:#}");
        world.wg.ok(&["config", "set", &setting, &real]);
        world.wg.ok(&["service", "reload"]);
        world.until("the answer", |chat| chat["waiting"] == 0);
        assert_eq!(world.entries_of("answer").len(), 1);
    }
}
