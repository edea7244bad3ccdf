//! Chats where the model has no clock (the bucket of starts) and no words: what a handler asks.

use std::time::Duration;

use wg_core::attempt::Outcome;
use wg_core::chat::{Chat, ChatRun, ChatState, Choice, ChoiceKind, QUESTIONS, Question, Queued, Said, What};
use wg_core::command::{ChatCommand, Command, Ended, Heard, NewChat, StartHandler};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::time::Timestamp;

use crate::world::{World, dispatcher, seconds};

const CHAT: ChatNumber = ChatNumber(1);

fn chat(world: &mut World) -> Chat {
    world.read(|read| Ok(read.chat(CHAT)?.unwrap().0))
}

fn start(world: &mut World) -> ChatState {
    let start = StartHandler { chat: CHAT, host: "box".into(), nonce: 1, configuration: 1 };
    world.ask(&dispatcher(), Command::Chat(ChatCommand::Start(start))).unwrap();
    chat(world).state
}

/// Its handler leaves since nobody followed it: no failure, so that only the bucket bounds the starts.
fn leave(world: &mut World) {
    let chat = chat(world);
    let seen = Outcome::Cancelled { reason: "nobody followed it".into() };
    let (attempt, fence, at) = (chat.handler().unwrap(), chat.fence, world.now);
    let (first_pause, max_attempts) = (Duration::from_secs(1), 3);
    let ended = Ended { attempt, fence, seen, at, jitter: 0, first_pause, max_attempts, configuration: 1 };
    world.ask(&dispatcher(), Command::AttemptEnded(ended)).unwrap();
}

#[test]
fn an_empty_bucket_fills_though_the_clock_was_set_back() {
    let mut world = World::new();
    let run = ChatRun { adapter: "command".into(), ..ChatRun::default() };
    world.does(Command::Chat(ChatCommand::Create(NewChat { name: None, run })));
    while matches!(start(&mut world), ChatState::Starting { .. }) {
        leave(&mut world);
    }
    assert_eq!(chat(&mut world).handlers, 5, "as many as the bucket holds");
    world.now = world.now.plus(seconds(60));
    assert_eq!(chat(&mut world).state.name(), "queued");

    let mut earlier = World { now: Timestamp::from_nanos(1_000), ..world };
    let ChatState::Queued { why: Queued::Bucket(until) } = start(&mut earlier) else {
        panic!("nothing is in the bucket");
    };
    earlier.now = until;
    assert!(matches!(start(&mut earlier), ChatState::Starting { .. }), "it has waited long enough");
}

/// A chat whose handler is in the middle of a turn, as agent-1.
fn answering() -> World {
    let mut world = World::new();
    let run = ChatRun { adapter: "acp".into(), ..ChatRun::default() };
    world.does(Command::Chat(ChatCommand::Create(NewChat { name: None, run })));
    world.does(Command::Chat(ChatCommand::Send { chat: CHAT, text: "do".into() }));
    start(&mut world);
    says(&mut world, 1, vec![Said::Ready]);
    let deliver = ChatCommand::Deliver { chat: CHAT, handler: AttemptRef(1), message: 1 };
    world.ask(&dispatcher(), Command::Chat(deliver)).unwrap();
    world
}

fn says(world: &mut World, parsed: u64, said: Vec<Said>) {
    let fence = chat(world).fence;
    let heard = Heard { chat: CHAT, handler: AttemptRef(1), fence, said, parsed, jitter: 0 };
    world.ask(&dispatcher(), Command::Chat(ChatCommand::Heard(heard))).unwrap();
}

fn asks(id: &str) -> Said {
    let choice = |id: &str, kind| Choice { id: id.into(), name: format!("say {id}"), kind };
    let choices = vec![choice("y", ChoiceKind::AllowOnce), choice("n", ChoiceKind::RejectOnce)];
    let (id, what) = (id.to_owned(), "run touch x".to_owned());
    Said::Asks { question: Question { id, what, choices, at: Timestamp::default(), answer: None } }
}

fn answers(by: &Actor, world: &mut World, question: &str, choice: Option<&str>) -> Result<(), String> {
    let choice = choice.map(str::to_owned);
    let answer = ChatCommand::Answer { chat: CHAT, question: question.into(), choice };
    world.ask(by, Command::Chat(answer)).map(drop).map_err(|refused| refused.to_string())
}

fn permissions(world: &mut World) -> Vec<(String, bool, Actor)> {
    let entries = world.read(|read| read.entries_of(CHAT, 0, usize::MAX));
    entries
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Permission { message: 1, answer, allowed, by, .. } => Some((answer, allowed, by)),
            _ => None,
        })
        .collect()
}

#[test]
fn what_a_handler_may_do_people_say_and_the_history_tells_it() {
    let mut world = answering();
    says(&mut world, 2, vec![asks("1"), asks("2"), asks("3")]);
    let (ann, agent) = (Actor::User("ann".into()), Actor::Agent(AttemptRef(1)));
    let refused = answers(&agent, &mut world, "1", Some("y")).unwrap_err();
    assert!(refused.ends_with("a chat's agent can't `chat answer`"), "{refused}");
    answers(&ann, &mut world, "1", Some("y")).unwrap();
    answers(&dispatcher(), &mut world, "2", Some("n")).unwrap();
    answers(&ann, &mut world, "3", None).unwrap();
    assert!(answers(&ann, &mut world, "1", Some("n")).is_err(), "it is answered");
    let expected = [
        ("say y".to_owned(), true, ann.clone()),
        ("say n".to_owned(), false, dispatcher()),
        ("neither yes nor no".to_owned(), false, ann),
    ];
    assert_eq!(permissions(&mut world), expected);
}

#[test]
fn one_that_asks_without_end_is_refused_at_once() {
    let mut world = answering();
    says(&mut world, 2, (0..QUESTIONS + 3).map(|n| asks(&n.to_string())).collect());
    assert_eq!(chat(&mut world).open_questions().count(), QUESTIONS);
    let refused = permissions(&mut world);
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|(answer, allowed, by)| answer == "say n" && !allowed && *by == dispatcher()));
}
