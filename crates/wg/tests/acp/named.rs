//! An agent that nobody here knows: adapter `acp` with a command line.

use crate::{Agent, World, program};

#[test]
fn any_agent_of_the_protocol_serves_a_chat_once_it_is_named() {
    let Some(world) = World::without_chat(Agent::Gemini) else { return };
    let Some(program) = program(Agent::Gemini) else { return };
    world.wg.ok(&["chat", "create", "Ann", "--model", "acp:gemini-2.5-pro"]);
    world.wg.ok(&["config", "set", "env.pass", "GOOGLE_GEMINI_BASE_URL,GEMINI_API_KEY"]);
    let _dispatcher = world.wg.dispatcher();
    world.sends("one\n#tool wg add Found --id found");
    let chat = world.until_state("gave-up");
    assert!(chat["why"].as_str().unwrap().contains("wg config set acp.command"), "{chat:#}");
    let line = format!("'{}' --acp", program.display());
    world.wg.ok(&["config", "set", "acp.command", &line]);
    world.wg.ok(&["service", "reload"]);
    world.until("the answer", |chat| chat["waiting"] == 0);
    assert_eq!(world.entries_of("answer").len(), 1);
    world.wg.ok(&["show", "found"]);
}
