//! The prompt of a worker: what an agent program is told of the task it is to work on.
//!
//! Owns what is told ([`PromptFacts`]), how much of it (`view`), and the template that says it, which a
//! graph's owner may write anew. It looks at nothing: the facts are gathered by the dispatcher.
//!
//! What comes from the graph is data. A template prints it on one line; with the filter `fence` it prints it as
//! it is, between two marks that no text of the graph contains, so that what somebody wrote into a description
//! can't pass for what workgraph says. Nothing here is longer than [`PROMPT_MAX`].

mod fence;
mod sample;
#[cfg(test)]
mod tests;
mod text;
mod view;

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};
use wg_core::id::{AttemptRef, TaskId};
use wg_core::port::{LogEntry, Message};
use wg_core::task::StateName;

/// Longest prompt, in bytes: what a small model takes in, and well below what a program reads of a pipe.
pub const PROMPT_MAX: usize = 256 * 1024;
/// Steps that a template may take: a template of somebody's own ends, whatever it says.
const FUEL: u64 = 2_000_000;
/// What stands at the end of a prompt that would have been longer.
const CUT: &str = "\n[the rest was cut]\n";

/// The template where a graph's owner gave none.
const BUILT_IN: &str = include_str!("task.md.j2");

/// What is to be told of a task to the one who is to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFacts {
    /// The task itself.
    pub task: TaskFacts,
    /// What it comes after.
    pub before: Vec<Dependency>,
    /// Messages to the task, the first first. One that an agent has read says so.
    pub messages: Vec<Message>,
    /// The last entries of its log, the first first.
    pub log: Vec<LogEntry>,
    /// The how-many-th attempt this is, from 1.
    pub attempt: u32,
    /// How the attempt before this one ended.
    pub last: Option<LastEnd>,
    /// What a person said of what came of an earlier attempt.
    pub feedback: Option<String>,
}

/// The task, as its worker has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFacts {
    /// Its name.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// Free words.
    pub tags: Vec<String>,
    /// What its worker should know.
    pub skills: Vec<String>,
    /// What it is to bring forth, as paths or words.
    pub deliverables: Vec<String>,
    /// What it will touch.
    pub paths: Vec<String>,
    /// Commands that have to succeed when it is done.
    pub verify: Vec<String>,
}

/// A task that this one comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub id: TaskId,
    /// Its title; absent: there is no such task.
    pub title: Option<String>,
    /// Where it stands; absent: there is no such task.
    pub state: Option<StateName>,
    /// What was said when it was done.
    pub summary: Option<String>,
    /// Paths and addresses that it has brought forth.
    pub artifacts: Vec<String>,
}

/// How the attempt before this one ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEnd {
    /// Which.
    pub attempt: AttemptRef,
    /// How.
    pub how: String,
}

/// A template can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PromptError {
    /// Where in the template, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl From<Error> for PromptError {
    fn from(error: Error) -> Self {
        let kind = error.kind().to_string();
        let why = error.detail().map_or(kind.clone(), |detail| format!("{kind}: {detail}"));
        Self { line: error.line(), why }
    }
}

/// The prompt that a template makes of facts; without a template, the built-in one.
pub fn render(template: Option<&str>, facts: &PromptFacts) -> Result<String, PromptError> {
    let view = view::View::of(facts);
    let mark = fence::mark(&view);
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    env.set_syntax(syntax?);
    // Any but none: what a macro of the template has put together stays as it is.
    env.set_auto_escape_callback(|_| AutoEscape::Custom("prompt".into()));
    env.set_formatter(|out, _, value| fence::print(out, value));
    env.add_filter("quote", |value: &Value| fence::quote(value));
    let fencing = mark.clone();
    env.add_filter("fence", move |value: &Value| fence::fence(&fencing, value));
    env.add_global("mark", Value::from_safe_string(mark));
    let mut prompt = Bounded::default();
    env.template_from_str(template.unwrap_or(BUILT_IN))?
        .render_captured_to(Value::from(Serde(&view)), &mut prompt)?;
    Ok(prompt.finish())
}

/// Whether a template of somebody's own can be used: it is tried on a task with everything and on one with
/// nothing, so that a misspelt name is found before an agent is started.
pub fn check(template: &str) -> Result<(), PromptError> {
    for facts in [PromptFacts::full_sample(), PromptFacts::bare_sample()] {
        render(Some(template), &facts)?;
    }
    Ok(())
}

/// Takes in as much as a prompt may be long.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    cut: bool,
}

impl Bounded {
    fn finish(mut self) -> String {
        if self.cut {
            self.bytes.truncate(PROMPT_MAX - CUT.len());
        }
        // A cut within a character leaves no piece of it.
        let whole = self.bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
        self.bytes.truncate(whole);
        let mut text = String::from_utf8(self.bytes).unwrap_or_default();
        if self.cut {
            text.push_str(CUT);
        }
        text
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PROMPT_MAX - self.bytes.len();
        self.cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
