//! What a program may not do by itself: the person who is attached is asked, and may say yes.

use testkit::Terminal;

use crate::{Agent, World};

#[test]
fn opencode_asks_who_is_attached() {
    asks(Agent::Opencode);
}

#[test]
fn gemini_asks_who_is_attached() {
    asks(Agent::Gemini);
}

fn asks(agent: Agent) {
    let Some(world) = World::new(agent) else { return };
    let _dispatcher = world.wg.dispatcher();
    let mut command = world.wg.command(env!("CARGO_BIN_EXE_wg"));
    command.args(["chat", "attach", "chat-1"]);
    let mut terminal = Terminal::start(command, 80);
    for (file, kind) in [("refused", "reject-once"), ("made", "allow-once")] {
        let answers = world.entries_of("answer").len();
        world.sends(&format!("do #tool touch {file}"));
        let asked = world.until("a question", |chat| chat["questions"].is_array());
        let question = &asked["questions"][0];
        assert_eq!(question["what"], format!("run touch {file}"));
        let choices = question["choices"].as_array().unwrap();
        let choice = choices.iter().position(|choice| choice["kind"] == kind).unwrap();
        terminal.until(&format!("? run touch {file}"));
        terminal.press(&format!("{}\r", choice + 1));
        world.until("the end of the turn", |chat| chat["waiting"] == 0);
        assert_eq!(world.wg.path(file).exists(), kind == "allow-once");
        let told = world.entries_of("permission").pop().unwrap();
        assert_eq!((&told["allowed"], &told["by"]), (&(kind == "allow-once").into(), &"user:tester".into()));
        // Told no, it tells its model so, and goes on.
        let told: Vec<_> =
            world.entries_of("answer").into_iter().map(|answer| answer["text"].clone()).collect();
        assert_eq!(told[answers..], [format!("answer to: do #tool touch {file}")]);
    }
    terminal.press("\u{4}");
    assert!(terminal.left().success());
}
