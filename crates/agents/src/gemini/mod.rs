//! The `gemini` adapter: Gemini CLI works on tasks and serves chats over the Agent Client Protocol
//! (`gemini --acp`).
//!
//! Its other form (`gemini -p`) is not used: in a folder that nobody told it to trust, which a fresh worktree
//! always is, that one leaves out what it was allowed on its command line; here it asks, and is answered.

#[cfg(test)]
mod tests;

use wg_core::attempt::{Attempt, Outcome};
use wg_core::task::Task;

use crate::account::{Allowed, Credential};
use crate::acp::{Client, Talk};
use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{ChatFacts, Conversation};
use crate::permissions::Permissions;
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};
use crate::sandbox::{Needs, Place, Sandboxing};

/// Its name, as chats have it.
const NAME: &str = "gemini";

/// Variables of the dispatcher's that it gets where they are set: who pays, which provider, which folders it
/// trusts.
const INHERITED: [&str; 12] = [
    "GEMINI_API_KEY",
    "GEMINI_CLI_HOME",
    "GEMINI_CLI_TRUST_WORKSPACE",
    "GEMINI_CLI_TRUSTED_FOLDERS_PATH",
    "GOOGLE_API_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_LOCATION",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_GENAI_USE_GCA",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_VERTEX_BASE_URL",
];

/// Where it shows that it is logged in.
static CREDENTIALS: [Credential; 3] = [
    Credential::Variable("GEMINI_API_KEY"),
    Credential::Variable("GOOGLE_API_KEY"),
    Credential::File { variable: None, folder: ".gemini", name: "oauth_creds.json" },
];

/// The variable that names the folder its own folder lies in, which is else the home folder.
const HOME: Option<&str> = Some("GEMINI_CLI_HOME");

/// What of it says what the program does when a person starts it.
const KEPT: [&str; 5] = [
    ".gemini/GEMINI.md",
    ".gemini/commands",
    ".gemini/extensions",
    ".gemini/settings.json",
    ".gemini/trustedFolders.json",
];

/// What can be configured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeminiConfig {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// What it may do.
    pub permissions: Permissions,
}

impl Default for GeminiConfig {
    fn default() -> Self {
        Self { program: NAME.to_owned(), permissions: Permissions::default() }
    }
}

/// Works on tasks and serves chats by Gemini CLI.
#[derive(Debug, Clone, Default)]
pub struct Gemini {
    config: GeminiConfig,
}

impl Gemini {
    /// One that is configured so.
    #[must_use]
    pub fn new(config: GeminiConfig) -> Self {
        Self { config }
    }

    fn spec(&self, model: Option<&str>) -> Result<CommandSpec, Unlaunchable> {
        let mode = match self.config.permissions {
            Permissions::Edit => "--approval-mode=auto_edit",
            Permissions::Full => "--approval-mode=yolo",
        };
        let mut args = vec!["--acp".to_owned(), mode.to_owned()];
        if let Some(model) = model {
            if model.contains('\0') {
                return Err(Unlaunchable::ModelNul);
            }
            args.push(format!("--model={model}"));
        }
        Ok(CommandSpec {
            program: self.config.program.clone(),
            args,
            env: Vec::new(),
            inherit: INHERITED.iter().map(|&name| name.to_owned()).collect(),
            stdin: Stdin::Talk,
        })
    }

    fn fingerprint(&self, facts: &ProgramFacts) -> Fingerprint {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.config.program.as_bytes())
            .with(&[u8::from(self.config.permissions == Permissions::Full)])
            .with_facts(facts)
    }

    /// Its model stands on its command line.
    fn client(&self, session: Option<String>, chat: bool) -> Client {
        Client::new(Talk { session, model: None, permissions: self.config.permissions, chat })
    }
}

impl Adapter for Gemini {
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
        Some(Box::new(self.client(attempt.progress.session.clone(), false)))
    }

    fn classify(&self, end: &ProcessEnd) -> Outcome {
        end.of_agent(&self.config.program, "gemini.program", "Gemini CLI")
    }

    fn configuration(&self, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).value()
    }

    fn credentials(&self) -> &'static [Credential] {
        &CREDENTIALS
    }

    fn allowed(&self) -> Allowed {
        self.config.permissions.allowed("edit files below its folder, run git and wg")
    }

    fn sandboxing(&self) -> Sandboxing {
        let places =
            [Place::writes(HOME, "", ".gemini"), Place::login("GOOGLE_GENAI_USE_VERTEXAI", ".config/gcloud")];
        let needs = Needs::of(places.into_iter().chain(Place::keeps(HOME, "", &KEPT)));
        Sandboxing::with(self.config.permissions, needs)
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
        Some(Box::new(self.client(chat.session.clone(), true)))
    }

    // No farewell: it leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
