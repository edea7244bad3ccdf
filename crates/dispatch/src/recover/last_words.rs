//! What a handler said last, taken in by whoever records its end while no dispatcher does: an answer that it has
//! given is an answer, and its message is not given again.

use wg_agents::{ChatFacts, Heard as Line, Registry};
use wg_core::attempt::{Attempt, AttemptKind};
use wg_core::chat::{Chat, Said};
use wg_core::command::{ChatCommand, Command, Heard};
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Store, StoreError};
use wg_core::submit::{Request, submit_batch};
use wg_core::time::Timestamp;

use crate::files::GraphFolder;
use crate::talk::Reader;

/// Takes in what is not taken in yet of an attempt that is over. Of one that its chat has let go nothing counts any
/// more, and of work on a task nothing is said here.
pub(super) fn take_in(
    store: &mut dyn Store,
    graph: &GraphFolder,
    registry: &Registry,
    (actor, now): (&Actor, Timestamp),
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let Some(chat) = served(store, attempt)? else { return Ok(()) };
    let facts = ChatFacts::of(&chat);
    let adapter = registry.get(&attempt.adapter);
    let Some(mut conversation) = adapter.and_then(|adapter| adapter.conversation(&facts)) else {
        return Ok(());
    };
    let mut reader = Reader::new(graph.attempt(attempt.reference).events(), chat.parsed);
    loop {
        let read = match reader.next() {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(handler = %attempt.reference, %error, "what it wrote can't be read");
                return Ok(());
            }
        };
        let mut parsed = read.too_long.last().copied().unwrap_or(0);
        let mut said: Vec<Said> = Vec::new();
        for (line, place) in &read.lines {
            parsed = parsed.max(*place);
            said.extend(conversation.line(line).into_iter().filter_map(|heard| match heard {
                Line::Kept(said) => Some(said),
                Line::Delta(_) | Line::Reply(_) | Line::Garbage(_) => None,
            }));
        }
        if parsed > 0 {
            let (handler, fence) = (attempt.reference, attempt.fence);
            let heard = Heard { chat: chat.number, handler, fence, said, parsed, jitter: 0 };
            let command = Command::Chat(ChatCommand::Heard(heard));
            submit_batch(store, &[Request { actor: actor.clone(), command }], now)?;
        }
        if read.end {
            return Ok(());
        }
    }
}

/// The chat that an attempt still serves.
fn served(store: &mut dyn Store, attempt: &Attempt) -> Result<Option<Chat>, StoreError> {
    let Some(number) = ChatNumber::of_task(&attempt.task).filter(|_| attempt.kind == AttemptKind::Handler)
    else {
        return Ok(None);
    };
    let mut found = None;
    store.read(&mut |read| {
        found = read.chat(number)?.map(|(chat, _)| chat);
        Ok(())
    })?;
    Ok(found.filter(|chat| chat.handler() == Some(attempt.reference) && chat.fence == attempt.fence))
}
