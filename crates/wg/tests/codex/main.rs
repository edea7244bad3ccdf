//! Chats served by the real Codex, and tasks that it works on, against a scripted model: from end to end, with
//! real processes.
//!
//! Runs where `WG_REAL_AGENTS` names a folder that `.ci/agents` has filled; elsewhere each test says that it is
//! skipped.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod conversation;
mod refusals;
mod sandbox;
mod work;

use std::path::PathBuf;

use serde_json::Value;
use testkit::{Environment, ScriptedModel, wait_until};

/// A graph with a chat that the real program serves.
struct World {
    wg: Environment,
    model: ScriptedModel,
}

/// Whether this is the program itself, and not the script that starts it.
fn is_program(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let name = words.next().unwrap_or_default();
    name.ends_with("/codex") && words.next() == Some("app-server")
}

/// Where the real program is; says so where it is not to be used.
fn program() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("WG_REAL_AGENTS").filter(|folder| !folder.is_empty()) else {
        println!(
            "SKIPPED: WG_REAL_AGENTS names no folder with the real agent programs (.ci/agents makes one)"
        );
        return None;
    };
    let program = PathBuf::from(folder).join("node_modules/.bin/codex");
    assert!(program.is_file(), "{} is not there: run .ci/agents", program.display());
    Some(std::fs::canonicalize(program).unwrap())
}

impl World {
    /// None where the real program is not to be used.
    fn new() -> Option<Self> {
        let program = program()?;
        let model = ScriptedModel::start();
        let mut wg = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
        wg.set("SCRIPTED_KEY", "scripted-key");
        // It asks again at once, and not again: waiting is not what is tested.
        let settings = format!(
            "model_provider = \"scripted\"\n[model_providers.scripted]\nname = \"scripted\"\nbase_url = \"{}/v1\"\n\
             env_key = \"SCRIPTED_KEY\"\nwire_api = \"responses\"\nrequest_max_retries = 0\nstream_max_retries = 0\n",
            model.address()
        );
        let home = wg.folder().join("home/.codex");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("config.toml"), settings).unwrap();
        wg.ok(&["config", "set", "codex.program", program.to_str().unwrap()]);
        wg.ok(&["config", "set", "env.pass", "SCRIPTED_KEY"]);
        wg.ok(&["chat", "create", "Ann", "--model", "codex:gpt-5.1-codex"]);
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

    /// Waits until the chat has so many answers; gives the last.
    #[track_caller]
    fn until_answered(&self, many: usize) -> Value {
        wait_until("an answer", || {
            let answers = self.entries_of("answer");
            match answers.last() {
                Some(last) if answers.len() == many => Ok(last.clone()),
                _ => Err(format!("{:#?} {:#}", self.entries(), self.chat())),
            }
        })
    }

    /// The processes of the real program.
    fn programs(&self) -> Vec<u32> {
        let agents = self.wg.agents().into_iter();
        agents.filter(|agent| is_program(&agent.command)).map(|agent| agent.pid).collect()
    }

    /// Waits until the handler sleeps: no process is left.
    #[track_caller]
    fn until_asleep(&self) {
        self.until_state("dormant");
        assert_eq!(self.programs(), [] as [u32; 0]);
    }
}
