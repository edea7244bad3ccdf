//! The `command` adapter: any program that reads and writes lines of JSON serves a chat. It needs no account,
//! and serves chats only.
//!
//! What is said on both sides is `docs/chat-protocol.md`; here [`protocol`] writes and reads it, and
//! [`first_word`] finds the program in a command line.

mod first_word;
mod heard;
#[cfg(test)]
mod properties;
mod protocol;
#[cfg(test)]
mod tests;

use wg_core::attempt::{Attempt, ExitStatus, Outcome};
use wg_core::task::Task;

use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{ChatFacts, Conversation};
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};
use crate::shell::ShellConfig;

/// Its name, as chats have it.
const NAME: &str = "command";
/// Exit statuses by which a shell says that a command can't be executed, or is not there.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Serves chats by their command line.
#[derive(Debug, Clone, Default)]
pub struct Command {
    shell: ShellConfig,
}

impl Command {
    /// One that runs command lines by this shell.
    #[must_use]
    pub fn new(shell: ShellConfig) -> Self {
        Self { shell }
    }
}

impl Adapter for Command {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        &self.shell.program
    }

    fn launch(&self, _task: &Task, _attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        Err(Unlaunchable::ChatsOnly(NAME))
    }

    /// A handler that leaves has no work to report: whether its chat was served is in what it said. Exit 126
    /// and 127 are how a shell tells that another try would not help.
    fn classify(&self, end: &ProcessEnd) -> Outcome {
        match end {
            ProcessEnd::Left(ExitStatus::Code(0)) => Outcome::NoWork,
            ProcessEnd::Left(ExitStatus::Code(NOT_EXECUTABLE)) => {
                Outcome::Configuration { reason: "its command can't be executed (exit 126)".to_owned() }
            }
            ProcessEnd::Left(ExitStatus::Code(NOT_FOUND)) => {
                Outcome::Configuration { reason: "its command was not found (exit 127)".to_owned() }
            }
            ProcessEnd::Left(status) => Outcome::ExitedBadly { status: *status },
            ProcessEnd::Deadline => Outcome::TimedOut,
            ProcessEnd::NotExecuted { program, reason } => {
                Outcome::Configuration { reason: format!("the shell {program} can't be run: {reason}") }
            }
        }
    }

    fn configuration(&self, facts: &ProgramFacts) -> u64 {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.shell.program.as_bytes())
            .with_facts(facts)
            .value()
    }

    /// Not every shell knows how to print its version.
    fn version_args(&self) -> Option<&'static [&'static str]> {
        None
    }

    fn works_on_tasks(&self) -> bool {
        false
    }

    fn serves_chats(&self) -> bool {
        true
    }

    fn launch_chat(&self, chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        let command = chat.exec.as_deref().filter(|command| !command.trim().is_empty());
        let command = command.ok_or(Unlaunchable::NoChatCommand)?;
        if command.contains('\0') {
            return Err(Unlaunchable::ChatNul);
        }
        Ok(CommandSpec {
            program: self.shell.program.clone(),
            args: vec!["-c".to_owned(), command.to_owned()],
            env: Vec::new(),
            inherit: Vec::new(),
            stdin: Stdin::Talk,
        })
    }

    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        Some(Box::new(protocol::Lines::new(chat.clone())))
    }

    fn farewell(&self) -> String {
        protocol::farewell()
    }

    /// The first word of the command line; the shell, where that is nothing that the shell would look up.
    fn chat_program(&self, chat: &ChatFacts) -> String {
        let word = chat.exec.as_deref().and_then(first_word::first_word);
        word.unwrap_or_else(|| self.shell.program.clone())
    }

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.shell.program.as_bytes())
            .with(chat.exec.as_deref().unwrap_or_default().as_bytes())
            .with(chat.model.as_deref().unwrap_or_default().as_bytes())
            .with_facts(facts)
            .value()
    }
}
