//! The one way to change anything: load, decide, and commit rows, operation and effects in one transaction.

use crate::command::Command;
use crate::decide::{Draft, Refusal, decide};
use crate::id::{Actor, AttemptRef, OpSeq, TaskId};
use crate::port::{Store, StoreError, Write};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// How often a commit that another one overtook is tried again.
const TRIES: u32 = 8;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The operation that records it; where a fact changed nothing, the last one before it.
    pub operation: OpSeq,
    /// The tasks that it made or changed.
    pub tasks: Vec<TaskId>,
    /// The attempts that it made or changed.
    pub attempts: Vec<AttemptRef>,
    /// The numbers of messages to chats that it wrote or sent again.
    pub messages: Vec<u64>,
    /// What else the caller should know.
    pub notes: Vec<String>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The request was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A command and who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Who.
    pub actor: Actor,
    /// What.
    pub command: Command,
}

/// Does one command in one transaction of its own.
pub fn submit(
    store: &mut dyn Store,
    actor: &Actor,
    command: Command,
    now: Timestamp,
) -> Result<Receipt, SubmitError> {
    let request = Request { actor: actor.clone(), command };
    let mut receipts = submit_batch(store, &[request], now)?;
    Ok(receipts.pop().expect("one request has one answer")?)
}

/// Does many commands in one transaction, each its own operation, in order: a later one sees what an
/// earlier one did. One that is refused changes nothing; the others stand.
pub fn submit_batch(
    store: &mut dyn Store,
    requests: &[Request],
    now: Timestamp,
) -> Result<Vec<Result<Receipt, Rejection>>, StoreError> {
    let mut receipts = Vec::new();
    for attempt in 1.. {
        receipts.clear();
        let result = store.write(&mut |write| {
            receipts.clear();
            for request in requests {
                receipts.push(one(write, request, now)?);
            }
            Ok(())
        });
        match result {
            Err(StoreError::Conflict) if attempt < TRIES => {}
            other => return other.map(|()| receipts),
        }
    }
    unreachable!("the loop ends by returning")
}

/// What a command would do, with nothing written: for `--dry-run`.
pub fn rehearse(
    store: &mut dyn Store,
    actor: &Actor,
    command: &Command,
    now: Timestamp,
) -> Result<Receipt, SubmitError> {
    let mut outcome = None;
    store.read(&mut |read| {
        let operation = read.last_operation()?;
        let mut draft = Draft::new(read, actor.clone(), command.clone(), now);
        outcome = Some(match decide(&mut draft) {
            Err(Refusal::Store(error)) => return Err(error),
            Err(Refusal::Rejected(rejection)) => Err(rejection),
            Ok(()) => {
                let closed = draft.close();
                let tasks = closed.tasks.keys().cloned().collect();
                let attempts = closed.attempts.keys().copied().collect();
                Ok(Receipt { operation, tasks, attempts, messages: closed.messages, notes: closed.notes })
            }
        });
        Ok(())
    })?;
    Ok(outcome.expect("the view was read")?)
}

fn one(
    write: &mut dyn Write,
    request: &Request,
    now: Timestamp,
) -> Result<Result<Receipt, Rejection>, StoreError> {
    let mut draft = Draft::new(write, request.actor.clone(), request.command.clone(), now);
    match decide(&mut draft) {
        Err(Refusal::Store(error)) => return Err(error),
        Err(Refusal::Rejected(rejection)) => {
            debug_assert!(!request.command.is_fact(), "a fact is never refused: {rejection}");
            return Ok(Err(rejection));
        }
        Ok(()) => {}
    }
    let empty = draft.is_empty();
    let closed = draft.close();
    closed.write_aside(write)?;
    let operation = if empty { write.last_operation()? } else { closed.write(write)? };
    let tasks = closed.tasks.into_keys().collect();
    let attempts = closed.attempts.into_keys().collect();
    Ok(Ok(Receipt { operation, tasks, attempts, messages: closed.messages, notes: closed.notes }))
}
