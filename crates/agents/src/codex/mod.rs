//! The `codex` adapter: OpenAI's Codex works on a task, or serves a chat.
//!
//! The program has two protocols, and each is used for what it is made for: `codex exec --json` is given a
//! prompt, prints events and leaves ([`exec`]); `codex app-server` is kept running and speaks JSON-RPC in lines
//! ([`protocol`] writes them, [`heard`] reads them). What both have in common is read in one place: what a tool
//! was used for ([`item`]), what was used ([`tally`]), and how a turn failed ([`failure`]).

mod exec;
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

use crate::account::{Allowed, Credential};
use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{ChatFacts, Conversation};
use crate::permissions::Permissions;
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};

/// Its name, as tasks and chats have it.
const NAME: &str = "codex";
/// Exit statuses of a program that stands before it (a wrapper of somebody's own): it can't be executed, or is
/// not there.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// How work begins, before all else.
const EXEC: [&str; 3] = [
    "exec",
    "--json",
    // Whether its folder is one of git's is for the task to say.
    "--skip-git-repo-check",
];
/// Where work's prompt comes from: standard input.
const FROM_INPUT: &str = "-";
/// How a chat's handler begins.
const APP_SERVER: &str = "app-server";

/// Settings of its own that hold for work and for chats.
const SETTINGS: [&str; 4] = [
    // Nobody is there to be asked.
    "approval_policy=\"never\"",
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

    /// `args`, and its settings behind them.
    fn spec(&self, args: &[&str], stdin: Stdin) -> CommandSpec {
        let door: &[&str] = match self.config.permissions {
            Permissions::Edit => &DOOR,
            Permissions::Full => &[],
        };
        let settings = SETTINGS.iter().chain(door).map(|setting| format!("--config={setting}"));
        CommandSpec {
            program: self.config.program.clone(),
            args: args.iter().map(|&arg| arg.to_owned()).chain(settings).collect(),
            env: Vec::new(),
            inherit: INHERITED.iter().map(|&name| name.to_owned()).collect(),
            stdin,
        }
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

/// A model that can be an argument, where one was asked for.
fn sound(model: Option<&str>) -> Result<Option<&str>, Unlaunchable> {
    match model {
        Some(model) if model.contains('\0') => Err(Unlaunchable::ModelNul),
        model => Ok(model),
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
        let model = sound(attempt.model.as_deref())?;
        let mut spec = self.spec(&EXEC, Stdin::Prompt);
        spec.args.push(
            match self.config.permissions {
                Permissions::Edit => "--sandbox=workspace-write",
                Permissions::Full => "--dangerously-bypass-approvals-and-sandbox",
            }
            .to_owned(),
        );
        spec.args.extend(model.map(|model| format!("--model={model}")));
        spec.args.push(FROM_INPUT.to_owned());
        Ok(spec)
    }

    fn work(&self, attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        Some(Box::new(exec::Exec::new(attempt.model.clone())))
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

    fn is_paid(&self) -> bool {
        true
    }

    fn serves_chats(&self) -> bool {
        true
    }

    /// Model, permissions and the conversation to go on with are told when it is greeted.
    fn launch_chat(&self, chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        sound(chat.model.as_deref())?;
        Ok(self.spec(&[APP_SERVER], Stdin::Talk))
    }

    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        Some(Box::new(protocol::Server::new(chat, self.config.permissions)))
    }

    // No farewell: it leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
