//! The `acp` adapter: any agent that speaks the Agent Client Protocol works on tasks and serves chats.
//!
//! The protocol is version 1: requests of JSON-RPC, a line each, on both sides. Here stands the client of it, for
//! this adapter and for those whose program speaks it too: [`client`] opens the conversation and speaks,
//! [`turn`] puts together what was said, [`permission`] answers what an agent asks, [`failure`] tells what an
//! error was. What is read is read totally; types and fields of later versions mean nothing.

mod client;
pub(crate) mod failure;
mod permission;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;
mod turn;
mod words;

pub(crate) use client::{Client, Talk};

use wg_core::attempt::{Attempt, Outcome};
use wg_core::task::Task;

use crate::account::Allowed;
use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{ChatFacts, Conversation};
use crate::permissions::Permissions;
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};
use crate::sandbox::{Needs, Place, Sandboxing};

/// Its name, as chats have it.
const NAME: &str = "acp";

/// What can be configured of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcpConfig {
    /// The command line of an agent that speaks the protocol on its standard input and output, by words.
    pub command: Option<String>,
    /// What it may do.
    pub permissions: Permissions,
}

/// Works on tasks and serves chats by an agent that somebody names.
#[derive(Debug, Clone, Default)]
pub struct Acp {
    config: AcpConfig,
    /// The words of the command line; nothing where it has none.
    words: Vec<String>,
}

impl Acp {
    /// One that is configured so.
    #[must_use]
    pub fn new(config: AcpConfig) -> Self {
        let words = config.command.as_deref().and_then(|line| words::words(line).ok()).unwrap_or_default();
        Self { config, words }
    }

    fn spec(&self) -> Result<CommandSpec, Unlaunchable> {
        let line = self.config.command.as_deref().ok_or(Unlaunchable::NoAgent)?;
        let mut words = words::words(line).map_err(Unlaunchable::NoWords)?.into_iter();
        Ok(CommandSpec {
            program: words.next().unwrap_or_default(),
            args: words.collect(),
            env: Vec::new(),
            // What it needs is not known here: `env.pass` names it.
            inherit: Vec::new(),
            stdin: Stdin::Talk,
        })
    }

    fn fingerprint(&self, facts: &ProgramFacts) -> Fingerprint {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.config.command.as_deref().unwrap_or_default().as_bytes())
            .with(&[u8::from(self.config.permissions == Permissions::Full)])
            .with_facts(facts)
    }

    fn client(&self, session: Option<String>, model: Option<String>, chat: bool) -> Client {
        Client::new(Talk { session, model, permissions: self.config.permissions, chat })
    }
}

impl Adapter for Acp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn launch(&self, _task: &Task, _attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        self.spec()
    }

    fn work(&self, attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        Some(Box::new(self.client(attempt.progress.session.clone(), attempt.model.clone(), false)))
    }

    fn classify(&self, end: &ProcessEnd) -> Outcome {
        end.of_agent(self.program(), "acp.command", "the agent")
    }

    fn configuration(&self, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).value()
    }

    fn allowed(&self) -> Allowed {
        self.config.permissions.allowed("what it asks for: to edit files below its folder, run git and wg")
    }

    /// What the agent is nobody here knows: it gets the places that a program of its name has by convention.
    fn sandboxing(&self) -> Sandboxing {
        let file = self.program().rsplit('/').next().unwrap_or_default();
        let name = file.split('.').next().unwrap_or_default();
        let places = if name.is_empty() {
            Vec::new()
        } else {
            let own = Place::if_there(None, "", &format!(".{name}"));
            Place::by_convention(name).chain(std::iter::once(own)).collect()
        };
        Sandboxing::with(self.config.permissions, Needs { places, is_anybody: true })
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn serves_chats(&self) -> bool {
        true
    }

    fn launch_chat(&self, _chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        self.spec()
    }

    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        Some(Box::new(self.client(chat.session.clone(), chat.model.clone(), true)))
    }

    // No farewell: it leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
