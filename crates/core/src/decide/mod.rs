//! What a command means for the graph as it stands: loads what it needs, steps the machines, and gives a
//! [`Draft`] of everything to be written. Pure given the view that it reads.

mod attempts;
mod budget;
mod chats;
mod day;
mod draft;
mod draft_chats;
mod edges;
mod edit;
mod handlers;
mod history;
mod import;
mod people;
mod providers;
mod rename;
mod undo;
mod worker;

pub(crate) use draft::Draft;

use crate::command::Command;
use crate::id::Actor;
use crate::port::StoreError;
use crate::rejection::Rejection;

/// Why there is nothing to write.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The request was refused.
    Rejected(Rejection),
    /// The store failed.
    Store(StoreError),
}
impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Decides `draft.command`.
pub(crate) fn decide(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let command = draft.command.clone();
    match draft.actor {
        Actor::Agent(attempt) => worker::decide(draft, attempt, command)?,
        Actor::User(_) | Actor::Dispatcher(_) => of_person(draft, command)?,
    }
    budget::keep(draft)
}

/// What a command means where it is not for an attempt to be limited.
fn of_person(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Add(new) => edit::add(draft, *new),
        Command::Edit { tasks, patch } => edit::edit(draft, &tasks, &patch),
        Command::Log { task, message } => people::log(draft, &task, &message),
        Command::Done { tasks, summary } => people::done(draft, &tasks, summary.as_deref()),
        Command::Fail { tasks, reason } => people::fail(draft, &tasks, &reason),
        Command::Retry { tasks } => people::reopen(draft, &tasks, true),
        Command::Reopen { tasks } => people::reopen(draft, &tasks, false),
        Command::Wait { task, on } => people::wait(draft, &task, on),
        Command::Abandon { tasks, reason } => people::abandon(draft, &tasks, reason.as_deref()),
        Command::Pause { tasks } => people::pause(draft, &tasks, true),
        Command::Resume { tasks } => people::pause(draft, &tasks, false),
        Command::Claim { task } => people::claim(draft, &task),
        Command::Unclaim { task } => people::unclaim(draft, &task),
        Command::AddArtifact { task, path } => people::artifact(draft, &task, &path),
        Command::PostMessage { task, body } => people::message(draft, &task, &body),
        Command::ReadMessages { .. } => {
            Err(Rejection::Invalid("messages are marked as read by the worker that they are for".into())
                .into())
        }
        Command::Kill { attempts, why } => attempts::kill(draft, &attempts, &why),
        Command::Undo { operation } => undo::undo(draft, operation),
        Command::Import(import) => import::import(draft, *import),
        Command::Chat(command) => chats::decide(draft, command),
        Command::PauseDispatch => people::dispatch(draft, true),
        Command::ResumeDispatch => people::dispatch(draft, false),
        Command::ResumeAdapter { adapter } => providers::resume(draft, &adapter),
        Command::StartAttempt(start) => attempts::start(draft, start),
        Command::AttemptStarted { attempt, fence, shim, at } => {
            attempts::started(draft, attempt, fence, shim, at)
        }
        Command::AttemptTold { attempt, fence, through } => {
            attempts::messages_told(draft, attempt, fence, through)
        }
        Command::AttemptHeard(heard) => attempts::heard(draft, heard),
        Command::AttemptEnded(ended) => attempts::ended(draft, ended),
        Command::WaitOver { task, never } => attempts::wait_over(draft, &task, never),
        Command::AdapterChanged { adapter } => providers::changed(draft, &adapter),
        Command::DayBudget(budget) => day::stands(draft, budget),
        Command::DispatcherStarted { host } => {
            draft.free_host = Some(host);
            Ok(())
        }
    }
}
