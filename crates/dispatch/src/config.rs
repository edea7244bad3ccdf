//! What can be configured of a dispatcher, with the defaults. The binary reads the file and says where each
//! value came from.

use std::time::Duration;

use wg_agents::AdapterConfig;
use wg_core::policy::Rule;
use wg_core::retry::{FIRST, MAX_ATTEMPTS};
use wg_core::usage::Cap;

use crate::log_file::LogLimits;
use crate::retention::Retention;
use crate::supervise::sandbox::SandboxConfig;

/// Everything a dispatcher can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchConfig {
    /// Agents that may run at a time.
    pub max_agents: usize,
    /// The adapter for tasks that name none; absent: such tasks are for people.
    pub default_adapter: Option<String>,
    /// What works on tasks with certain tags that name no adapter; the first that fits holds.
    pub rules: Vec<Rule>,
    /// The agent programs.
    pub adapters: AdapterConfig,
    /// Attempts that a task has over its life where it does not say so itself.
    pub max_attempts: u32,
    /// The pause before a task's second attempt; it doubles with each one after.
    pub first_pause: Duration,
    /// The longest an attempt may run where its task does not say so itself; absent: as long as it takes.
    pub timeout: Option<Duration>,
    /// Between asking an agent to leave and ending it.
    pub kill_grace: Duration,
    /// Bytes of an attempt's output that are kept.
    pub output_cap: u64,
    /// Variables of the dispatcher's environment that agents get beside the usual ones.
    pub env_pass: Vec<String>,
    /// How long attempts' files are kept.
    pub retention: Retention,
    /// How large the log file becomes.
    pub log: LogLimits,
    /// Chats.
    pub chats: ChatConfig,
    /// The sandbox around agents.
    pub sandbox: SandboxConfig,
    /// What an attempt may use of a program that costs money.
    pub cap: Cap,
    /// What all agents together may use on a day of Universal Time; then nothing that costs money is started.
    pub day: Cap,
    /// The template of workers' prompts, as [`wg_agents::prompt::render`] takes it; absent: the built-in one.
    pub prompt_template: Option<String>,
}

/// What can be told about chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatConfig {
    /// Handlers that may run at a time.
    pub max_live: usize,
    /// How long a handler stays when nobody wants it any more.
    pub linger: Duration,
    /// The longest a turn may take.
    pub turn_timeout: Duration,
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self { max_live: 8, linger: Duration::from_secs(60), turn_timeout: Duration::from_secs(60 * 60) }
    }
}

impl Default for DispatchConfig {
    fn default() -> Self {
        Self {
            max_agents: 4,
            default_adapter: None,
            rules: Vec::new(),
            adapters: AdapterConfig::default(),
            max_attempts: MAX_ATTEMPTS,
            first_pause: FIRST,
            timeout: None,
            kill_grace: Duration::from_secs(5),
            output_cap: 16 * 1024 * 1024,
            env_pass: Vec::new(),
            retention: Retention::default(),
            log: LogLimits::default(),
            chats: ChatConfig::default(),
            sandbox: SandboxConfig::default(),
            cap: Cap { tokens: Some(20_000_000), cost_micros: Some(10_000_000) },
            day: Cap { tokens: Some(400_000_000), cost_micros: Some(100_000_000) },
            prompt_template: None,
        }
    }
}
