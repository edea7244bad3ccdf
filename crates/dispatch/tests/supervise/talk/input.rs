//! What goes to an agent: in order, whole, once.

use wg_core::attempt::ExitStatus;
use wg_dispatch::files::{EndedBy, TalkInput};
use wg_dispatch::supervise::{INPUT_MAX, ShimAnswer, ShimRequest};

use super::{ECHO, give, hear, say, status, taken};
use crate::door::greet;
use crate::world::{World, peak_of, wait_until};

#[test]
fn inputs_arrive_in_order_and_once_over_connections() {
    let world = World::talking(ECHO);
    let shim = world.start_ready();
    let mut client = greet(&world);
    assert_eq!(give(&mut client, 1, "one\n"), taken(1, false));
    for text in ["t", "w"] {
        say(&mut client, &ShimRequest::Input { id: 5, text: text.into(), more: true });
    }
    say(&mut client, &ShimRequest::Input { id: 5, text: "o\n".into(), more: false });
    assert_eq!(hear(&mut client), taken(5, false));
    for repeat in [5, 1, 3] {
        assert_eq!(give(&mut client, repeat, "again\n"), taken(repeat, true));
    }
    // Half an input of one who is gone is none.
    say(&mut client, &ShimRequest::Input { id: 6, text: "los".into(), more: true });
    drop(client);
    let mut client = greet(&world);
    assert_eq!(status(&mut client).last_input, Some(5));
    assert_eq!(give(&mut client, 5, "again\n"), taken(5, true));
    assert_eq!(give(&mut client, 6, "three\n"), taken(6, false));
    let record = world.end_well().unwrap();
    assert_eq!(world.events(), b"one\ntwo\nthree\nbye\n");
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(0))));
    assert_eq!(record.events, world.events().len() as u64);
    assert!(shim.process().wait(crate::world::LONG) && world.output().is_empty());
}

#[test]
fn five_megabytes_arrive_whole() {
    let world = World::talking(ECHO);
    let _shim = world.start_ready();
    let mut client = greet(&world);
    let text: String = (0..700_000).map(|n| format!("{n:07}")).collect::<String>() + "\n";
    assert_eq!(give(&mut client, 1, &text), taken(1, false));
    assert_eq!(give(&mut client, 2, "next\n"), taken(2, false));
    world.wait_for_events(text.len() as u64 + 5);
    assert!(world.events() == (text + "next\n").as_bytes());
    world.end_well();
}

#[test]
fn an_agent_that_reads_nothing_costs_a_bounded_memory_and_holds_nobody_up() {
    let world = World::talking("touch ready; exec sleep 600");
    let world = world.whose_talk(|talk| talk.farewell_grace = std::time::Duration::from_millis(20));
    let shim = world.start_ready();
    let mut client = greet(&world);
    let text = "x".repeat(4 * 1024 * 1024);
    let mut given = 0;
    let why = loop {
        match give(&mut client, given + 1, &text) {
            ShimAnswer::Taken { .. } => given += 1,
            ShimAnswer::Refused { why } => break why,
            other => panic!("{other:?}"),
        }
    };
    assert!(why.contains("has not read"), "{why}");
    assert_eq!(given, INPUT_MAX as u64 / text.len() as u64, "a pipe holds less than one of these");
    assert_eq!(status(&mut client).last_input, Some(given));
    assert_eq!(world.knock(&["say", "hello"]).stdout, "hello");
    let peak = peak_of(shim.identity().pid);
    assert!(peak < 40_000 + 2 * INPUT_MAX as u32 / 1024, "{peak} kB");
    // The farewell does not come through, either.
    let record = world.end_well().unwrap();
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Signal(15))));
}

#[test]
fn one_that_closed_its_input_is_given_nothing_more() {
    let world = World::talking("exec <&-; touch ready; exec sleep 600");
    let world = world.whose_talk(|talk| talk.farewell_grace = std::time::Duration::from_millis(20));
    let shim = world.start_ready();
    let mut client = greet(&world);
    let ShimAnswer::Refused { why } = give(&mut client, 1, "hello\n") else { panic!("nobody reads it") };
    assert!(why.contains("closed"), "{why}");
    assert_eq!(status(&mut client).last_input, None);
    // It sleeps, instead of being told again and again that nobody reads.
    wait_until("a shim that sleeps", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", shim.identity().pid)).unwrap();
        if stat.contains(") S ") { Ok(()) } else { Err(stat) }
    });
    world.end_well();
}

#[test]
fn only_an_agent_that_is_talked_to_is() {
    let world = World::new("touch ready; exec sleep 600");
    let _shim = world.start_ready();
    let mut client = greet(&world);
    for request in [
        ShimRequest::Follow { from: 0 },
        ShimRequest::Parsed { to: 0 },
        ShimRequest::Input { id: 1, text: "x".into(), more: false },
        ShimRequest::Turn { on: true },
    ] {
        say(&mut client, &request);
        let ShimAnswer::Refused { why } = hear(&mut client) else { panic!("{request:?}") };
        assert_eq!(why, "this agent is not talked to");
    }
    assert!(!world.folder.events().exists());
    world.end_well();
}

#[test]
fn one_that_is_let_go_is_told_farewell_reads_the_end_and_leaves_by_itself() {
    let world = World::talking(ECHO);
    let shim = world.start_ready();
    let mut client = greet(&world);
    assert_eq!(give(&mut client, 1, "one\n"), taken(1, false));
    say(&mut client, &ShimRequest::LetGo);
    let record = world.exit_of(&shim);
    assert_eq!(world.events(), b"one\nbye\n");
    assert_eq!((record.ended_by, record.status), (EndedBy::Process, Some(ExitStatus::Code(0))));
    assert!(!record.reported);
}

#[test]
fn one_that_is_only_told_its_prompt_reads_that_and_the_end() {
    let world = World::talking("cat; exit 3").whose_talk(|talk| talk.input = TalkInput::Prompt);
    std::fs::write(world.folder.prompt(), "do this\n").unwrap();
    let record = world.finish();
    assert_eq!(world.events(), b"do this\n");
    assert_eq!(record.status, Some(ExitStatus::Code(3)));
}
