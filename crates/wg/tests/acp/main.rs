//! Chats served and tasks worked on by the real opencode and the real Gemini CLI against a scripted
//! model: from end to end, with real processes.
//!
//! Runs where `WG_REAL_AGENTS` names a folder that `.ci/agents` has filled; elsewhere each test says that it is
//! skipped. Few at a time: these programs take long to start, and longer beside each other.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod asked;
mod conversation;
mod named;
mod refusals;
mod work;

use std::fs;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Environment, ScriptedModel, wait_within};

/// Longer than these programs take to start, to ask a provider again and again, and to give up.
const LONG: Duration = Duration::from_secs(300);

/// How many worlds there may be at once.
const AT_ONCE: usize = 2;

static WORLDS: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Leave for a world to be.
struct Leave;

impl Leave {
    fn had() -> Self {
        let (worlds, fewer) = &WORLDS;
        let worlds = worlds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worlds =
            fewer.wait_while(worlds, |worlds| *worlds == AT_ONCE).unwrap_or_else(PoisonError::into_inner);
        *worlds += 1;
        Self
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let (worlds, fewer) = &WORLDS;
        *worlds.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        fewer.notify_one();
    }
}

/// Which real program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agent {
    Opencode,
    Gemini,
}

impl Agent {
    fn name(self) -> &'static str {
        match self {
            Self::Opencode => "opencode",
            Self::Gemini => "gemini",
        }
    }

    fn model(self) -> &'static str {
        match self {
            Self::Opencode => "scripted/one",
            Self::Gemini => "gemini-2.5-pro",
        }
    }

    /// Points it at the model.
    fn configure(self, wg: &mut Environment, model: &ScriptedModel) {
        let home = wg.folder().join("home");
        match self {
            Self::Opencode => {
                wg.set("OPENCODE_DISABLE_MODELS_FETCH", "1");
                let one = json!({"name": "one", "limit": {"context": 100_000, "output": 4_000},
                    "cost": {"input": 1, "output": 2, "cache_read": 0.1}});
                let provider = json!({"npm": "@ai-sdk/openai-compatible", "name": "Scripted", "models": {"one": one},
                    "options": {"baseURL": format!("{}/v1", model.address()), "apiKey": "scripted-key"}});
                let settings =
                    json!({"provider": {"scripted": provider}, "model": "scripted/one", "share": "disabled"});
                fs::create_dir_all(home.join(".config/opencode")).unwrap();
                fs::write(home.join(".config/opencode/opencode.json"), settings.to_string()).unwrap();
                // In each new home it would fetch a package for plugins, which no test needs, from a registry that no
                // test should depend on, and with more than half as much processor again as its start takes.
                fs::write(home.join(".npmrc"), "offline=true\n").unwrap();
            }
            Self::Gemini => {
                wg.set("GOOGLE_GEMINI_BASE_URL", &model.address());
                wg.set("GEMINI_API_KEY", "scripted-key");
                // It would ask its provider again for minutes.
                let settings =
                    json!({"general": {"maxAttempts": 2}, "privacy": {"usageStatisticsEnabled": false}});
                fs::create_dir_all(home.join(".gemini")).unwrap();
                fs::write(home.join(".gemini/settings.json"), settings.to_string()).unwrap();
            }
        }
    }
}

/// A graph with a chat that the real program serves.
struct World {
    wg: Environment,
    model: ScriptedModel,
    agent: Agent,
    _leave: Leave,
}

/// Where the real program is; says so where it is not to be used.
fn program(agent: Agent) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("WG_REAL_AGENTS").filter(|folder| !folder.is_empty()) else {
        println!(
            "SKIPPED: WG_REAL_AGENTS names no folder with the real agent programs (.ci/agents makes one)"
        );
        return None;
    };
    let program = PathBuf::from(folder).join("node_modules/.bin").join(agent.name());
    assert!(program.is_file(), "{} is not there: run .ci/agents", program.display());
    Some(fs::canonicalize(program).unwrap())
}

impl World {
    /// None where the real program is not to be used.
    fn new(agent: Agent) -> Option<Self> {
        let world = Self::without_chat(agent)?;
        let program = program(agent)?;
        let setting = format!("{}.program", agent.name());
        world.wg.ok(&["config", "set", &setting, program.to_str().unwrap()]);
        world.wg.ok(&["chat", "create", "Ann", "--model", &format!("{}:{}", agent.name(), agent.model())]);
        Some(world)
    }

    fn without_chat(agent: Agent) -> Option<Self> {
        program(agent)?;
        let leave = Leave::had();
        let model = ScriptedModel::start();
        let mut wg = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
        agent.configure(&mut wg, &model);
        // All of it at another level of the sandbox.
        if let Ok(level) = std::env::var("WG_SANDBOX_LEVEL") {
            wg.set("WG_SANDBOX_LEVEL", &level);
        }
        Some(Self { wg, model, agent, _leave: leave })
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
        let answers = self.entries_of("answer").len();
        self.sends(text);
        wait_within(LONG, "the answer", || match self.entries_of("answer") {
            all if all.len() > answers => Ok(all[answers]["text"].as_str().unwrap().to_owned()),
            _ => Err(format!("{:#?} {:#}", self.entries(), self.chat())),
        })
    }

    fn sends(&self, text: &str) {
        self.wg.ok(&["chat", "send", "chat-1", text]);
    }

    /// Waits until the chat is as wanted.
    #[track_caller]
    fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_within(LONG, what, || {
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
        wait_within(LONG, "a call of the model", || {
            let seen = self.model.calls();
            if seen >= calls { Ok(()) } else { Err(format!("{seen} calls, {:#}", self.chat())) }
        });
    }

    /// The processes of the real program.
    fn programs(&self) -> Vec<u32> {
        let agents = self.wg.agents().into_iter();
        agents
            .filter(|agent| agent.command.contains(self.agent.name()) && !agent.is_keeper())
            .map(|agent| agent.pid)
            .collect()
    }

    /// Waits until the handler sleeps: no process is left.
    #[track_caller]
    fn until_asleep(&self) {
        self.until_state("dormant");
        assert_eq!(self.programs(), [] as [u32; 0]);
    }
}
