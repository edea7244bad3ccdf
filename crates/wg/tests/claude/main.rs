//! Chats served by the real Claude Code against a scripted model: from end to end, with real processes.
//!
//! Runs where `WG_REAL_AGENTS` names a folder that `.ci/agents` has filled; elsewhere each test says that it is
//! skipped.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "../chats"]
mod chats {
    pub mod proofs;
    #[expect(dead_code, reason = "these tests need a part of it")]
    pub mod world;
}
mod conversation;
mod proofs;
mod refusals;
mod sandbox;
mod work;

use std::path::PathBuf;

use serde_json::Value;
use testkit::{Environment, Marked, ScriptedModel, wait_until};

/// A graph with a chat that the real program serves.
struct World {
    wg: Environment,
    model: ScriptedModel,
}

/// Where the real program is; says so where it is not to be used.
fn program() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("WG_REAL_AGENTS").filter(|folder| !folder.is_empty()) else {
        println!(
            "SKIPPED: WG_REAL_AGENTS names no folder with the real agent programs (.ci/agents makes one)"
        );
        return None;
    };
    let program = PathBuf::from(folder).join("node_modules/.bin/claude");
    assert!(program.is_file(), "{} is not there: run .ci/agents", program.display());
    Some(std::fs::canonicalize(program).unwrap())
}

/// A graph whose adapter `claude` is the real program, and the model that it asks; none where that is not to be used.
fn with_program() -> Option<(Environment, ScriptedModel)> {
    let program = program()?;
    let model = ScriptedModel::start();
    let mut wg = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    wg.set("ANTHROPIC_BASE_URL", &model.address());
    wg.set("ANTHROPIC_API_KEY", "scripted-key");
    wg.set("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    // All of it at another level of the sandbox.
    if let Ok(level) = std::env::var("WG_SANDBOX_LEVEL") {
        wg.set("WG_SANDBOX_LEVEL", &level);
    }
    wg.ok(&["config", "set", "claude.program", program.to_str().unwrap()]);
    Some((wg, model))
}

/// Whether this process is the real program itself, not a tool of it.
fn is_program(process: &Marked) -> bool {
    process.command.contains("--input-format=stream-json") && !process.is_keeper()
}

impl World {
    /// None where the real program is not to be used.
    fn new() -> Option<Self> {
        let (wg, model) = with_program()?;
        wg.ok(&["chat", "create", "Ann", "--model", "claude:opus"]);
        Some(Self { wg, model })
    }

    fn chat(&self) -> Value {
        self.wg.json(&["chat", "show", "chat-1"])["chat"].clone()
    }

    fn entries(&self) -> Vec<Value> {
        self.wg.json(&["chat", "history", "chat-1"])["entries"].as_array().unwrap().clone()
    }

    fn entries_of(&self, kind: &str) -> Vec<Value> {
        self.entries().into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// The answer to a message.
    #[track_caller]
    fn asks(&self, text: &str) -> String {
        self.wg.ok(&["chat", "send", "chat-1", text, "--wait", "--timeout", "60s"]).trim_end().to_owned()
    }

    fn sends(&self, text: &str) {
        self.wg.ok(&["chat", "send", "chat-1", text]);
    }

    /// Waits until the chat is as wanted.
    #[track_caller]
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, || {
            let chat = self.chat();
            if wanted(&chat) { Ok(chat) } else { Err(chat) }
        })
    }

    #[track_caller]
    fn until_state(&self, state: &str) -> Value {
        self.until(&format!("the chat to be {state}"), |chat| chat["state"] == state)
    }

    /// Waits until the model was asked so often.
    #[track_caller]
    fn until_called(&self, calls: usize) {
        wait_until("a call of the model", || {
            let seen = self.model.calls();
            if seen >= calls { Ok(()) } else { Err(format!("{seen} calls, {:#}", self.chat())) }
        });
    }

    /// The processes of the real program.
    fn programs(&self) -> Vec<u32> {
        let agents = self.wg.agents().into_iter();
        agents.filter(is_program).map(|agent| agent.pid).collect()
    }

    /// Waits until the handler sleeps: no process is left.
    #[track_caller]
    fn until_asleep(&self) {
        self.until_state("dormant");
        assert_eq!(self.programs(), [] as [u32; 0]);
    }
}
