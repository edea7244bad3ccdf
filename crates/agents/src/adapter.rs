//! What every adapter answers.

use wg_core::attempt::{Attempt, Outcome};
use wg_core::task::Task;

use crate::command_spec::CommandSpec;
use crate::process_end::ProcessEnd;
use crate::program::ProgramFacts;

/// The code that speaks for one agent program.
pub trait Adapter: Send + Sync {
    /// Its name: the lane of the tasks it works on.
    fn name(&self) -> &'static str;

    /// The program that it would start, as it is configured: a path, or a name to be looked up.
    fn program(&self) -> &str;

    /// What to run for an attempt.
    fn launch(&self, task: &Task, attempt: &Attempt) -> Result<CommandSpec, Unlaunchable>;

    /// What the end of its process means, as far as the process tells. What the worker reported, and a stop
    /// that somebody asked for, are known to `submit` and go first.
    fn classify(&self, end: &ProcessEnd) -> Outcome;

    /// A hash over everything that decides whether it can work: another one clears a pause for a missing or
    /// wrong configuration. The same facts give the same hash, whatever the program's version.
    fn configuration(&self, facts: &ProgramFacts) -> u64;
}

/// The adapter has nothing to run for this task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlaunchable {
    /// The task carries no command.
    #[error("the task has no command to run")]
    NoCommand,
    /// The text can't be an argument of a process.
    #[error("the task's command has a NUL character in it")]
    Nul,
}
