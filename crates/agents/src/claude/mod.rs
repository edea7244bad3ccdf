//! The `claude` adapter: Claude Code works on a task, or serves a chat.
//!
//! The program is kept running for as long as somebody has something to say to it, and speaks lines of JSON on both sides
//! (`--input-format stream-json`, `--output-format stream-json`); [`protocol`] writes them and [`heard`] reads
//! them. What it does by itself and how often it asks its provider again is bounded here, because waiting for a
//! provider, and waking up, is the dispatcher's part.

mod heard;
mod in_flight;
#[cfg(test)]
mod properties;
mod protocol;
mod result;
#[cfg(test)]
mod tests;

use wg_core::attempt::{Attempt, Outcome};
use wg_core::task::Task;

use crate::account::{Allowed, Credential};
use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::conversation::{CHAT, ChatFacts, Conversation};
use crate::permissions::Permissions;
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};
use crate::sandbox::{Needs, Place, Sandboxing};

/// Its name, as chats have it.
const NAME: &str = "claude";

/// How a conversation over pipes is begun.
const SPOKEN_TO: [&str; 7] = [
    "-p",
    "--input-format=stream-json",
    "--output-format=stream-json",
    "--verbose",
    "--include-partial-messages",
    // A message's own number comes back with the turn that answers it.
    "--replay-user-messages",
    // What it would do later nobody asked for: a chat's own timers are no demand, and work has an end.
    "--disallowedTools=ScheduleWakeup",
];

/// Variables that it is given by value.
const GIVEN: [(&str, &str); 4] = [
    // What takes longer is for the dispatcher to wait for: it pauses all chats of the provider at once.
    ("CLAUDE_CODE_MAX_RETRIES", "4"),
    // What it would leave behind ends with its handler, and what it says by itself answers nobody.
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("CLAUDE_CODE_DISABLE_CRON", "1"),
    // It is replaced between handlers, never under one.
    ("DISABLE_AUTOUPDATER", "1"),
];

/// Variables of the dispatcher's that it gets where they are set: who pays, which provider, which models.
const INHERITED: [&str; 22] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_FOUNDRY_RESOURCE",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    // Without it the program refuses `full` where root runs it.
    "IS_SANDBOX",
];

/// Where it shows that it is logged in. Its own `auth status` would know more (a helper that makes keys, a
/// keychain), but looks up its provider's address on the way.
static CREDENTIALS: [Credential; 7] = [
    Credential::Variable("ANTHROPIC_API_KEY"),
    Credential::Variable("ANTHROPIC_AUTH_TOKEN"),
    Credential::Variable("CLAUDE_CODE_OAUTH_TOKEN"),
    Credential::Variable("CLAUDE_CODE_USE_BEDROCK"),
    Credential::Variable("CLAUDE_CODE_USE_VERTEX"),
    Credential::Variable("CLAUDE_CODE_USE_FOUNDRY"),
    Credential::File { variable: Some("CLAUDE_CONFIG_DIR"), folder: ".claude", name: ".credentials.json" },
];

/// Where it keeps what is its own: sessions, its login, what it has tried. `~/.claude.json` is not among them: it is
/// replaced by a rename in the home folder, which is not for an agent to write to, and the program goes on without.
const OWN: Option<&str> = Some("CLAUDE_CONFIG_DIR");
const OWN_FOLDER: &str = ".claude";

/// What of it runs programs, or tells the program what to do, when a person starts it.
const KEPT: [&str; 8] =
    ["CLAUDE.md", "agents", "commands", "hooks", "plugins", "settings.json", "settings.local.json", "skills"];

/// What can be configured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaudeConfig {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// What it may do.
    pub permissions: Permissions,
    /// What an attempt at work may cost, in millionths of a dollar: it tells its cost only at the end of its turn,
    /// so it has to stop there by itself.
    pub most: Option<u64>,
}

impl Default for ClaudeConfig {
    fn default() -> Self {
        Self { program: NAME.to_owned(), permissions: Permissions::default(), most: None }
    }
}

/// Serves chats by Claude Code.
#[derive(Debug, Clone, Default)]
pub struct Claude {
    config: ClaudeConfig,
}

impl Claude {
    /// One that is configured so.
    #[must_use]
    pub fn new(config: ClaudeConfig) -> Self {
        Self { config }
    }

    fn permitted(&self) -> &'static [&'static str] {
        match self.config.permissions {
            Permissions::Edit => &["--permission-mode=acceptEdits", "--allowedTools=Bash(git:*),Bash(wg:*)"],
            Permissions::Full => &["--permission-mode=bypassPermissions"],
        }
    }

    fn spec(&self, model: Option<&str>) -> Result<CommandSpec, Unlaunchable> {
        let mut args: Vec<String> =
            SPOKEN_TO.iter().chain(self.permitted()).map(|&arg| arg.to_owned()).collect();
        if let Some(model) = model {
            if model.contains('\0') {
                return Err(Unlaunchable::ModelNul);
            }
            args.push(format!("--model={model}"));
        }
        let given = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Ok(CommandSpec {
            program: self.config.program.clone(),
            args,
            env: GIVEN.iter().map(given).collect(),
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

impl Adapter for Claude {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        &self.config.program
    }

    fn launch(&self, task: &Task, attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        let mut spec = self.spec(attempt.model.as_deref())?;
        // It tells what it costs only at the end, so it is told what is left.
        if let Some(most) = self.config.most.into_iter().chain(task.cost_left()).min() {
            spec.args.push(format!("--max-budget-usd={}.{:06}", most / 1_000_000, most % 1_000_000));
        }
        Ok(spec)
    }

    fn work(&self, attempt: &Attempt) -> Option<Box<dyn Conversation>> {
        let used = attempt.progress.in_flight.clone();
        Some(Box::new(protocol::Stream::new(attempt.reference, None).in_flight(used)))
    }

    fn hears_in_flight(&self) -> bool {
        true
    }

    fn classify(&self, end: &ProcessEnd) -> Outcome {
        end.of_agent(&self.config.program, "claude.program", "Claude Code")
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
        let places = [
            Place::writes(OWN, OWN_FOLDER, ""),
            Place::if_there(Some("XDG_CACHE_HOME"), ".cache", "claude-cli-nodejs"),
            Place::login("CLAUDE_CODE_USE_BEDROCK", ".aws"),
            Place::login("CLAUDE_CODE_USE_FOUNDRY", ".azure"),
            Place::login("CLAUDE_CODE_USE_VERTEX", ".config/gcloud"),
        ];
        let needs = Needs::of(places.into_iter().chain(Place::keeps(OWN, OWN_FOLDER, &KEPT)));
        Sandboxing::with(self.config.permissions, needs)
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn serves_chats(&self) -> bool {
        true
    }

    fn launch_chat(&self, chat: &ChatFacts) -> Result<CommandSpec, Unlaunchable> {
        let mut spec = self.spec(chat.model.as_deref())?;
        spec.args.push(format!("--append-system-prompt={CHAT}"));
        // Only what it can have said itself: an older program may have left something else here.
        if let Some(session) = chat.session.as_deref().filter(|session| heard::is_session(session)) {
            spec.args.push(format!("--resume={session}"));
        }
        Ok(spec)
    }

    fn conversation(&self, chat: &ChatFacts) -> Option<Box<dyn Conversation>> {
        Some(Box::new(protocol::Stream::new(chat.handler, chat.session.clone())))
    }

    // No farewell: it ends its turn and leaves when its input is closed.

    fn chat_configuration(&self, chat: &ChatFacts, facts: &ProgramFacts) -> u64 {
        self.fingerprint(facts).with(chat.model.as_deref().unwrap_or_default().as_bytes()).value()
    }
}
