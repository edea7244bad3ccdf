//! What a verb has at hand: the graph (found and opened when first needed), who asks, the clock, the
//! configuration, and where to write. A verb takes nothing from the process itself, so that the same verb
//! serves a person at a terminal and a worker through its shim.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use wg_core::attempt::{Attempt, AttemptKind};
use wg_core::command::{ChatCommand, Command};
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Read, Store};
use wg_core::rejection::Rejection;
use wg_core::submit::{Receipt, SubmitError, rehearse, submit};
use wg_core::time::Timestamp;
use wg_core::view::Surroundings;
use wg_dispatch::chat_history;
use wg_dispatch::files::GraphFolder;

use crate::actor;
use crate::config::Config;
use crate::environment::Environment;
use crate::error::{Failure, Result};
use crate::finding::locate;
use crate::output::Output;
use crate::wire;

/// What a verb does to the graph, which decides how the store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

/// Who asks, and through what.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The owner of the graph, at the command line.
    Person,
    /// A worker, through the door of its shim.
    Worker(Box<Attempt>),
}

/// What there is to read on standard input.
#[derive(Debug, Clone)]
pub enum Input {
    /// The process's own.
    Process,
    /// This text.
    Given(String),
}

/// What a verb has at hand.
pub struct Context {
    /// Where it writes.
    pub out: Output,
    /// Where it was called.
    pub env: Environment,
    caller: Caller,
    input: Input,
    access: Access,
    given_folder: Option<PathBuf>,
    folder: Option<PathBuf>,
    store: Option<Box<dyn Store>>,
    config: Option<Config>,
}

impl Context {
    /// The context of a command line. `graph` names the graph; absent: it is looked for.
    #[must_use]
    pub fn of_person(out: Output, env: Environment, access: Access, graph: Option<PathBuf>) -> Self {
        Self {
            out,
            env,
            caller: Caller::Person,
            input: Input::Process,
            access,
            given_folder: graph,
            folder: None,
            store: None,
            config: None,
        }
    }

    /// The context of what a worker asks of its shim, for the graph at `folder`.
    #[must_use]
    pub fn of_worker(out: Output, env: Environment, attempt: Attempt, input: Input, folder: PathBuf) -> Self {
        Self {
            out,
            env,
            caller: Caller::Worker(Box::new(attempt)),
            input,
            // What looks may write too: reading its messages marks them as read.
            access: Access::Write,
            given_folder: None,
            folder: Some(folder),
            store: None,
            config: None,
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        wire::now()
    }

    /// A time as it is to be shown.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        self.out.time(at, self.now())
    }

    /// The folder of the graph.
    pub fn folder(&mut self) -> Result<&Path> {
        if self.folder.is_none() {
            self.folder = Some(locate::find(&self.env, self.given_folder.as_deref())?);
        }
        Ok(self.folder.as_deref().expect("it was set just now"))
    }

    /// The attempt whose worker asks, where one does.
    #[must_use]
    pub fn worker(&self) -> Option<&Attempt> {
        match &self.caller {
            Caller::Person => None,
            Caller::Worker(attempt) => Some(attempt),
        }
    }

    /// Whether a worker asks that reports of its task. What a chat's agent says done is done.
    #[must_use]
    pub fn is_of_work(&self) -> bool {
        self.worker().is_some_and(|attempt| attempt.kind == AttemptKind::Work)
    }

    /// Who asks.
    pub fn actor(&self) -> Result<Actor> {
        match &self.caller {
            Caller::Person => actor::of_person(&self.env),
            Caller::Worker(attempt) => Ok(Actor::Agent(attempt.reference)),
        }
    }

    /// The graph's store.
    pub fn store(&mut self) -> Result<&mut dyn Store> {
        if self.store.is_none() {
            let access = self.access;
            let opened = wire::open(self.folder()?, access)?;
            self.store = Some(opened);
        }
        Ok(self.store.as_deref_mut().expect("it was set just now"))
    }

    /// Looks at the graph, in one consistent view.
    pub fn read<T>(&mut self, mut work: impl FnMut(&mut dyn Read) -> Result<T>) -> Result<T> {
        let mut found = None;
        self.store()?.read(&mut |read| {
            found = Some(work(read));
            Ok(())
        })?;
        found.expect("a store that says Ok has called its work")
    }

    /// Looks at the graph and writes while it looks, where the answer is too large to be gathered first.
    pub fn read_into_output<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn Read, &mut Output) -> Result<T>,
    ) -> Result<T> {
        let mut found = None;
        self.store()?;
        let (store, out) = (self.store.as_mut().expect("it was opened just now"), &mut self.out);
        store.read(&mut |read| {
            found = Some(work(read, out));
            Ok(())
        })?;
        found.expect("a store that says Ok has called its work")
    }

    /// The store, and where to write meanwhile.
    pub fn store_and_output(&mut self) -> Result<(&mut dyn Store, &mut Output)> {
        self.store()?;
        Ok((self.store.as_deref_mut().expect("it was opened just now"), &mut self.out))
    }

    /// Changes the graph, and tells a dispatcher that listens.
    pub fn submit(&mut self, command: Command) -> Result<Receipt> {
        Ok(self.try_submit(command)??)
    }

    /// As [`Context::submit`], for a caller to whom a rejection may be good news.
    pub fn try_submit(&mut self, command: Command) -> Result<std::result::Result<Receipt, Rejection>> {
        let actor = self.actor()?;
        if matches!(self.caller, Caller::Person) {
            let folder = self.folder()?.to_owned();
            actor::refuse_lost_worker(&self.env, &folder)?;
        }
        let now = self.now();
        let told = chats_of(&command);
        let receipt = match submit(self.store()?, &actor, command, now) {
            Ok(receipt) => receipt,
            Err(SubmitError::Rejected(rejection)) => return Ok(Err(rejection)),
            Err(SubmitError::Store(error)) => return Err(error.into()),
        };
        let worker = self.worker().map(|attempt| attempt.reference);
        wire::poke(self.folder()?, worker);
        let changed = receipt.tasks.iter().filter_map(ChatNumber::of_task);
        self.write_histories(told.into_iter().chain(changed).collect())?;
        Ok(Ok(receipt))
    }

    /// Without a dispatcher, histories of chats are written down here; where that fails the next one does it.
    pub fn write_histories(&mut self, chats: BTreeSet<ChatNumber>) -> Result<()> {
        let folder = self.folder()?.to_owned();
        if chats.is_empty() || wire::dispatcher_listens(&folder) {
            return Ok(());
        }
        let graph = GraphFolder::new(folder);
        for chat in chats {
            if let Err(error) = chat_history::complete(&graph, self.store()?, chat) {
                self.out.note(&format!("the history of {chat} can't be written down now: {error}"))?;
            }
        }
        Ok(())
    }

    /// What a command would do, with nothing changed.
    pub fn rehearse(&mut self, command: &Command) -> Result<std::result::Result<Receipt, Rejection>> {
        let (actor, now) = (self.actor()?, self.now());
        match rehearse(self.store()?, &actor, command, now) {
            Ok(receipt) => Ok(Ok(receipt)),
            Err(SubmitError::Rejected(rejection)) => Ok(Err(rejection)),
            Err(SubmitError::Store(error)) => Err(error.into()),
        }
    }

    /// What stands on standard input, to be read once.
    #[must_use]
    pub fn input(&self) -> Box<dyn std::io::BufRead> {
        match &self.input {
            Input::Given(given) => Box::new(std::io::Cursor::new(given.clone().into_bytes())),
            Input::Process => Box::new(std::io::BufReader::new(std::io::stdin())),
        }
    }

    /// The configuration.
    pub fn config(&mut self) -> Result<&Config> {
        if self.config.is_none() {
            let folder = self.folder()?.to_owned();
            self.config = Some(Config::load(&self.env, Some(&folder))?);
        }
        Ok(self.config.as_ref().expect("it was set just now"))
    }

    /// What is to be known of the world around the graph to say why a task is not running.
    pub fn surroundings(&mut self) -> Result<Surroundings> {
        let policy = wire::policy(self.config()?);
        Ok(Surroundings { dispatcher: wire::dispatcher_listens(self.folder()?), policy })
    }

    /// A text that was given, or where it is `-`, what stands on standard input.
    pub fn text(&mut self, given: &str) -> Result<String> {
        if given != "-" {
            return Ok(given.to_owned());
        }
        let mut text = String::new();
        match &self.input {
            Input::Given(given) => text.clone_from(given),
            Input::Process => {
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| Failure::refused("can't read standard input").because(error))?;
            }
        }
        Ok(text.trim_end().to_owned())
    }
}

/// The chats that a command writes to.
fn chats_of(command: &Command) -> Vec<ChatNumber> {
    match command {
        Command::Chat(ChatCommand::Send { chat, .. }) => vec![*chat],
        Command::PostMessage { task, .. } => ChatNumber::of_task(task).into_iter().collect(),
        _ => Vec::new(),
    }
}
