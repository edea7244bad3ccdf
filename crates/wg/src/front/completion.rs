//! Answers to a shell that completes a line: verbs and flags from the command line's own model, ids and
//! references from the graph. A shell asks by running `wg` with [`VARIABLE`] set (`wg completions` prints how).
//!
//! What goes wrong here is no candidate: nobody who presses a key wants to read an error.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use wg_core::port::{Chats, Page, Read, TaskFilter, TaskOrder};
use wg_core::task::StateName;

use crate::config;
use crate::context::Access;
use crate::environment::Environment;
use crate::finding::locate;
use crate::front::args::Cli;
use crate::wire;

/// The variable by which a shell asks; it holds the shell's name.
pub const VARIABLE: &str = "WG_COMPLETE";
/// Candidates of a kind: more than anybody reads.
const MOST: usize = 200;

/// Answers a shell that asks; `wg -- WORDS…`, as the registered script calls it.
pub fn answer(shell: &str, arguments: &[OsString], env: &Environment) -> Option<Vec<u8>> {
    let shells = Shells::builtins();
    let shell = shells.completer(shell)?;
    let words: Vec<OsString> = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    let mut answer = Vec::new();
    if !words.is_empty() {
        let mut command = with_candidates(Cli::command(), &Asker::of(env, &words));
        shell.write_complete(&mut command, words, Some(env.folder()), &mut answer).ok()?;
    }
    Some(answer)
}

/// The script that a shell reads to ask us.
pub fn registration(shell: &str, to: &mut dyn Write) -> std::io::Result<()> {
    match Shells::builtins().completer(shell) {
        Some(shell) => shell.write_registration(VARIABLE, "wg", "wg", "wg", to),
        None => Err(std::io::Error::other(format!("there are no completions for {shell}"))),
    }
}

/// Where a line is completed: which graph is meant.
#[derive(Debug, Clone)]
struct Asker {
    env: Environment,
    graph: Option<PathBuf>,
}

impl Asker {
    fn of(env: &Environment, words: &[OsString]) -> Self {
        let named = words.iter().position(|word| word == "--dir").and_then(|at| words.get(at + 1));
        Self { env: env.clone(), graph: named.map(PathBuf::from) }
    }

    fn ask(
        &self,
        find: impl Fn(&mut dyn Read) -> Option<Vec<CompletionCandidate>>,
    ) -> Vec<CompletionCandidate> {
        let mut found = None;
        let folder = locate::find(&self.env, self.graph.as_deref());
        if let Some(mut store) = folder.ok().and_then(|folder| wire::open(&folder, Access::Read).ok()) {
            // Without an answer there are no candidates.
            let _ = store.read(&mut |read| {
                found = find(read);
                Ok(())
            });
        }
        found.unwrap_or_default()
    }

    fn tasks(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let Some(prefix) = current.to_str().map(str::to_owned) else { return Vec::new() };
        let filter = TaskFilter { prefix: Some(prefix), ..TaskFilter::default() };
        self.ask(|read| {
            let mut found = Vec::new();
            read.visit_tasks(&filter, TaskOrder::Id, Page::first(MOST), &mut |task| {
                found.push(candidate(task.id.as_str(), &task.title));
                ControlFlow::Continue(())
            })
            .ok()?;
            Some(found)
        })
    }

    fn attempts(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let prefix = current.to_str().unwrap_or_default();
        self.ask(|read| {
            let attempts = read.attempts(Page::first(MOST)).ok()?;
            let named = attempts.iter().map(|attempt| {
                let outcome = attempt.outcome().map_or("runs", wg_core::attempt::Outcome::class);
                (attempt.reference.to_string(), format!("{}: {outcome}", attempt.task))
            });
            Some(
                named
                    .filter(|(name, _)| name.starts_with(prefix))
                    .map(|(name, help)| candidate(&name, &help))
                    .collect(),
            )
        })
    }

    fn chats(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let prefix = current.to_str().unwrap_or_default();
        self.ask(|read| {
            let chats = read.chats(Chats::All).ok()?;
            let fitting = chats.iter().map(|chat| (chat.number.to_string(), chat));
            let fitting = fitting.filter(|(name, chat)| {
                name.starts_with(prefix) || name.starts_with(&format!("chat-{prefix}")) || chat.name == prefix
            });
            Some(
                fitting
                    .take(MOST)
                    .map(|(name, chat)| candidate(&name, &format!("{}: {}", chat.name, chat.state.name())))
                    .collect(),
            )
        })
    }
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(crate::output::text::line(help).into()))
}

/// The command line, each of its arguments with what may stand there. The name of a value says what it is.
fn with_candidates(command: Command, asker: &Asker) -> Command {
    command.mut_args(|arg| completed(arg, asker)).mut_subcommands(|inner| with_candidates(inner, asker))
}

fn completed(arg: Arg, asker: &Asker) -> Arg {
    let Some(name) = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string) else {
        return arg;
    };
    let asker = asker.clone();
    match name.as_str() {
        "TASK" | "AFTER" => arg.add(ArgValueCompleter::new(move |current: &OsStr| asker.tasks(current))),
        "ATTEMPT|TASK" => arg.add(ArgValueCompleter::new(move |current: &OsStr| {
            let mut found = asker.attempts(current);
            found.extend(asker.tasks(current));
            found
        })),
        "CHAT" => arg.add(ArgValueCompleter::new(move |current: &OsStr| asker.chats(current))),
        "STATE" => arg.add(words(StateName::ALL.iter().map(|state| (state.as_str(), "")))),
        "KEY" => arg.add(words(config::ALL.iter().map(|setting| (setting.key, setting.doc)))),
        "ADAPTER" => {
            arg.add(words(wg_agents::Registry::default().names().into_iter().map(|name| (name, ""))))
        }
        _ => arg,
    }
}

fn words(all: impl Iterator<Item = (&'static str, &'static str)>) -> ArgValueCompleter {
    let all: Vec<(&str, &str)> = all.collect();
    ArgValueCompleter::new(move |current: &OsStr| {
        let prefix = current.to_str().unwrap_or_default();
        let fitting = all.iter().filter(|(word, _)| word.starts_with(prefix));
        fitting.map(|(word, help)| candidate(word, help)).collect::<Vec<_>>()
    })
}
