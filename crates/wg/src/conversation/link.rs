//! The connection to the dispatcher that says that somebody is there: while it is open, the chat is wanted. A
//! dispatcher that is restarted is found again.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use wg_core::id::ChatNumber;
use wg_dispatch::control::client::{self, ClientError, Conversation};
use wg_dispatch::control::message::Answer;

use crate::error::{Failure, Kind, Result};

/// How long a dispatcher that is gone is looked for: a restart takes less.
const ABSENCE: Duration = Duration::from_secs(60);
/// Between two looks, at first and at most.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(2);

/// What comes over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something about the chat was committed.
    Changed,
    /// A piece of the answer to a message.
    Delta(u64, String),
    /// The dispatcher is gone, and looked for.
    Down,
    /// It is there again.
    Up,
    /// It did not come back.
    Gone,
}

/// The first connection; says how many are attached with it.
pub fn attach(graph: &Path, chat: ChatNumber) -> Result<(usize, Conversation)> {
    client::attach(graph, chat).map_err(|error| match error {
        ClientError::NotRunning => Failure::new(Kind::Later, "no dispatcher runs, so nobody answers")
            .because("a conversation needs one; `wg chat send` leaves a message without")
            .hint("wg service start"),
        error @ ClientError::Silent => Failure::new(Kind::Later, error.to_string()).hint("wg service status"),
        other => Failure::refused(format!("can't attach to {chat}")).because(other),
    })
}

/// Follows it on a thread of its own, until `tell` says that nobody listens any more.
pub fn follow(
    graph: PathBuf,
    chat: ChatNumber,
    first: Conversation,
    tell: impl Fn(Told) -> bool + Send + 'static,
) -> Result<()> {
    let failed = |error| Failure::refused("can't follow the conversation").because(error);
    let thread = thread::Builder::new().name("chat".to_owned());
    thread.spawn(move || while_told(&graph, chat, first, &tell)).map(drop).map_err(failed)
}

fn while_told(graph: &Path, chat: ChatNumber, mut conversation: Conversation, tell: &dyn Fn(Told) -> bool) {
    loop {
        while let Ok(Some(answer)) = conversation.next_whenever() {
            let told = match answer {
                Answer::ChatChanged => Told::Changed,
                Answer::ChatDelta { message, text } => Told::Delta(message, text),
                _ => continue,
            };
            if !tell(told) {
                return;
            }
        }
        if !tell(Told::Down) {
            return;
        }
        let Some(again) = look_for(graph, chat) else {
            tell(Told::Gone);
            return;
        };
        conversation = again;
        if !tell(Told::Up) {
            return;
        }
    }
}

fn look_for(graph: &Path, chat: ChatNumber) -> Option<Conversation> {
    let since = Instant::now();
    let mut pause = LOOK;
    while since.elapsed() < ABSENCE {
        if let Ok((_, conversation)) = client::attach(graph, chat) {
            return Some(conversation);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LOOK_MAX);
    }
    None
}
