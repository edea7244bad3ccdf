//! Chats where the model has no clock: the bucket of starts.

use std::time::Duration;

use wg_core::attempt::Outcome;
use wg_core::chat::{Chat, ChatRun, ChatState, Queued};
use wg_core::command::{ChatCommand, Command, Ended, NewChat, StartHandler};
use wg_core::id::ChatNumber;

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

    let mut earlier = World { now: wg_core::time::Timestamp::from_nanos(1_000), ..world };
    let ChatState::Queued { why: Queued::Bucket(until) } = start(&mut earlier) else {
        panic!("nothing is in the bucket");
    };
    earlier.now = until;
    assert!(matches!(start(&mut earlier), ChatState::Starting { .. }), "it has waited long enough");
}
