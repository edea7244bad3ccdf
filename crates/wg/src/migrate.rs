//! Taking over what older programs left of their chats: tasks called `.coordinator-N`, the files of their
//! supervisors (`service/coordinator-state-N.json`), and histories beside them (`chat/`).
//!
//! Everything is taken over once and starts nothing. A supervisor's file of a chat that is not there makes an
//! archived one, so that it shows; the file is set aside as `.migrated`. Histories are read and left where they
//! are.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use wg_core::chat::{Chat, ChatRun, ChatState};
use wg_core::command::{ChatCommand, Command, ImportedChat};
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Chats, Page, Store, StoreError, TaskFilter, TaskOrder};
use wg_core::rejection::Rejection;
use wg_core::submit::{SubmitError, submit};
use wg_core::task::TaskKind;
use wg_core::time::Timestamp;
use wg_dispatch::chat_history;
use wg_dispatch::files::GraphFolder;
use wg_store::import::coordinator_state::{self, CoordinatorState};
use wg_store::import::{self, Format, Options};

/// The adapter of a chat that does not say what served it.
const ADAPTER: &str = "command";
/// What a file that was taken over is called.
const DONE: &str = "migrated";

/// Takes over what is there.
pub struct Migration<'a> {
    /// The graph's store.
    pub store: &'a mut dyn Store,
    /// The graph's folder, `.wg`.
    pub folder: &'a Path,
    /// Who does it.
    pub actor: Actor,
    /// The time.
    pub now: Timestamp,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Why something could not be taken over; the rest was.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

impl Migration<'_> {
    /// Looks whether there is anything at all, at next to no cost: what a dispatcher does at its start.
    pub fn has_something(&mut self) -> bool {
        !self.states().is_empty() || self.has_older_names().unwrap_or(false)
    }

    /// Takes everything over; a line for each thing that was, and for each that could not be.
    pub fn run(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(said("older names", self.rename()));
        for (number, path) in self.states() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            lines.extend(said(&name, self.state(number, &path, &name)));
        }
        lines.extend(said("histories", self.histories()));
        lines
    }

    fn has_older_names(&mut self) -> Result<bool, StoreError> {
        let mut found = false;
        self.store.read(&mut |read| {
            for prefix in [".coordinator-", ".chat-"] {
                let filter = TaskFilter {
                    kind: Some(TaskKind::Work),
                    prefix: Some(prefix.to_owned()),
                    ..TaskFilter::default()
                };
                read.visit_tasks(&filter, TaskOrder::Id, Page::first(1), &mut |_| {
                    found = true;
                    ControlFlow::Break(())
                })?;
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn rename(&mut self) -> Result<Vec<String>, Trouble> {
        let command = Command::Chat(ChatCommand::Rename);
        let receipt = match self.dry_run {
            true => wg_core::submit::rehearse(self.store, &self.actor, &command, self.now),
            false => submit(self.store, &self.actor, command, self.now),
        };
        match receipt {
            Ok(receipt) => Ok(receipt.notes),
            Err(SubmitError::Rejected(Rejection::Nothing(_))) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The files of supervisors, by number.
    fn states(&self) -> Vec<(u64, PathBuf)> {
        let Ok(entries) = fs::read_dir(self.folder.join("service")) else { return Vec::new() };
        let mut found: Vec<(u64, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| Some((coordinator_state::number(entry.file_name().to_str()?)?, entry.path())))
            .collect();
        found.sort();
        found
    }

    fn state(&mut self, number: u64, path: &Path, name: &str) -> Result<Vec<String>, Trouble> {
        let bytes = fs::read(path)?;
        let (state, garbled) = match coordinator_state::parse(number, &bytes) {
            Ok(state) => (Some(state), String::new()),
            Err(why) => (None, format!(", though it can't be read: {why}")),
        };
        let line = if number == 0 {
            format!("{name} is of a chat 0, which there can't be: set aside{garbled}")
        } else {
            let number = ChatNumber(number);
            match self.chat(number)? {
                None => {
                    self.take_in(number, state)?;
                    format!("{name} is of a chat that is not there: {number} is made, archived{garbled}")
                }
                Some(chat) if chat.is_archived() => {
                    format!("{name}: {number} is archived and stays so{garbled}")
                }
                Some(chat) => {
                    format!(
                        "{name}: {number} is {} here; its settings are not used{garbled}",
                        chat.state.name()
                    )
                }
            }
        };
        if !self.dry_run {
            let mut done = path.as_os_str().to_owned();
            done.push(format!(".{DONE}"));
            fs::rename(path, done)?;
        }
        Ok(vec![line])
    }

    fn chat(&mut self, number: ChatNumber) -> Result<Option<Chat>, StoreError> {
        let mut found = None;
        self.store.read(&mut |read| {
            found = read.chat(number)?.map(|(chat, _)| chat);
            Ok(())
        })?;
        Ok(found)
    }

    fn take_in(&mut self, number: ChatNumber, state: Option<CoordinatorState>) -> Result<(), Trouble> {
        let (adapter, model) = state.map(|state| (state.executor, state.model)).unwrap_or_default();
        let run = ChatRun { adapter: adapter.unwrap_or_else(|| ADAPTER.to_owned()), exec: None, model };
        let mut chat = Chat::new(number, number.to_string(), run, self.now);
        chat.state =
            ChatState::Archived { by: self.actor.clone(), at: self.now, purged_at: None, held: false };
        self.submit_chat(ImportedChat {
            chat,
            task: None,
            entries: Vec::new(),
            unanswered: std::collections::BTreeSet::new(),
        })
    }

    fn submit_chat(&mut self, imported: ImportedChat) -> Result<(), Trouble> {
        if self.dry_run {
            return Ok(());
        }
        let command = Command::Chat(ChatCommand::TakeIn(Box::new(imported)));
        match submit(self.store, &self.actor, command, self.now) {
            Ok(_) | Err(SubmitError::Rejected(Rejection::Nothing(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What was said in older files of the chats that are here.
    fn histories(&mut self) -> Result<Vec<String>, Trouble> {
        if !self.folder.join("chat").is_dir() {
            return Ok(Vec::new());
        }
        let mut chats = Vec::new();
        self.store.read(&mut |read| {
            chats = read.chats(Chats::All)?;
            Ok(())
        })?;
        let mut graph = String::new();
        for chat in &chats {
            let line = serde_json::json!({
                "kind": "task", "id": chat.number.task_id().as_str(), "title": chat.name, "status": "open",
            });
            graph.push_str(&format!("{line}\n"));
        }
        let options = Options {
            name: "chat".into(),
            format: Some(Format::Wg),
            keep_going: true,
            run: false,
            now: self.now,
            beside: Some(self.folder.to_owned()),
        };
        let imported = import::read(&mut graph.as_bytes(), &options, None)?;
        let mut lines: Vec<String> = imported
            .report
            .problems
            .first
            .iter()
            .map(|problem| format!("not taken over: {problem}"))
            .collect();
        for chat in imported.import.chats.into_iter().filter(|chat| !chat.entries.is_empty()) {
            let (number, many) = (chat.chat.number, chat.entries.len());
            let before = self.last_entry(number)?;
            self.submit_chat(chat)?;
            if !self.dry_run {
                chat_history::complete(&GraphFolder::new(self.folder), self.store, number)?;
            }
            let new = if self.dry_run { many as u64 } else { self.last_entry(number)? - before };
            if new > 0 {
                lines.push(format!("{number}: {new} entries of its older history"));
            }
        }
        Ok(lines)
    }

    fn last_entry(&mut self, chat: ChatNumber) -> Result<u64, StoreError> {
        let mut last = 0;
        self.store.read(&mut |read| {
            last = read.last_entry(chat)?;
            Ok(())
        })?;
        Ok(last)
    }
}

fn said(what: &str, result: Result<Vec<String>, Trouble>) -> Vec<String> {
    match result {
        Ok(lines) => lines,
        Err(error)
            if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) =>
        {
            Vec::new()
        }
        Err(error) => vec![format!("{what} could not be taken over: {error}")],
    }
}
