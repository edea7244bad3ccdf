//! What an agent said last, taken in by whoever records its end while no dispatcher does: an answer that a handler
//! has given is an answer, and its message is not given again; a provider that was away for an agent at work is no
//! failure of its task.

use std::path::PathBuf;

use wg_agents::{Adapter, ChatFacts, Conversation, Heard as Line};
use wg_core::attempt::{Attempt, AttemptKind};
use wg_core::chat::{Chat, Said};
use wg_core::command::{AttemptHeard, ChatCommand, Command, Heard};
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Read, Store, StoreError};
use wg_core::submit::{Request, submit_batch};
use wg_core::time::Timestamp;
use wg_core::usage::Cap;

use crate::talk::Reader;

/// Whose words they are.
enum Whose {
    /// Of a chat's handler.
    Handler(Box<Chat>),
    /// Of an agent at work on a task, which may have used this much.
    Work(Cap),
}

/// What it takes to hear an agent that is over.
pub(super) struct Listener<'a> {
    /// Who speaks its language.
    pub(super) adapter: &'a dyn Adapter,
    /// What it said.
    pub(super) events: PathBuf,
    /// What an agent at work may use, where that costs money.
    pub(super) cap: Cap,
    /// Who listens.
    pub(super) actor: &'a Actor,
    /// When.
    pub(super) now: Timestamp,
}

impl Listener<'_> {
    /// Takes in what is not taken in yet of an attempt that is over. Where its end was asked for nothing that it
    /// said counts any more; and there a dispatcher may be at it too.
    pub(super) fn take_in(&self, store: &mut dyn Store, attempt: &Attempt) -> Result<(), StoreError> {
        let (mut attempt, mut chat) = (attempt.clone(), None);
        store.read(&mut |read| {
            attempt =
                read.attempt(attempt.reference)?.map_or_else(|| attempt.clone(), |(attempt, _)| attempt);
            chat = served(read, &attempt)?;
            Ok(())
        })?;
        let (whose, conversation) = match (chat, attempt.kind) {
            _ if attempt.stop.is_some() => return Ok(()),
            (Some(chat), _) => {
                let conversation = self.adapter.conversation(&ChatFacts::of(&chat));
                (Whose::Handler(Box::new(chat)), conversation)
            }
            (None, AttemptKind::Handler) => return Ok(()),
            (None, _) => {
                let cap = if self.adapter.is_paid() { self.cap } else { Cap::default() };
                (Whose::Work(cap), self.adapter.work(&attempt))
            }
        };
        match conversation {
            Some(conversation) => self.hear(store, &attempt, &whose, conversation),
            None => Ok(()),
        }
    }

    fn hear(
        &self,
        store: &mut dyn Store,
        attempt: &Attempt,
        whose: &Whose,
        mut conversation: Box<dyn Conversation>,
    ) -> Result<(), StoreError> {
        let from = match whose {
            Whose::Handler(chat) => chat.parsed,
            Whose::Work(_) => attempt.progress.parsed,
        };
        let mut reader = Reader::new(self.events.clone(), from);
        loop {
            let read = match reader.next() {
                Ok(read) => read,
                Err(error) => {
                    tracing::warn!(attempt = %attempt.reference, %error, "what it wrote can't be read");
                    return Ok(());
                }
            };
            let mut parsed = read.too_long.last().copied().unwrap_or(0);
            let mut said: Vec<Said> = Vec::new();
            for (line, place) in &read.lines {
                parsed = parsed.max(*place);
                said.extend(conversation.line(line).into_iter().filter_map(kept));
            }
            if parsed > 0 {
                let command = heard(attempt, whose, said, parsed);
                submit_batch(store, &[Request { actor: self.actor.clone(), command }], self.now)?;
            }
            if read.end {
                return Ok(());
            }
        }
    }
}

fn kept(heard: Line) -> Option<Said> {
    match heard {
        Line::Kept(said) => Some(said),
        Line::Delta(_) | Line::Reply(_) | Line::Garbage(_) => None,
    }
}

fn heard(attempt: &Attempt, whose: &Whose, said: Vec<Said>, parsed: u64) -> Command {
    let (reference, fence) = (attempt.reference, attempt.fence);
    match whose {
        Whose::Handler(chat) => {
            let (chat, handler, jitter) = (chat.number, reference, 0);
            Command::Chat(ChatCommand::Heard(Heard { chat, handler, fence, said, parsed, jitter }))
        }
        Whose::Work(cap) => {
            Command::AttemptHeard(AttemptHeard { attempt: reference, fence, said, parsed, cap: *cap })
        }
    }
}

/// The chat that an attempt still serves.
fn served(read: &mut dyn Read, attempt: &Attempt) -> Result<Option<Chat>, StoreError> {
    let chat = match ChatNumber::of_task(&attempt.task).filter(|_| attempt.kind == AttemptKind::Handler) {
        Some(number) => read.chat(number)?.map(|(chat, _)| chat),
        None => None,
    };
    Ok(chat.filter(|chat| chat.handler() == Some(attempt.reference) && chat.fence == attempt.fence))
}
