//! The configuration as a dispatcher takes it.

use std::path::Path;

use wg_agents::{
    AcpConfig, AdapterConfig, ClaudeConfig, CodexConfig, GeminiConfig, OpencodeConfig, Permissions,
    ShellConfig,
};
use wg_core::usage::Cap;
use wg_dispatch::config::{ChatConfig, DispatchConfig};
use wg_dispatch::log_file::LogLimits;
use wg_dispatch::retention::Retention;
use wg_dispatch::supervise::sandbox::{Asked, Level, SandboxConfig};

use super::layers::Config;
use super::prompt::prompt_template;
use super::settings::{
    ACP_COMMAND, ACP_PERMISSIONS, ATTEMPT_COST, ATTEMPT_TOKENS, CHAT_LINGER, CHAT_MAX_LIVE,
    CHAT_TURN_TIMEOUT, CLAUDE_PERMISSIONS, CLAUDE_PROGRAM, CODEX_PERMISSIONS, CODEX_PROGRAM, DAY_COST,
    DAY_TOKENS, DEFAULT_ADAPTER, ENV_PASS, FULL, GEMINI_PERMISSIONS, GEMINI_PROGRAM, LOG_FILES, LOG_SIZE,
    MAX_AGENTS, MAX_ATTEMPTS, OPENCODE_PERMISSIONS, OPENCODE_PROGRAM, OUTPUT_LIMIT, RETENTION_AGE,
    RETENTION_SIZE, RETRY_FIRST, RULES, SANDBOX_LEVEL, SANDBOX_WRITABLE, SHELL_PROGRAM, STOP_GRACE, Setting,
    TIMEOUT,
};
use crate::error::Result;

/// What a dispatcher of this graph is told that starts agents: with the template of their prompts, read.
pub fn serve_config(config: &Config, graph: &Path) -> Result<DispatchConfig> {
    Ok(DispatchConfig { prompt_template: prompt_template(config, graph)?, ..dispatch_config(config) })
}

/// What a dispatcher is told, but for the files that settings name: enough to end agents and to understand them.
#[must_use]
pub fn dispatch_config(config: &Config) -> DispatchConfig {
    let otherwise = DispatchConfig::default();
    let count = |setting| u32::try_from(config.number(setting)).unwrap_or(u32::MAX);
    let span = |setting, otherwise| config.span(setting).unwrap_or(otherwise);
    DispatchConfig {
        max_agents: usize::try_from(config.number(&MAX_AGENTS)).unwrap_or(usize::MAX),
        default_adapter: config.text(&DEFAULT_ADAPTER).map(str::to_owned),
        rules: config.rules(&RULES).to_vec(),
        adapters: adapters(config),
        max_attempts: count(&MAX_ATTEMPTS),
        first_pause: span(&RETRY_FIRST, otherwise.first_pause),
        timeout: config.span(&TIMEOUT),
        kill_grace: span(&STOP_GRACE, otherwise.kill_grace),
        output_cap: config.number(&OUTPUT_LIMIT),
        env_pass: config.words(&ENV_PASS).to_vec(),
        retention: Retention {
            age: span(&RETENTION_AGE, otherwise.retention.age),
            bytes: config.number(&RETENTION_SIZE),
        },
        log: LogLimits { bytes: config.number(&LOG_SIZE), keep: count(&LOG_FILES) },
        chats: ChatConfig {
            max_live: usize::try_from(config.number(&CHAT_MAX_LIVE)).unwrap_or(usize::MAX),
            linger: span(&CHAT_LINGER, otherwise.chats.linger),
            turn_timeout: span(&CHAT_TURN_TIMEOUT, otherwise.chats.turn_timeout),
        },
        sandbox: sandbox(config),
        cap: cap(config),
        day: Cap { tokens: bound(config, &DAY_TOKENS), cost_micros: bound(config, &DAY_COST) },
        prompt_template: None,
    }
}

fn sandbox(config: &Config) -> SandboxConfig {
    let asked = match config.text(&SANDBOX_LEVEL) {
        Some("bubblewrap") => Asked::Named(Level::Bubblewrap),
        Some("landlock") => Asked::Named(Level::Landlock),
        Some("off") => Asked::Off,
        _ => Asked::Auto,
    };
    SandboxConfig { asked, writable: config.words(&SANDBOX_WRITABLE).to_vec() }
}

fn cap(config: &Config) -> Cap {
    Cap { tokens: bound(config, &ATTEMPT_TOKENS), cost_micros: bound(config, &ATTEMPT_COST) }
}

/// A bound of which 0 means that there is none.
fn bound(config: &Config, setting: &'static Setting) -> Option<u64> {
    Some(config.number(setting)).filter(|bound| *bound > 0)
}

fn adapters(config: &Config) -> AdapterConfig {
    let otherwise = AdapterConfig::default();
    let text = |setting, otherwise| config.text(setting).map_or(otherwise, str::to_owned);
    AdapterConfig {
        shell: ShellConfig { program: text(&SHELL_PROGRAM, otherwise.shell.program) },
        claude: ClaudeConfig {
            program: text(&CLAUDE_PROGRAM, otherwise.claude.program),
            permissions: permissions(config, &CLAUDE_PERMISSIONS),
            most: cap(config).cost_micros,
        },
        codex: CodexConfig {
            program: text(&CODEX_PROGRAM, otherwise.codex.program),
            permissions: permissions(config, &CODEX_PERMISSIONS),
        },
        opencode: OpencodeConfig {
            program: text(&OPENCODE_PROGRAM, otherwise.opencode.program),
            permissions: permissions(config, &OPENCODE_PERMISSIONS),
        },
        gemini: GeminiConfig {
            program: text(&GEMINI_PROGRAM, otherwise.gemini.program),
            permissions: permissions(config, &GEMINI_PERMISSIONS),
        },
        acp: AcpConfig {
            command: config.text(&ACP_COMMAND).map(str::to_owned),
            permissions: permissions(config, &ACP_PERMISSIONS),
        },
    }
}

fn permissions(config: &Config, setting: &'static Setting) -> Permissions {
    match config.text(setting) {
        Some(FULL) => Permissions::Full,
        _ => Permissions::Edit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    #[test]
    fn what_is_set_reaches_the_dispatcher_and_the_rest_is_its_own_default() {
        let defaults = Config::load(&Environment::given([]), None).unwrap();
        let own = DispatchConfig::default();
        let told = dispatch_config(&defaults);
        // One default is here in the user's units (MB are millions), so those are not compared.
        // The cap is told to the program too, where there is one.
        assert_eq!(told.adapters.claude.most, told.cap.cost_micros);
        let sizes = |mut config: DispatchConfig| {
            config.adapters.claude.most = None;
            DispatchConfig { output_cap: 0, retention: own.retention, log: own.log, ..config }
        };
        assert_eq!(sizes(told), sizes(own.clone()));
        let env = [
            ("WG_RETRY_FIRST", "2s"),
            ("WG_SHELL_PROGRAM", "/bin/dash"),
            ("WG_ENV_PASS", "A,B"),
            ("WG_TIMEOUT", "1h"),
            ("WG_CHAT_LINGER", "3s"),
            ("WG_CLAUDE_PROGRAM", "/opt/claude"),
            ("WG_CLAUDE_PERMISSIONS", "full"),
            ("WG_OPENCODE_PROGRAM", "/opt/opencode"),
            ("WG_GEMINI_PERMISSIONS", "full"),
            ("WG_ACP_COMMAND", "goose acp"),
            ("WG_ACP_PERMISSIONS", "full"),
            ("WG_BUDGET_ATTEMPT_TOKENS", "0"),
            ("WG_BUDGET_ATTEMPT_COST", "2.5"),
            ("WG_CODEX_PROGRAM", "/opt/codex"),
            ("WG_CODEX_PERMISSIONS", "full"),
            ("WG_SANDBOX_LEVEL", "landlock"),
            ("WG_SANDBOX_WRITABLE", "~/.cargo/registry"),
        ];
        let told = dispatch_config(&Config::load(&Environment::given(env), None).unwrap());
        assert_eq!(told.first_pause.as_secs(), 2);
        assert_eq!(told.adapters.shell.program, "/bin/dash");
        let most = Some(2_500_000);
        let claude = ClaudeConfig { program: "/opt/claude".into(), permissions: Permissions::Full, most };
        assert_eq!(told.cap, Cap { tokens: None, cost_micros: most });
        assert_eq!(told.adapters.claude, claude);
        let codex = CodexConfig { program: "/opt/codex".into(), permissions: Permissions::Full };
        assert_eq!(told.adapters.codex, codex);
        let opencode = OpencodeConfig { program: "/opt/opencode".into(), permissions: Permissions::Edit };
        assert_eq!(told.adapters.opencode, opencode);
        let gemini = GeminiConfig { permissions: Permissions::Full, ..GeminiConfig::default() };
        assert_eq!(told.adapters.gemini, gemini);
        let acp = AcpConfig { command: Some("goose acp".into()), permissions: Permissions::Full };
        assert_eq!(told.adapters.acp, acp);
        assert_eq!(told.sandbox.asked, Asked::Named(Level::Landlock));
        assert_eq!(told.sandbox.writable, ["~/.cargo/registry"]);
        assert_eq!(told.env_pass, ["A", "B"]);
        assert_eq!(told.timeout.map(|timeout| timeout.as_secs()), Some(3_600));
        assert_eq!(told.chats.linger.as_secs(), 3);
    }
}
