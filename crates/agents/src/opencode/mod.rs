//! The `opencode` adapter: opencode serves chats over the Agent Client Protocol (`opencode acp`), and works on a
//! task as one run (`opencode run --format json`), whose lines [`run`] reads: they tell more than the protocol
//! does of what every step used and of how a provider refused.

#[cfg(test)]
mod properties;
mod run;
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
const NAME: &str = "opencode";

/// Rules of its own for work, that go before those of its configuration. It takes a command line apart into the
/// commands that it runs, and tells the model when one is denied.
const EDIT: &str = r#"{"edit":"allow","bash":{"*":"deny","git *":"allow","wg *":"allow"},"external_directory":"deny","webfetch":"deny","websearch":"deny"}"#;

/// Those for a chat, where it may ask.
const EDIT_OR_ASK: &str = r#"{"edit":"allow","bash":{"*":"ask","git *":"allow","wg *":"allow"},"external_directory":"ask","webfetch":"ask","websearch":"ask"}"#;

/// Its configuration in a chat, where nobody has given it another: it tells the model too when it asked and was
/// refused, and goes on; else its turn would end there.
const GOES_ON: (&str, &str) =
    ("OPENCODE_CONFIG_CONTENT", r#"{"experimental":{"continue_loop_on_deny":true}}"#);

/// Variables of the dispatcher's that it gets where they are set: who pays, which provider, where its
/// configuration lies. What other providers want, `env.pass` names.
const INHERITED: [&str; 15] = [
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "OPENAI_API_KEY",
    "OPENCODE_API_KEY",
    "OPENCODE_AUTH_CONTENT",
    "OPENCODE_CONFIG",
    "OPENCODE_CONFIG_CONTENT",
    "OPENCODE_CONFIG_DIR",
    "OPENCODE_DISABLE_MODELS_FETCH",
    "OPENCODE_MODELS_URL",
    "OPENROUTER_API_KEY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// Where it shows that it is logged in.
static CREDENTIALS: [Credential; 5] = [
    Credential::Variable("ANTHROPIC_API_KEY"),
    Credential::Variable("OPENAI_API_KEY"),
    Credential::Variable("OPENROUTER_API_KEY"),
    Credential::Variable("GEMINI_API_KEY"),
    Credential::File { variable: Some("XDG_DATA_HOME"), folder: ".local/share", name: "opencode/auth.json" },
];

/// What of its configuration says what it does when a person starts it.
const KEPT: [&str; 7] = [
    "opencode/AGENTS.md",
    "opencode/agent",
    "opencode/command",
    "opencode/opencode.json",
    "opencode/opencode.jsonc",
    "opencode/plugin",
    "opencode/tool",
];

/// What can be configured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpencodeConfig {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// What it may do.
    pub permissions: Permissions,
}

impl Default for OpencodeConfig {
    fn default() -> Self {
        Self { program: NAME.to_owned(), permissions: Permissions::default() }
    }
}

/// Works on tasks and serves chats by opencode.
#[derive(Debug, Clone, Default)]
pub struct Opencode {
    config: OpencodeConfig,
}

impl Opencode {
    /// One that is configured so.
    #[must_use]
    pub fn new(config: OpencodeConfig) -> Self {
        Self { config }
    }

    fn spec(&self, args: Vec<String>, stdin: Stdin, rules: &str) -> CommandSpec {
        // It is replaced between handlers, never under one.
        let mut env = vec![("OPENCODE_DISABLE_AUTOUPDATE".to_owned(), "1".to_owned())];
        if self.config.permissions == Permissions::Edit {
            env.push(("OPENCODE_PERMISSION".to_owned(), rules.to_owned()));
        }
        let inherit = INHERITED.iter().map(|&name| name.to_owned()).collect();
        CommandSpec { program: self.config.program.clone(), args, env, inherit, stdin }
    }

    fn fingerprint(&self, facts: &ProgramFacts) -> Fingerprint {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.config.program.as_bytes())
            .with(&[u8::from(self.config.permissions == Permissions::Full)])
            .with_facts(facts)
    }
}

impl Adapter for Opencode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        &self.config.program
    }

    /// Its prompt comes on its standard input.
    fn launch(&self, _task: &Task, attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        let mut args = vec!["run".to_owned(), "--format=json".to_owned()];
        if self.config.permissions == Permissions::Full {
            args.push("--auto".to_owned());
        }
        if let Some(model) = &attempt.model {
            if model.contains('\0') {
                return Err(Unlaunchable::ModelNul);
            }
            args.push(format!("--model={model}"));
        }
        Ok(self.spec(args, Stdin::Prompt, EDIT))
    }

    fn work(&self, attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        Some(Box::new(run::Run::of(&attempt.progress)))
    }

    fn classify(&self, end: &ProcessEnd) -> Outcome {
        end.of_agent(&self.config.program, "opencode.program", NAME)
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
        let keeps = Place::keeps(Some("XDG_CONFIG_HOME"), ".config", &KEPT);
        // Handed on where somebody names them in `env.pass`.
        let logins =
            [Place::login("AWS_PROFILE", ".aws"), Place::login("GOOGLE_CLOUD_PROJECT", ".config/gcloud")];
        let needs = Needs::of(Place::by_convention(NAME).chain(logins).chain(keeps));
        Sandboxing::with(self.config.permissions, needs)
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn serves_chats(&self) -> bool {
        true
    }

    fn launch_chat(&self, _chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        let mut spec = self.spec(vec!["acp".to_owned()], Stdin::Talk, EDIT_OR_ASK);
        spec.env.push((GOES_ON.0.to_owned(), GOES_ON.1.to_owned()));
        Ok(spec)
    }

    /// The model is chosen in the conversation, where one that is not there is told as such.
    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        Some(Box::new(Client::new(Talk {
            session: chat.session.clone(),
            model: chat.model.clone(),
            permissions: self.config.permissions,
            chat: true,
        })))
    }

    // No farewell: it leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
