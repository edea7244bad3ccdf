//! What handlers ask: who is asked, how long is waited, and who says no where nobody is there.

use std::time::Duration;

use wg_core::chat::{Choice, ChoiceKind, Question, Said, What};
use wg_core::command::ChatCommand;
use wg_core::id::Actor;
use wg_core::time::Timestamp;
use wg_dispatch::dispatcher::{Consumers, HostEffect};
use wg_dispatch::recover::{Finding, Findings, Shim};

use crate::chats::{CHAT, Chats};
use crate::world::shim;

const SOMEBODY: Consumers = Consumers { all: 1, answering: 1 };

fn asks(id: &str) -> Said {
    let choice = |id: &str, kind| Choice { id: id.into(), name: id.to_uppercase(), kind };
    let choices = vec![choice("yes", ChoiceKind::AllowOnce), choice("no", ChoiceKind::RejectOnce)];
    let (id, what) = (id.to_owned(), "run touch x".to_owned());
    Said::Asks { question: Question { id, what, choices, at: Timestamp::default(), answer: None } }
}

/// In the middle of a turn, with somebody there who answers.
fn talking() -> Chats {
    let mut chats = Chats::served(8);
    chats.attach_as(&[CHAT], SOMEBODY);
    chats.send(CHAT);
    chats
}

fn answers(chats: &mut Chats, question: &str, choice: &str) {
    let choice = Some(choice.to_owned());
    chats.ask(ChatCommand::Answer { chat: CHAT, question: question.into(), choice });
    chats.changed();
}

/// What handlers were told.
fn told(chats: &Chats) -> Vec<(&str, Option<&str>)> {
    let told = chats.seen.iter().filter_map(|effect| match effect {
        HostEffect::Answer { question, choice, .. } => Some((question.as_str(), choice.as_deref())),
        _ => None,
    });
    told.collect()
}

/// Who answered, by the history.
fn answered_by(chats: &mut Chats) -> Vec<bool> {
    let entries = chats.read(|read| read.entries_of(CHAT, 0, 99));
    let by = entries.into_iter().filter_map(|entry| match entry.what {
        What::Permission { by, .. } => Some(matches!(by, Actor::Dispatcher(_))),
        _ => None,
    });
    by.collect()
}

#[test]
fn who_is_there_is_waited_for_and_the_handler_is_told_once() {
    let mut chats = talking();
    chats.say(vec![asks("1"), asks("2")]);
    chats.time(Duration::from_secs(500));
    assert_eq!(told(&chats), []);
    answers(&mut chats, "2", "yes");
    answers(&mut chats, "1", "no");
    chats.changed();
    assert_eq!(told(&chats), [("2", Some("yes")), ("1", Some("no"))]);
    chats.answer();
    assert_eq!(chats.state(), "live");
    assert_eq!(answered_by(&mut chats), [false, false]);
}

#[test]
fn where_nobody_is_there_the_configuration_says_no_at_once() {
    let mut chats = Chats::served(8);
    // A program is attached, which answers nothing.
    chats.attach(&[CHAT]);
    chats.send(CHAT);
    chats.say(vec![asks("1")]);
    assert_eq!(told(&chats), [("1", Some("no"))]);
    assert_eq!(answered_by(&mut chats), [true]);
}

#[test]
fn who_left_may_come_back_and_is_not_waited_for_long() {
    let mut chats = talking();
    chats.say(vec![asks("1")]);
    chats.attach(&[]);
    chats.time(Duration::from_secs(14));
    assert_eq!(told(&chats), [], "a terminal that was closed may be opened again");
    chats.attach_as(&[CHAT], SOMEBODY);
    chats.time(Duration::from_secs(60));
    assert_eq!(told(&chats), []);
    chats.attach(&[]);
    chats.time(Duration::from_secs(16));
    assert_eq!(told(&chats), [("1", Some("no"))]);
    // The next one, asked long after, is not waited for at all.
    chats.time(Duration::from_secs(60));
    chats.say(vec![asks("2")]);
    assert_eq!(told(&chats), [("1", Some("no")), ("2", Some("no"))]);
}

#[test]
fn somebody_who_sleeps_in_front_of_it_does_not_hold_a_turn() {
    let mut chats = talking();
    chats.say(vec![asks("1")]);
    chats.time(Duration::from_secs(9 * 60));
    assert_eq!(told(&chats), []);
    chats.time(Duration::from_secs(61));
    assert_eq!(told(&chats), [("1", Some("no"))]);
}

#[test]
fn an_interrupt_answers_what_is_open_before_it_is_told() {
    let mut chats = talking();
    chats.say(vec![asks("1")]);
    chats.ask(ChatCommand::Interrupt { chat: CHAT, why: None });
    chats.changed();
    let order: Vec<bool> = chats
        .seen
        .iter()
        .filter_map(|effect| match effect {
            HostEffect::Answer { choice: None, .. } => Some(true),
            HostEffect::Interrupt { .. } => Some(false),
            _ => None,
        })
        .collect();
    assert_eq!(order, [true, false]);
}

#[test]
fn a_dispatcher_that_takes_over_knows_the_question_and_tells_the_answer() {
    let mut chats = talking();
    chats.say(vec![asks("1")]);
    let handler = chats.handler();
    let take_over = |chats: &mut Chats| {
        let attempt = chats.world.attempt(handler);
        let shim = Shim::Alive(shim(handler));
        let finding = Finding { attempt, barred: None, started: true, exit: None, shim };
        chats.seen = chats.world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    };
    take_over(&mut chats);
    chats.time(Duration::from_secs(14));
    assert_eq!(told(&chats), [], "who was attached comes back");
    // Answered while no dispatcher looked.
    let choice = Some("yes".to_owned());
    chats.ask(ChatCommand::Answer { chat: CHAT, question: "1".into(), choice });
    take_over(&mut chats);
    assert_eq!(told(&chats), [("1", Some("yes"))]);
}
