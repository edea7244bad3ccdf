//! The adapters that there are, by name.

use crate::acp::{Acp, AcpConfig};
use crate::adapter::Adapter;
use crate::claude::{Claude, ClaudeConfig};
use crate::codex::{Codex, CodexConfig};
use crate::command::Command;
use crate::gemini::{Gemini, GeminiConfig};
use crate::opencode::{Opencode, OpencodeConfig};
use crate::shell::{Shell, ShellConfig};

/// What can be configured of all adapters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdapterConfig {
    /// Of `shell`, whose shell runs the commands of `command` too.
    pub shell: ShellConfig,
    /// Of `claude`.
    pub claude: ClaudeConfig,
    /// Of `codex`.
    pub codex: CodexConfig,
    /// Of `opencode`.
    pub opencode: OpencodeConfig,
    /// Of `gemini`.
    pub gemini: GeminiConfig,
    /// Of `acp`.
    pub acp: AcpConfig,
}

/// All adapters of this program, as they are configured. There are few: a list is searched faster than a map.
pub struct Registry {
    adapters: Vec<Box<dyn Adapter>>,
}

impl Registry {
    /// The adapters that this version knows.
    #[must_use]
    pub fn new(config: AdapterConfig) -> Self {
        let AdapterConfig { shell, claude, codex, opencode, gemini, acp } = config;
        Self {
            adapters: vec![
                Box::new(Shell::new(shell.clone())),
                Box::new(Command::new(shell)),
                Box::new(Claude::new(claude)),
                Box::new(Codex::new(codex)),
                Box::new(Opencode::new(opencode)),
                Box::new(Gemini::new(gemini)),
                Box::new(Acp::new(acp)),
            ],
        }
    }

    /// The adapter of a lane.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&dyn Adapter> {
        self.adapters.iter().find(|adapter| adapter.name() == name).map(AsRef::as_ref)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Adapter> {
        self.adapters.iter().map(AsRef::as_ref)
    }

    /// Their names, in the order in which they are tried.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.adapters.iter().map(|adapter| adapter.name()).collect()
    }
}

/// Names of adapters, by what they can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Those that work on tasks.
    pub work: Vec<String>,
    /// Those that serve chats and nothing else.
    pub chats_only: Vec<String>,
}

impl Abilities {
    /// Of the adapters of this program, which are the same however they are configured.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let mut abilities = Self::default();
        for adapter in registry.iter() {
            let name = adapter.name().to_owned();
            if adapter.works_on_tasks() {
                abilities.work.push(name);
            } else if adapter.serves_chats() {
                abilities.chats_only.push(name);
            }
        }
        abilities
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(AdapterConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use wg_core::id::TaskId;
    use wg_core::task::Task;
    use wg_core::time::Timestamp;

    use super::*;
    use crate::account::Credential;
    use crate::permissions::Permissions;
    use crate::sandbox::Sandboxing;

    #[test]
    fn adapters_are_found_by_their_lane() {
        let registry = Registry::default();
        assert_eq!(registry.names(), ["shell", "command", "claude", "codex", "opencode", "gemini", "acp"]);
        assert_eq!(registry.get("shell").map(Adapter::name), Some("shell"));
        assert!(registry.get("nobody").is_none());
        assert_eq!(registry.iter().count(), 7);
    }

    #[test]
    fn who_serves_chats_only_works_on_no_task() {
        let registry = Registry::default();
        let Abilities { work, chats_only } = Abilities::of(&registry);
        assert!(work.contains(&"shell".to_owned()) && work.contains(&"claude".to_owned()));
        assert_eq!(chats_only, ["command"]);
        assert_eq!(work.len() + chats_only.len(), registry.iter().count());
    }

    #[test]
    fn chats_are_served_by_those_that_say_so() {
        let registry = Registry::default();
        let serving = registry.iter().filter(|adapter| adapter.serves_chats()).map(Adapter::name);
        assert_eq!(serving.collect::<Vec<_>>(), ["command", "claude", "codex", "opencode", "gemini", "acp"]);
        let paid = registry.iter().filter(|adapter| adapter.is_paid()).map(Adapter::name);
        assert_eq!(paid.collect::<Vec<_>>(), ["claude", "codex", "opencode", "gemini", "acp"]);
    }

    #[test]
    fn programs_are_sandboxed_where_they_do_not_do_that_themselves_and_a_persons_commands_never() {
        let named = |config: AdapterConfig| -> Vec<(&'static str, Option<bool>)> {
            let sandboxing = |adapter: &dyn Adapter| match adapter.sandboxing() {
                Sandboxing::Never | Sandboxing::Own => None,
                Sandboxing::Always(_) => Some(false),
                Sandboxing::Named(_) => Some(true),
            };
            Registry::new(config).iter().map(|adapter| (adapter.name(), sandboxing(adapter))).collect()
        };
        let by_default = named(AdapterConfig::default());
        let always = ["claude", "opencode", "gemini", "acp"];
        for (name, only_named) in by_default {
            assert_eq!(only_named, always.contains(&name).then_some(false), "{name}");
        }
        let full = ClaudeConfig { permissions: Permissions::Full, ..ClaudeConfig::default() };
        assert!(
            named(AdapterConfig { claude: full, ..AdapterConfig::default() })
                .contains(&("claude", Some(true)))
        );
        let acp = Acp::new(AcpConfig { command: Some("/opt/goose.js acp".into()), ..AcpConfig::default() });
        let Sandboxing::Always(needs) = acp.sandboxing() else { panic!("it is sandboxed") };
        let names: Vec<&str> = needs.places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["goose", "goose", "goose", "goose", ".goose"]);
        assert!(needs.is_anybody);
    }

    #[test]
    fn what_shows_that_a_program_is_logged_in_reaches_it() {
        let registry = Registry::default();
        let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
        for adapter in registry.iter() {
            for credential in adapter.credentials() {
                let Credential::Variable(name) = credential else { continue };
                let spec = adapter.launch(&task, &crate::shell::tests::attempt()).expect("it can be started");
                assert!(spec.inherit.iter().any(|known| known == name), "{}: {name}", adapter.name());
            }
        }
    }
}
