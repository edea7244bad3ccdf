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

/// Who else may hear the same agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nobody: the dispatcher's lock is held.
    Nobody,
    /// A dispatcher, if one runs.
    ADispatcher,
}

/// What it takes to hear an agent that is over.
pub(super) struct Listener<'a> {
    /// Who speaks its language.
    pub(super) adapter: &'a dyn Adapter,
    /// What it said.
    pub(super) events: PathBuf,
    /// What an agent at work may use, where that costs money.
    pub(super) cap: Cap,
    /// Who else does.
    pub(super) beside: Beside,
    /// Who listens.
    pub(super) actor: &'a Actor,
    /// When.
    pub(super) now: Timestamp,
}

impl Listener<'_> {
    /// Takes in what is not taken in yet of an attempt that is over. Where its end was asked for, a dispatcher that
    /// runs is at it too, and the same words taken in by two would count twice.
    pub(super) fn take_in(&self, store: &mut dyn Store, attempt: &Attempt) -> Result<(), StoreError> {
        let (mut attempt, mut chat) = (attempt.clone(), None);
        store.read(&mut |read| {
            attempt =
                read.attempt(attempt.reference)?.map_or_else(|| attempt.clone(), |(attempt, _)| attempt);
            chat = served(read, &attempt)?;
            Ok(())
        })?;
        let (whose, conversation) = match (chat, attempt.kind) {
            _ if attempt.stop.is_some() && self.beside == Beside::ADispatcher => return Ok(()),
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wg_agents::Registry;
    use wg_core::attempt::{AttemptState, Progress, Stop};
    use wg_core::id::{AttemptRef, Fence, TaskId};
    use wg_core::usage::Usage;
    use wg_store::memory::MemoryStore;

    use super::*;
    use crate::config::DispatchConfig;

    /// The end of a turn as the program tells it.
    const SAID: &str = r#"{"type":"result","subtype":"error_during_execution","is_error":true,"usage":{"input_tokens":70,"output_tokens":5}}"#;

    /// What a graph knows of an agent's use after its last words were heard; its end had been asked for.
    fn used(beside: Beside) -> (Usage, Usage) {
        let now = Timestamp::from_nanos(86_400_000_000_000);
        let by = Actor::User("ann".into());
        let attempt = Attempt {
            reference: AttemptRef(1),
            kind: AttemptKind::Work,
            task: TaskId::parse("port").unwrap(),
            number: 1,
            fence: Fence(1),
            nonce: 7,
            adapter: "claude".into(),
            model: None,
            host: "box".into(),
            state: AttemptState::Running { since: now },
            created_at: now,
            shim: None,
            report: None,
            stop: Some(Stop { by: by.clone(), at: now, why: "it is abandoned".into() }),
            timeout: None,
            progress: Progress::default(),
        };
        let mut store = MemoryStore::new();
        store
            .write(&mut |view| {
                view.begin_operation(now, &by, &Command::PauseDispatch)?;
                view.put_attempt(&attempt)
            })
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let events = folder.path().join("events");
        std::fs::write(&events, format!("{SAID}\n")).unwrap();
        let registry = Registry::new(DispatchConfig::default().adapters);
        let adapter = registry.get("claude").unwrap();
        let listener = Listener { adapter, events, cap: Cap::default(), beside, actor: &by, now };
        // Heard twice, it counts once.
        listener.take_in(&mut store, &attempt).unwrap();
        listener.take_in(&mut store, &attempt).unwrap();
        let mut known = (Usage::default(), Usage::default());
        store
            .read(&mut |read| {
                let (attempt, _) = read.attempt(attempt.reference)?.unwrap();
                known = (attempt.progress.usage(), read.control()?.0.today(now).of(|_| true));
                Ok(())
            })
            .unwrap();
        known
    }

    #[test]
    fn what_an_agent_used_after_its_end_was_asked_for_counts() {
        let (attempt, today) = used(Beside::Nobody);
        assert_eq!((attempt.input, attempt.output), (70, 5));
        assert_eq!((today.input, today.output), (70, 5));
    }

    #[test]
    fn a_dispatcher_that_may_hear_it_too_is_left_to_count_it() {
        assert!(used(Beside::ADispatcher).0.is_empty());
    }
}
