//! The `codex` adapter: OpenAI's Codex works on a task, or serves a chat.
//!
//! `codex app-server` is kept running for as long as somebody has something to say to it, and speaks JSON-RPC in
//! lines: [`protocol`] writes them and [`heard`] reads them. `codex exec`, which is made for work, tells what was
//! used only at the end, and of a provider that refuses nothing but a sentence: caps and pauses need more.

mod failure;
mod heard;
mod item;
#[cfg(test)]
mod properties;
mod protocol;
mod tally;
#[cfg(test)]
mod tests;

use wg_core::attempt::{Attempt, ExitStatus, Outcome};
use wg_core::task::Task;

use self::heard::{Listener, is_session};
use self::protocol::{Opening, Server};
use crate::account::{Allowed, Credential};
use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{ChatFacts, Conversation};
use crate::permissions::Permissions;
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};
use crate::sandbox::Sandboxing;

/// Its name, as tasks and chats have it.
const NAME: &str = "codex";
/// Exit statuses of a program that stands before it (a wrapper of somebody's own): it can't be executed, or is
/// not there.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// How a conversation over pipes is begun.
const APP_SERVER: &str = "app-server";

/// What a chat's handler is told of itself.
const CHAT: &str = "You serve a chat of workgraph, a graph of tasks that people and agents share. The command \
                    `wg` works on it; `wg quickstart` tells how. Between messages your process may end; the \
                    conversation goes on with the next message, but nothing that was left running does.";

/// Settings of its own that it is given.
const SETTINGS: [&str; 3] = [
    // A login shell would forget the `PATH` that the dispatcher's agents have, and `wg` with it.
    "allow_login_shell=false",
    // Waiting for a provider that is away is the dispatcher's part: by itself it would wait without end.
    "features.unbounded_connection_retries=false",
    // A goal makes it begin turns that nobody asked for.
    "features.goals=false",
];

/// What lets a worker's `wg` through its sandbox, and nothing else of the network. `wg` speaks to the socket of
/// its shim; the sandbox refuses sockets of every kind where the network is off, and where it is on, all of it
/// is. In between is its proxy: what the sandbox runs sees no network but the proxy's, whose list of allowed
/// names is empty unless the user's own configuration fills it, and sockets of files (`docs/adapters.md`).
const DOOR: [&str; 3] = [
    "sandbox_workspace_write.network_access=true",
    "features.network_proxy.enabled=true",
    "features.network_proxy.dangerously_allow_all_unix_sockets=true",
];

/// Variables of the dispatcher's that it gets where they are set: who pays, which provider, where its own files
/// are.
const INHERITED: [&str; 9] = [
    "CODEX_ACCESS_TOKEN",
    "CODEX_API_KEY",
    "CODEX_CA_CERTIFICATE",
    "CODEX_HOME",
    "CODEX_SQLITE_HOME",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT",
];

/// Where it shows that it is logged in.
static CREDENTIALS: [Credential; 3] = [
    Credential::Variable("CODEX_API_KEY"),
    Credential::Variable("OPENAI_API_KEY"),
    Credential::File { variable: Some("CODEX_HOME"), folder: ".codex", name: "auth.json" },
];

/// What can be configured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodexConfig {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// What it may do.
    pub permissions: Permissions,
}

impl Default for CodexConfig {
    fn default() -> Self {
        Self { program: NAME.to_owned(), permissions: Permissions::default() }
    }
}

/// Works and serves chats by Codex.
#[derive(Debug, Clone, Default)]
pub struct Codex {
    config: CodexConfig,
}

impl Codex {
    /// One that is configured so.
    #[must_use]
    pub fn new(config: CodexConfig) -> Self {
        Self { config }
    }

    /// Model, permissions and the conversation to go on with are told when it is greeted.
    fn spec(&self, model: Option<&str>) -> Result<CommandSpec, Unlaunchable> {
        if model.is_some_and(|model| model.contains('\0')) {
            return Err(Unlaunchable::ModelNul);
        }
        let door: &[&str] = match self.config.permissions {
            Permissions::Edit => &DOOR,
            Permissions::Full => &[],
        };
        let settings = SETTINGS.iter().chain(door).map(|setting| format!("--config={setting}"));
        Ok(CommandSpec {
            program: self.config.program.clone(),
            args: std::iter::once(APP_SERVER.to_owned()).chain(settings).collect(),
            env: Vec::new(),
            inherit: INHERITED.iter().map(|&name| name.to_owned()).collect(),
            stdin: Stdin::Talk,
        })
    }

    fn fingerprint(&self, facts: &ProgramFacts) -> Fingerprint {
        let full = self.config.permissions == Permissions::Full;
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.config.program.as_bytes())
            .with(&[u8::from(full)])
            .with_facts(facts)
    }
}

impl Adapter for Codex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        &self.config.program
    }

    fn launch(&self, _task: &Task, attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        self.spec(attempt.model.as_deref())
    }

    fn work(&self, attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        let opening = Opening {
            model: attempt.model.clone(),
            permissions: self.config.permissions,
            instructions: None,
        };
        // Its conversation begins with its task, so what all of it used is what the task did.
        let listener =
            Listener::new(attempt.reference, attempt.progress.session.clone(), opening).counting_all();
        Some(Box::new(Server::new(listener)))
    }

    fn hears_in_flight(&self) -> bool {
        true
    }

    /// What it has to say of its provider it says while it lives: its exit status adds nothing to that.
    fn classify(&self, end: &ProcessEnd) -> Outcome {
        let program = &self.config.program;
        match end {
            ProcessEnd::Left(ExitStatus::Code(0)) => Outcome::NoWork,
            ProcessEnd::Left(ExitStatus::Code(NOT_EXECUTABLE)) => {
                Outcome::Configuration { reason: format!("{program} can't be executed (exit 126)") }
            }
            ProcessEnd::Left(ExitStatus::Code(NOT_FOUND)) => {
                Outcome::Configuration { reason: format!("{program} was not found (exit 127)") }
            }
            ProcessEnd::Left(status) => Outcome::ExitedBadly { status: *status },
            ProcessEnd::Deadline => Outcome::TimedOut,
            ProcessEnd::NotExecuted { program, reason } => Outcome::Configuration {
                reason: format!(
                    "{program} can't be run: {reason}; the setting codex.program says where Codex is"
                ),
            },
        }
    }

    fn configuration(&self, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).value()
    }

    fn credentials(&self) -> &'static [Credential] {
        &CREDENTIALS
    }

    fn allowed(&self) -> Allowed {
        self.config
            .permissions
            .allowed("edit files below its folder, run commands in its own sandbox without a network")
    }

    fn sandboxing(&self) -> Sandboxing {
        Sandboxing::Own
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn serves_chats(&self) -> bool {
        true
    }

    fn launch_chat(&self, chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        self.spec(chat.model.as_deref())
    }

    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        let opening = Opening {
            model: chat.model.clone(),
            permissions: self.config.permissions,
            instructions: Some(CHAT),
        };
        // Only what it can have said itself: an older program may have left something else here.
        let session = chat.session.clone().filter(|session| is_session(session));
        Some(Box::new(Server::new(Listener::new(chat.handler, session, opening))))
    }

    // No farewell: it leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
