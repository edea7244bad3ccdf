//! The connection to the dispatcher that says that somebody is there: while it is open, the chat is wanted. A
//! dispatcher that is restarted is found again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wg_core::id::ChatNumber;
use wg_dispatch::control::client::{self, ClientError, Conversation, HangUp};
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

/// A connection that says that somebody is there, and how to have it again.
pub struct Lease {
    graph: PathBuf,
    chat: ChatNumber,
    answers: bool,
    conversation: Conversation,
}

/// Attaches, as a person who answers what is asked or not; says how many are attached with that.
pub fn attach(graph: &Path, chat: ChatNumber, answers: bool) -> Result<(usize, Lease)> {
    let (attached, conversation) = client::attach(graph, chat, answers).map_err(|error| match error {
        ClientError::NotRunning => Failure::new(Kind::Later, "no dispatcher runs, so nobody answers")
            .because("a conversation needs one; `wg chat send` leaves a message without")
            .hint("wg service start"),
        error @ ClientError::Silent => Failure::new(Kind::Later, error.to_string()).hint("wg service status"),
        other => Failure::refused(format!("can't attach to {chat}")).because(other),
    })?;
    Ok((attached, Lease { graph: graph.to_owned(), chat, answers, conversation }))
}

/// Lets go of a lease for a while, though somebody follows it.
#[derive(Clone, Default)]
pub struct Pause(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    back: Condvar,
}

#[derive(Default)]
struct Held {
    /// Nobody is there just now.
    away: bool,
    end: Option<HangUp>,
}

impl Pause {
    /// Nobody is there from now on.
    pub fn go(&self) {
        let mut held = self.held();
        held.away = true;
        if let Some(end) = held.end.take() {
            end.hang_up();
        }
    }

    /// Somebody is there again.
    pub fn come_back(&self) {
        self.held().away = false;
        self.0.back.notify_all();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing in here can leave it half changed.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection is there; it is ended at once where nobody is.
    fn is_held_by(&self, conversation: &Conversation) {
        let end = conversation.end().ok();
        let mut held = self.held();
        match (held.away, end) {
            (true, Some(end)) => end.hang_up(),
            (_, end) => held.end = end,
        }
    }

    /// Waits while nobody is there; whether that was so.
    fn waited(&self) -> bool {
        let held = self.held();
        let was = held.away;
        drop(self.0.back.wait_while(held, |held| held.away).unwrap_or_else(PoisonError::into_inner));
        was
    }
}

impl Lease {
    /// Follows it on a thread of its own, until `tell` says that nobody listens any more.
    pub fn follow(self, tell: impl Fn(Told) -> bool + Send + 'static) -> Result<Pause> {
        let failed = |error| Failure::refused("can't follow the conversation").because(error);
        let pause = Pause::default();
        let thread = thread::Builder::new().name("chat".to_owned());
        let shared = pause.clone();
        thread.spawn(move || self.while_told(&shared, &tell)).map_err(failed)?;
        Ok(pause)
    }

    fn while_told(mut self, pause: &Pause, tell: &dyn Fn(Told) -> bool) {
        loop {
            pause.is_held_by(&self.conversation);
            while let Ok(Some(answer)) = self.conversation.next_whenever() {
                let told = match answer {
                    Answer::ChatChanged => Told::Changed,
                    Answer::ChatDelta { message, text } => Told::Delta(message, text),
                    _ => continue,
                };
                if !tell(told) {
                    return;
                }
            }
            let again = match pause.waited().then(|| self.once_more()).flatten() {
                Some(again) => (again, Told::Changed),
                None if !tell(Told::Down) => return,
                None => match self.look_for() {
                    Some(again) => (again, Told::Up),
                    None => {
                        tell(Told::Gone);
                        return;
                    }
                },
            };
            self.conversation = again.0;
            if !tell(again.1) {
                return;
            }
        }
    }

    fn once_more(&self) -> Option<Conversation> {
        client::attach(&self.graph, self.chat, self.answers).ok().map(|(_, conversation)| conversation)
    }

    fn look_for(&self) -> Option<Conversation> {
        let since = Instant::now();
        let mut pause = LOOK;
        while since.elapsed() < ABSENCE {
            if let Some(again) = self.once_more() {
                return Some(again);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LOOK_MAX);
        }
        None
    }
}
