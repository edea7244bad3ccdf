//! Agents that are talked to: what goes to them and what comes from them, who follows, and how they end.

use std::time::Duration;

use wg_dispatch::files::{Talk, TalkInput};
use wg_dispatch::socket::Client;
use wg_dispatch::supervise::{INPUT_PART, ShimAnswer, ShimRequest, TalkStatus};

use crate::door::greet;
use crate::world::{LONG, World, wait_until};

mod alone;
mod endings;
mod events;
mod followers;
mod input;

/// Says it is ready, and prints what it is given until its standard input is closed.
const ECHO: &str = "touch ready; exec cat";

impl World {
    /// One whose agent is talked to, with time for everything.
    fn talking(script: &str) -> Self {
        let talk = Talk {
            farewell: "bye\n".into(),
            farewell_grace: LONG,
            alone: LONG * 60,
            turn_limit: LONG * 60,
            input: TalkInput::Open,
        };
        Self::new(script).with(|spec| spec.talk = Some(talk))
    }

    /// The same with other spans.
    fn whose_talk(self, change: impl FnOnce(&mut Talk)) -> Self {
        self.with(|spec| change(spec.talk.as_mut().unwrap()))
    }

    /// What the agent printed.
    fn events(&self) -> Vec<u8> {
        std::fs::read(self.folder.events()).unwrap()
    }

    /// How the talk stands.
    fn talk_status(&self) -> TalkStatus {
        status(&mut greet(self))
    }

    /// Waits until so much was printed.
    fn wait_for_events(&self, bytes: u64) {
        wait_until("what it prints", || match self.talk_status().written {
            written if written >= bytes => Ok(()),
            written => Err(written),
        });
    }
}

fn say(client: &mut Client, request: &ShimRequest) {
    client.send(request, LONG).unwrap();
}

fn hear(client: &mut Client) -> ShimAnswer {
    client.receive(LONG).unwrap()
}

fn status(client: &mut Client) -> TalkStatus {
    say(client, &ShimRequest::Status);
    match hear(client) {
        ShimAnswer::Status(status) => status.talk.expect("it is talked to"),
        other => panic!("{other:?}"),
    }
}

/// Follows from a place on; gives how much there is.
fn follow(client: &mut Client, from: u64) -> u64 {
    say(client, &ShimRequest::Follow { from });
    match hear(client) {
        ShimAnswer::Written { to } => to,
        other => panic!("{other:?}"),
    }
}

/// The next place that a follower is told of.
fn written(client: &mut Client) -> u64 {
    match hear(client) {
        ShimAnswer::Written { to } => to,
        other => panic!("{other:?}"),
    }
}

/// Gives an input in as many parts as it takes.
fn give(client: &mut Client, id: u64, text: &str) -> ShimAnswer {
    let parts: Vec<_> = text.as_bytes().chunks(INPUT_PART).collect();
    for (n, part) in parts.iter().enumerate() {
        let text = String::from_utf8(part.to_vec()).unwrap();
        say(client, &ShimRequest::Input { id, text, more: n + 1 < parts.len() });
    }
    hear(client)
}

fn taken(id: u64, repeat: bool) -> ShimAnswer {
    ShimAnswer::Taken { id, repeat }
}

/// Waits until so much time has gone by.
fn wait_for_time(span: Duration) {
    let began = std::time::Instant::now();
    wait_until("some time", || match began.elapsed() {
        long if long > span => Ok(()),
        short => Err(format!("{short:?}")),
    });
}
