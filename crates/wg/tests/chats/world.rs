//! A world with chats: what is asked of it, what is seen of it, and what must hold of it in the end.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Environment, Marked, Tmpfs, wait_until};
use wg_core::id::ChatNumber;
use wg_dispatch::control::client::{self, Conversation};

/// A count of the requirement: all of it where `WG_LONG` is set, else a tenth.
pub fn count(full: usize) -> usize {
    if std::env::var_os("WG_LONG").is_some() { full } else { full / 10 }
}

/// Somebody without a name and without power.
const NOBODY: u32 = 65_534;

/// An environment with a graph whose handlers leave soon after the last consumer.
pub struct World(Environment);

impl Deref for World {
    type Target = Environment;

    fn deref(&self) -> &Environment {
        &self.0
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Environment {
        &mut self.0
    }
}

/// A delivery as the scripted agent noted it (`deliveries FILE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The agent's process.
    pub process: String,
    /// The message.
    pub message: u64,
    /// It was told that the message was given before.
    pub again: bool,
}

impl World {
    /// A new one.
    pub fn new() -> Self {
        let mut world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
        world.set("WG_CHAT_LINGER", "200ms");
        Self(world)
    }

    /// One of this environment.
    pub fn of(world: Environment) -> Self {
        Self(world)
    }

    /// One whose working folder, graph and all, has only so much room; absent where no file system can be mounted.
    pub fn with_room_for(bytes: u64) -> Option<(Self, Tmpfs)> {
        let mut world = Environment::new(env!("CARGO_BIN_EXE_wg"));
        world.set("WG_CHAT_LINGER", "200ms");
        match Tmpfs::mount(&world.work(), bytes) {
            Ok(disk) => {
                world.ok(&["init"]);
                Some((Self(world), disk))
            }
            Err(why) => {
                println!("{why}");
                None
            }
        }
    }

    /// One whose programs may not do everything: where root runs the tests they run as somebody else. Absent
    /// where that can't be had.
    pub fn without_power() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return Some(Self::new());
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (script, wg) = (folder.join("wg-of-nobody"), env!("CARGO_BIN_EXE_wg"));
        let as_nobody = format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups");
        testkit::write_program(&script, &format!("#!/bin/sh\nexec {as_nobody} {wg} \"$@\"\n"));
        let mut world = Environment::new(&script);
        world.set("WG_CHAT_LINGER", "200ms");
        for folder in [world.folder().to_owned(), world.work()]
            .into_iter()
            .chain(["home", "tmp"].map(|name| world.folder().join(name)))
        {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = world.wg(&["init"]);
        if made.code != 0 {
            println!("skipped: programs can't run as somebody else here: {}", made.stderr);
            return None;
        }
        Some(Self(world))
    }

    /// Makes a file of a world [`Self::without_power`] one that its programs may read, and no more; gives what
    /// takes that back.
    pub fn take_away(&self, path: &Path) -> impl Fn() + use<> {
        let change = |path: &Path, owner: u32, mode: u32| {
            if rustix::process::geteuid().is_root() {
                chown(path, Some(owner), Some(owner)).unwrap();
            }
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        change(path, 0, 0o444);
        let path = path.to_owned();
        move || change(&path, NOBODY, 0o600)
    }

    /// The command line of a scripted handler: these steps, then it serves.
    pub fn handler(&self, steps: &[&str]) -> String {
        let mut all = steps.to_vec();
        all.push("chat serve");
        format!("exec {}", self.agent(&all))
    }

    /// A new chat that is served by the scripted agent with these steps.
    #[track_caller]
    pub fn chat(&self, steps: &[&str]) -> String {
        self.served_by(&self.handler(steps))
    }

    /// A new chat that is served by this command line.
    #[track_caller]
    pub fn served_by(&self, command: &str) -> String {
        self.ok(&["chat", "create", "--command", command]).trim().to_owned()
    }

    /// Writes to a chat; gives the message's number.
    #[track_caller]
    pub fn send(&self, chat: &str, text: &str) -> u64 {
        self.json(&["chat", "send", chat, text])["messages"][0].as_u64().unwrap()
    }

    /// Writes to a chat and waits for what it answers.
    #[track_caller]
    pub fn answer(&self, chat: &str, text: &str) -> String {
        self.ok(&["chat", "send", chat, text, "--wait", "--timeout", "60s"]).trim_end().to_owned()
    }

    /// Consumes a chat until the connection is dropped.
    #[track_caller]
    pub fn attach(&self, chat: &str) -> Conversation {
        wait_until("to be attached", || client::attach(&self.graph(), number(chat), false)).1
    }

    /// What `chat list` says of a chat.
    #[track_caller]
    pub fn record(&self, chat: &str) -> Value {
        let listed = self.json(&["chat", "list", "--all"]);
        let found = listed["chats"].as_array().unwrap().iter().find(|record| record["chat"] == chat);
        found.unwrap_or_else(|| panic!("no {chat} in {listed}")).clone()
    }

    /// The state of a chat.
    #[track_caller]
    pub fn state(&self, chat: &str) -> String {
        self.record(chat)["state"].as_str().unwrap().to_owned()
    }

    /// Waits until a chat is as wanted; gives its record then.
    #[track_caller]
    pub fn until(&self, chat: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, || {
            let record = self.record(chat);
            if wanted(&record) { Ok(record) } else { Err(record) }
        })
    }

    /// Waits until a chat is in a state.
    #[track_caller]
    pub fn until_state(&self, chat: &str, state: &str) -> Value {
        self.until(chat, &format!("{chat} to be {state}"), |record| record["state"] == state)
    }

    /// Waits until a chat has had an answer to everything and its handler has left.
    #[track_caller]
    pub fn until_at_rest(&self, chat: &str) -> Value {
        self.until(chat, &format!("{chat} to be answered and at rest"), |record| {
            record["state"] == "dormant" && record["waiting"] == 0
        })
    }

    /// Waits until no handler has a process, and every attempt is recorded as over.
    #[track_caller]
    pub fn until_nothing_lives(&self) {
        wait_until("every handler to be gone", || {
            let alive = self.agents();
            let open: Vec<Value> =
                self.attempts().into_iter().filter(|attempt| attempt["state"] != "finished").collect();
            if alive.is_empty() && open.is_empty() { Ok(()) } else { Err(format!("{alive:#?} {open:#?}")) }
        });
    }

    /// The handlers of a chat that live just now, by their marks: their trees, shims aside.
    pub fn handlers(&self, chat: &str) -> Vec<Marked> {
        let task = format!(".{chat}");
        let mut of: BTreeMap<String, String> = BTreeMap::new();
        for attempt in self.attempts() {
            let word = |key: &str| attempt[key].as_str().unwrap().to_owned();
            of.insert(word("attempt"), word("task"));
        }
        let is_of = |process: &Marked| {
            let mark = process.variable("WG_ATTEMPT").unwrap_or_default();
            of.get(mark.split('.').next().unwrap_or_default()) == Some(&task)
        };
        self.agents().into_iter().filter(is_of).collect()
    }

    /// Every handler that there ever was, the last first.
    #[track_caller]
    pub fn attempts(&self) -> Vec<Value> {
        self.json(&["attempt", "list", "-n", "100000"])["attempts"].as_array().unwrap().clone()
    }

    /// How every handler of a chat ended, the first first; `-` where one has not.
    #[track_caller]
    pub fn ends(&self, chat: &str) -> Vec<String> {
        let task = format!(".{chat}");
        let of_chat = self.attempts().into_iter().rev().filter(|attempt| attempt["task"] == *task);
        of_chat.map(|attempt| attempt["outcome"].as_str().unwrap_or("-").to_owned()).collect()
    }

    /// A chat's entries, as the program tells them.
    #[track_caller]
    pub fn entries(&self, chat: &str) -> Vec<Value> {
        self.json(&["chat", "history", chat])["entries"].as_array().unwrap().clone()
    }

    /// Which messages were answered, in the order of the answers.
    #[track_caller]
    pub fn answered(&self, chat: &str) -> Vec<u64> {
        let entries = self.entries(chat);
        let answers = entries.iter().filter(|entry| entry["kind"] == "answer");
        answers.map(|answer| answer["message"].as_u64().unwrap()).collect()
    }

    /// Where a chat's transcript lies.
    pub fn transcript(&self, chat: &str) -> PathBuf {
        self.graph().join("chat").join(chat).join("history.jsonl")
    }

    /// Waits until a chat's transcript holds exactly its entries, one numbered line each; gives its bytes.
    #[track_caller]
    pub fn until_written_down(&self, chat: &str) -> Vec<u8> {
        wait_until("the transcript to hold every entry", || {
            let entries = self.entries(chat);
            let bytes = fs::read(self.transcript(chat)).map_err(|error| error.to_string())?;
            let text = String::from_utf8(bytes.clone()).map_err(|error| error.to_string())?;
            let lines: Vec<Value> = text
                .lines()
                .map(serde_json::from_str)
                .collect::<Result<_, _>>()
                .map_err(|e| e.to_string())?;
            if lines == entries { Ok(bytes) } else { Err(format!("{text} of {entries:?}")) }
        })
    }

    /// What the dispatchers of this world have noted.
    pub fn log(&self) -> String {
        fs::read_to_string(self.graph().join("service/daemon.log")).unwrap_or_default()
    }

    /// What was given to scripted handlers that noted it in `file`.
    pub fn given(&self, file: &str) -> Vec<Given> {
        let given = |line: String| {
            let words: Vec<&str> = line.split(' ').collect();
            Given {
                process: words[0].to_owned(),
                message: words[1].parse().unwrap(),
                again: words[2] == "again",
            }
        };
        self.runs(file).into_iter().map(given).collect()
    }

    /// Kills every shim, and nothing else.
    #[track_caller]
    pub fn kill_shims(&self) {
        let marked = self.marks().scan();
        let shims: Vec<u32> = marked
            .iter()
            .filter(|process| process.command.contains("__shim"))
            .map(|process| process.pid)
            .collect();
        assert!(!shims.is_empty(), "{marked:#?}");
        for shim in shims {
            assert!(self.marks().signal(shim, Signal::KILL));
        }
        wait_until("the shims to be gone", || {
            let left = self.marks().scan().into_iter().any(|process| process.command.contains("__shim"));
            if left { Err("not yet") } else { Ok(()) }
        });
    }

    /// Makes a file that a scripted agent waits for.
    pub fn touch(&self, file: &str) {
        fs::write(self.path(file), "").unwrap();
    }
}

/// `chat-3` is 3.
pub fn number(chat: &str) -> ChatNumber {
    chat.parse().unwrap()
}
