//! Every setting, with its kind, default and meaning: the one place for it. `docs/config.md` is written
//! from here.

use super::value::{Kind, Value};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the files, with `.` between table and key.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// As a word; absent: nothing is set.
    pub default: Option<&'static str>,
    /// What it does, in a sentence.
    pub doc: &'static str,
}

impl Setting {
    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WG_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }

    /// Its default.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        self.default.map(|text| Value::parse(self.kind, text).expect("a test reads every default"))
    }
}

/// Attempts at once.
pub static MAX_AGENTS: Setting = Setting {
    key: "max_agents",
    kind: Kind::Count(1, 1_000),
    default: Some("4"),
    doc: "How many attempts may run at once.",
};
/// Attempts a task.
pub static MAX_ATTEMPTS: Setting = Setting {
    key: "max_attempts",
    kind: Kind::Count(1, 1_000),
    default: Some("3"),
    doc: "How often a task is tried before it has failed, where the task does not say so itself.",
};
/// Tokens an attempt.
pub static ATTEMPT_TOKENS: Setting = Setting {
    key: "budget.attempt_tokens",
    kind: Kind::Count(0, u64::MAX),
    default: Some("20000000"),
    doc: "How many tokens, in and out, an attempt may use of a program that costs money; then it is ended, and its task \
          waits for a person. 0: no bound.",
};
/// Cost of an attempt.
pub static ATTEMPT_COST: Setting = Setting {
    key: "budget.attempt_cost",
    kind: Kind::Money,
    default: Some("10"),
    doc: "What an attempt may cost, as far as its program says it. 0: no bound.",
};
/// Tokens a day.
pub static DAY_TOKENS: Setting = Setting {
    key: "budget.day_tokens",
    kind: Kind::Count(0, u64::MAX),
    default: Some("400000000"),
    doc: "How many tokens, in and out, all agents together may use on a day of Universal Time; then what costs money \
          waits for the next day, and its work in flight is ended and goes on then. 0: no bound.",
};
/// Cost of a day.
pub static DAY_COST: Setting = Setting {
    key: "budget.day_cost",
    kind: Kind::Money,
    default: Some("100"),
    doc: "What a day may cost, as far as programs say it. 0: no bound.",
};
/// The pause before the second attempt.
pub static RETRY_FIRST: Setting = Setting {
    key: "retry.first",
    kind: Kind::Span,
    default: Some("30s"),
    doc: "How long after its first bad end a task is tried again; it doubles with each attempt, up to 15m.",
};
/// The adapter of tasks that name none.
pub static DEFAULT_ADAPTER: Setting = Setting {
    key: "default_adapter",
    kind: Kind::Text,
    default: None,
    doc: "The adapter that runs tasks which name none; without one such tasks are for people.",
};
/// What works on tasks with certain tags.
pub static RULES: Setting = Setting {
    key: "rules",
    kind: Kind::Rules,
    default: Some(""),
    doc: "What works on tasks with a tag that name no adapter, where the first that fits holds: tables of `tag`, `adapter`, `model`.",
};
/// The longest an attempt may run.
pub static TIMEOUT: Setting = Setting {
    key: "timeout",
    kind: Kind::Span,
    default: None,
    doc: "An attempt that runs longer is ended, where its task does not say so itself.",
};
/// The shell of tasks with a command.
pub static SHELL_PROGRAM: Setting = Setting {
    key: "shell.program",
    kind: Kind::Text,
    default: Some("/bin/sh"),
    doc: "The shell that runs a task's command, as in `/bin/sh -c COMMAND`.",
};
/// The program of adapter `claude`.
pub static CLAUDE_PROGRAM: Setting = Setting {
    key: "claude.program",
    kind: Kind::Text,
    default: Some("claude"),
    doc: "The program of adapter `claude` (Claude Code): a path, or a name to be looked up in PATH.",
};
/// What an adapter may do unasked, where it is everything.
pub const FULL: &str = "full";
/// What adapter `claude` may do unasked.
pub static CLAUDE_PERMISSIONS: Setting = Setting {
    key: "claude.permissions",
    kind: Kind::Choice(&["edit", FULL]),
    default: Some("edit"),
    doc: "What adapter `claude` may do without being asked: `edit` files, run `git` and `wg`; or in `full` whatever it wants.",
};
/// The program of adapter `codex`.
pub static CODEX_PROGRAM: Setting = Setting {
    key: "codex.program",
    kind: Kind::Text,
    default: Some("codex"),
    doc: "The program of adapter `codex` (OpenAI's Codex): a path, or a name to be looked up in PATH.",
};
/// What adapter `codex` may do unasked.
pub static CODEX_PERMISSIONS: Setting = Setting {
    key: "codex.permissions",
    kind: Kind::Choice(&["edit", FULL]),
    default: Some("edit"),
    doc: "What adapter `codex` may do without being asked: `edit` files below its folder, in its own sandbox without a network; or in `full` whatever it wants.",
};
/// The program of adapter `opencode`.
pub static OPENCODE_PROGRAM: Setting = Setting {
    key: "opencode.program",
    kind: Kind::Text,
    default: Some("opencode"),
    doc: "The program of adapter `opencode`: a path, or a name to be looked up in PATH.",
};
/// What adapter `opencode` may do unasked.
pub static OPENCODE_PERMISSIONS: Setting = Setting {
    key: "opencode.permissions",
    kind: Kind::Choice(&["edit", FULL]),
    default: Some("edit"),
    doc: "What adapter `opencode` may do without being asked: `edit` files, run `git` and `wg`; or in `full` whatever its own configuration does not deny.",
};
/// The program of adapter `gemini`.
pub static GEMINI_PROGRAM: Setting = Setting {
    key: "gemini.program",
    kind: Kind::Text,
    default: Some("gemini"),
    doc: "The program of adapter `gemini` (Gemini CLI): a path, or a name to be looked up in PATH.",
};
/// What adapter `gemini` may do unasked.
pub static GEMINI_PERMISSIONS: Setting = Setting {
    key: "gemini.permissions",
    kind: Kind::Choice(&["edit", FULL]),
    default: Some("edit"),
    doc: "What adapter `gemini` may do without being asked: `edit` files, run `git` and `wg`; or in `full` whatever it wants.",
};
/// The agent of adapter `acp`.
pub static ACP_COMMAND: Setting = Setting {
    key: "acp.command",
    kind: Kind::Text,
    default: None,
    doc: "The command line of adapter `acp`: an agent that speaks the Agent Client Protocol. It is read by words, with quotes, and by no shell.",
};
/// What adapter `acp` may do unasked.
pub static ACP_PERMISSIONS: Setting = Setting {
    key: "acp.permissions",
    kind: Kind::Choice(&["edit", FULL]),
    default: Some("edit"),
    doc: "What adapter `acp` is allowed when it asks: to `edit` files below its folder and run `git` and `wg`; or in `full` whatever it asks for.",
};
/// The template of prompts.
pub static PROMPT_TEMPLATE: Setting = Setting {
    key: "prompt.template",
    kind: Kind::Text,
    default: None,
    doc: "A file in the graph's folder (`.wg/`) that says what a worker is told, instead of the built-in text: docs/prompt.md.",
};
/// The sandbox around agents.
pub static SANDBOX_LEVEL: Setting = Setting {
    key: "sandbox.level",
    kind: Kind::Choice(&["auto", "bubblewrap", "landlock", "off"]),
    default: Some("auto"),
    doc: "The sandbox that programs with `permissions = edit` are kept in: the best that can be had, one of these, or none: docs/sandbox.md. A level that is named and can't be had pauses the adapter; one that is named holds for `full` too.",
};
/// What agents in a sandbox may write to.
pub static SANDBOX_WRITABLE: Setting = Setting {
    key: "sandbox.writable",
    kind: Kind::Words,
    default: Some(""),
    doc: "Folders that programs in a sandbox may write to, beside the graph's own and what they need: absolute paths, or `~/…`.",
};
/// Variables that agents are given.
pub static ENV_PASS: Setting = Setting {
    key: "env.pass",
    kind: Kind::Words,
    default: Some(""),
    doc: "Environment variables of the dispatcher that agents are given, beside PATH, HOME and their like.",
};
/// Time between asking and killing.
pub static STOP_GRACE: Setting = Setting {
    key: "stop.grace",
    kind: Kind::Span,
    default: Some("5s"),
    doc: "How long a process that is asked to end (SIGTERM) has before it is killed.",
};
/// Output kept of an attempt.
pub static OUTPUT_LIMIT: Setting = Setting {
    key: "output.limit",
    kind: Kind::Size,
    default: Some("16MB"),
    doc: "How much of an attempt's output is kept; what is beyond is cut in the middle, with a mark.",
};
/// Age of attempts' files.
pub static RETENTION_AGE: Setting = Setting {
    key: "retention.age",
    kind: Kind::Span,
    default: Some("30d"),
    doc: "Files of finished attempts are removed when they are older.",
};
/// Size of attempts' files.
pub static RETENTION_SIZE: Setting = Setting {
    key: "retention.size",
    kind: Kind::Size,
    default: Some("2GB"),
    doc: "Files of finished attempts are removed, the oldest first, when all of them together are larger.",
};
/// Size of a log file.
pub static LOG_SIZE: Setting = Setting {
    key: "log.size",
    kind: Kind::Size,
    default: Some("10MB"),
    doc: "The dispatcher's log begins a new file when it is larger.",
};
/// Log files kept.
pub static LOG_FILES: Setting = Setting {
    key: "log.files",
    kind: Kind::Count(1, 100),
    default: Some("5"),
    doc: "How many older files of the dispatcher's log are kept.",
};
/// The adapter of chats that name none.
pub static CHAT_ADAPTER: Setting = Setting {
    key: "chat.adapter",
    kind: Kind::Text,
    default: None,
    doc: "The adapter that serves chats which name none.",
};
/// The command of chats that name none.
pub static CHAT_COMMAND: Setting = Setting {
    key: "chat.command",
    kind: Kind::Text,
    default: None,
    doc: "The command line that serves chats of adapter `command` which name none.",
};
/// Handlers at once.
pub static CHAT_MAX_LIVE: Setting = Setting {
    key: "chat.max_live",
    kind: Kind::Count(1, 1_000),
    default: Some("8"),
    doc: "How many chats may have a handler at once.",
};
/// How long an idle handler stays.
pub static CHAT_LINGER: Setting = Setting {
    key: "chat.linger",
    kind: Kind::Span,
    default: Some("60s"),
    doc: "How long a chat's handler stays when nobody is there any more and no message waits.",
};
/// The longest a turn may take.
pub static CHAT_TURN_TIMEOUT: Setting = Setting {
    key: "chat.turn_timeout",
    kind: Kind::Span,
    default: Some("60m"),
    doc: "A chat's handler that takes longer to answer a message is ended, which counts as a failure.",
};

/// All of them, as people read them.
pub static ALL: [&Setting; 36] = [
    &MAX_AGENTS,
    &MAX_ATTEMPTS,
    &ATTEMPT_TOKENS,
    &ATTEMPT_COST,
    &DAY_TOKENS,
    &DAY_COST,
    &RETRY_FIRST,
    &DEFAULT_ADAPTER,
    &RULES,
    &TIMEOUT,
    &SHELL_PROGRAM,
    &CLAUDE_PROGRAM,
    &CLAUDE_PERMISSIONS,
    &CODEX_PROGRAM,
    &CODEX_PERMISSIONS,
    &OPENCODE_PROGRAM,
    &OPENCODE_PERMISSIONS,
    &GEMINI_PROGRAM,
    &GEMINI_PERMISSIONS,
    &ACP_COMMAND,
    &ACP_PERMISSIONS,
    &PROMPT_TEMPLATE,
    &ENV_PASS,
    &SANDBOX_LEVEL,
    &SANDBOX_WRITABLE,
    &STOP_GRACE,
    &OUTPUT_LIMIT,
    &RETENTION_AGE,
    &RETENTION_SIZE,
    &LOG_SIZE,
    &LOG_FILES,
    &CHAT_ADAPTER,
    &CHAT_COMMAND,
    &CHAT_MAX_LIVE,
    &CHAT_LINGER,
    &CHAT_TURN_TIMEOUT,
];

/// The setting with this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    ALL.into_iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_is_of_its_kind_and_every_key_is_one() {
        for setting in ALL {
            if let Some(text) = setting.default {
                assert!(Value::parse(setting.kind, text).is_ok(), "{}", setting.key);
            }
            assert!(setting.doc.ends_with('.'), "{}", setting.key);
        }
        let keys: BTreeSet<&str> = ALL.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), ALL.len());
        assert_eq!(ENV_PASS.variable(), "WG_ENV_PASS");
    }
}
