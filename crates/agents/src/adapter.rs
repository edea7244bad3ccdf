//! What every adapter answers, for tasks and (where it serves them) for chats.

use wg_core::attempt::{Attempt, Outcome};
use wg_core::task::Task;

use crate::account::{Allowed, Credential};
use crate::command_spec::CommandSpec;
use crate::conversation::{ChatFacts, Conversation};
use crate::process_end::ProcessEnd;
use crate::program::ProgramFacts;
use crate::sandbox::Sandboxing;

/// The code that speaks for one agent program.
pub trait Adapter: Send + Sync {
    /// Its name: the lane of the tasks it works on.
    fn name(&self) -> &'static str;

    /// The program that it would start, as it is configured: a path, or a name to be looked up.
    fn program(&self) -> &str;

    /// What to run for an attempt.
    fn launch(&self, task: &Task, attempt: &Attempt) -> Result<CommandSpec, Unlaunchable>;

    /// Who understands what its agent prints while it works on a task, and speaks with it where that reads
    /// [`crate::Stdin::Talk`]. Its work is a conversation of one turn. `None`: what it prints is kept, and
    /// means nothing.
    fn work(&self, _attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        None
    }

    /// Whether its agent takes in what is said to it in the middle of its turn.
    fn hears_in_flight(&self) -> bool {
        false
    }

    /// What the end of its process means, as far as the process tells. What the worker reported, and a stop
    /// that somebody asked for, are known to `submit` and go first.
    fn classify(&self, end: &ProcessEnd) -> Outcome;

    /// A hash over everything that decides whether it can work: another one clears a pause for a missing or
    /// wrong configuration. The same facts give the same hash, whatever the program's version.
    fn configuration(&self, facts: &ProgramFacts) -> u64;

    /// Whether its work costs money: such a one is never started by itself to see whether it works.
    fn is_paid(&self) -> bool {
        false
    }

    /// Where it shows that its program is logged in: any one of these is enough. Empty where it needs no account,
    /// or nobody knows.
    fn credentials(&self) -> &'static [Credential] {
        &[]
    }

    /// The arguments by which its program prints its version and does nothing else; `None` where there are none.
    fn version_args(&self) -> Option<&'static [&'static str]> {
        Some(&["--version"])
    }

    /// What its program may do without being asked.
    fn allowed(&self) -> Allowed {
        Allowed::ANYTHING
    }

    /// Whether its agents are put into a sandbox, and what they need there.
    fn sandboxing(&self) -> Sandboxing {
        Sandboxing::Never
    }

    /// Whether it works on tasks.
    fn works_on_tasks(&self) -> bool {
        true
    }

    /// Whether it can serve chats: only then are the rest asked for.
    fn serves_chats(&self) -> bool {
        false
    }

    /// What to run as a chat's handler.
    fn launch_chat(&self, _chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        Err(Unlaunchable::NoChats(self.name()))
    }

    /// Who speaks with that handler: a new one for each process, and for each adoption of one.
    fn conversation(&self, _chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        None
    }

    /// What the shim writes to a handler's standard input before it closes it: how its protocol says that it
    /// is to leave.
    fn farewell(&self) -> String {
        String::new()
    }

    /// The program whose presence and change decide about another chance for a chat that gave up.
    fn chat_program(&self, _chat: &ChatFacts) -> String {
        self.program().to_owned()
    }

    /// As [`Adapter::configuration`], for a chat: the hash over what decides whether its handler can work.
    /// `facts` are of [`Adapter::chat_program`].
    fn chat_configuration(&self, _chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.configuration(facts)
    }
}

/// The adapter has nothing to run for this task or chat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlaunchable {
    /// The task carries no command.
    #[error("the task has no command to run")]
    NoCommand,
    /// The text can't be an argument of a process.
    #[error("the task's command has a NUL character in it")]
    Nul,
    /// The adapter serves chats, and tasks are something else.
    #[error("the adapter {0} serves chats only: give the task another one")]
    ChatsOnly(&'static str),
    /// The adapter runs tasks, and chats are something else.
    #[error("the adapter {0} serves no chats: give the chat another one")]
    NoChats(&'static str),
    /// The chat carries no command.
    #[error("the chat has no command line to run")]
    NoChatCommand,
    /// The text can't be an argument of a process.
    #[error("the chat's command line has a NUL character in it")]
    ChatNul,
    /// The text can't be an argument of a process.
    #[error("the chat's model has a NUL character in it")]
    ModelNul,
    /// No agent was named that speaks the protocol.
    #[error(
        "the adapter acp has no agent: `wg config set acp.command 'PROGRAM ARGUMENT…'` names one that speaks the Agent Client Protocol"
    )]
    NoAgent,
    /// The command line can't be taken apart.
    #[error("the setting acp.command can't be read as words: {0}")]
    NoWords(&'static str),
}
