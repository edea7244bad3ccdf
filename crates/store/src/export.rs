//! The graph as JSON lines: a version on the first, then one task a line, ordered by id, with its log,
//! messages and artifacts. Keys are sorted and nothing tells when it was written, so the same graph gives
//! the same bytes.
//!
//! A chat is its place in the graph with what the chat itself is; the lines of its history follow it, each
//! with the chat's name. What of the place follows from the chat is not repeated.
//!
//! Not carried: attempts and their counts, operations, effects, what is paused for the whole graph, which
//! attempt has read a message, and of a chat what becomes of its handlers: one that is neither archived nor
//! held arrives dormant, and its messages that nobody answered arrive set aside. What an import of it makes
//! of the rest is exported as the same bytes again, but for what no import lets through: a task that was in
//! progress or waiting arrives open with a log entry, and open tasks arrive paused unless asked otherwise.

mod chats;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value, json};
use wg_core::chat::Chat;
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Artifact, LogEntry, Message, Page, Read, StoreError, TaskFilter, TaskOrder};
use wg_core::task::{Holder, RunSpec, Task, TaskKind, TaskState};
use wg_core::time::Timestamp;

/// What the first line says it is.
pub const FORMAT: &str = "workgraph";
/// The newest version, which has chats; older ones are read.
pub const VERSION: u64 = 2;
/// The version of a graph without chats.
const WITHOUT_CHATS: u64 = 1;
/// Who writes log entries that tell of an import.
pub(crate) const IMPORTER: &str = "import";
/// Tasks that are held at a time: a page begins by counting the tasks before it, so that few pages are cheap.
const PAGE: usize = 10_000;
/// Bytes of their descriptions and notes after which a page is closed earlier.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Why a graph could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The graph can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output can't be written.
    #[error("the export can't be written")]
    Write(#[from] io::Error),
}

/// Writes the whole graph and gives the number of tasks written, the places of chats among them. Holds one page
/// of tasks at a time.
pub fn export(read: &mut dyn Read, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, out);
    let version = if read.last_chat()?.0 == 0 { WITHOUT_CHATS } else { VERSION };
    write_line(&mut out, &json!({ "format": FORMAT, "version": version }))?;
    let mut written: usize = 0;
    loop {
        let mut tasks = Vec::new();
        let mut bytes = 0;
        let page = Page { skip: written, limit: PAGE };
        read.visit_tasks(&TaskFilter::default(), TaskOrder::Id, page, &mut |task| {
            bytes += task.description.len() + task.notes.values().map(String::len).sum::<usize>();
            tasks.push(task);
            if bytes < PAGE_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if tasks.is_empty() {
            break;
        }
        written += tasks.len();
        for task in tasks {
            let rows = Rows {
                log: read.log_of(&task.id, None)?,
                messages: read.messages_of(&task.id)?,
                artifacts: read.artifacts_of(&task.id)?,
            };
            match chat_of(read, &task)? {
                Some(chat) => {
                    write_line(&mut out, &chats::line(task, &rows, &chat))?;
                    chats::history(read, chat.number, &mut out)?;
                }
                None => write_line(&mut out, &line(&task, &rows).whole())?,
            }
        }
    }
    out.flush()?;
    Ok(written as u64)
}

/// The chat whose place a task is.
fn chat_of(read: &mut dyn Read, task: &Task) -> Result<Option<Chat>, StoreError> {
    match ChatNumber::of_task(&task.id).filter(|_| task.kind == TaskKind::Chat) {
        Some(number) => Ok(read.chat(number)?.map(|(chat, _)| chat)),
        None => Ok(None),
    }
}

fn write_line(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// What belongs to a task and is no part of its record.
#[derive(Default)]
struct Rows {
    log: Vec<LogEntry>,
    messages: Vec<Message>,
    artifacts: Vec<Artifact>,
}

/// One task as an object; what is absent, empty or the default is left out.
fn line(task: &Task, rows: &Rows) -> Line {
    let mut line = Line(Map::new());
    line.put("id", task.id.as_str());
    line.put("title", &*task.title);
    line.put("description", &*task.description);
    if task.kind == TaskKind::Work {
        line.put("state", task.state.name().as_str());
    }
    match &task.state {
        TaskState::InProgress { by: Holder::Person(name) } => line.put("by", format!("user:{name}")),
        TaskState::InProgress { by: Holder::Attempt(attempt) } => line.put("by", attempt.to_string()),
        TaskState::Waiting { on } => line.put("on", on.to_string()),
        TaskState::Failed { reason } => line.put("reason", &**reason),
        TaskState::Abandoned { reason } => line.put("reason", reason.clone()),
        TaskState::InProgress { by: Holder::Chat }
        | TaskState::Open
        | TaskState::InReview
        | TaskState::Done => {}
    }
    if task.priority != wg_core::task::Priority::default() {
        line.put("priority", task.priority.to_string());
    }
    line.put("tags", Vec::from_iter(task.tags.iter().cloned()));
    line.put("skills", Vec::from_iter(task.skills.iter().cloned()));
    line.put("after", Vec::from_iter(task.after.iter().map(|id| id.as_str().to_owned())));
    line.put("parent", task.parent.as_ref().map(ToString::to_string));
    line.put("discovered_from", task.discovered_from.as_ref().map(ToString::to_string));
    line.put("deliverables", task.deliverables.clone());
    line.put("paths", task.paths.clone());
    line.put("created_at", task.times.created_at.to_string());
    line.put("started_at", task.times.started_at.map(time));
    line.put("completed_at", task.times.completed_at.map(time));
    line.put("not_before", task.times.not_before.map(time));
    run(&task.run, &mut line);
    if task.paused {
        line.put("paused", true);
    }
    if task.visibility != wg_core::task::Visibility::default() {
        line.put("visibility", task.visibility.to_string());
    }
    let notes = task.notes.iter().map(|(name, value)| (name.clone(), Value::from(&**value)));
    line.put("notes", Map::from_iter(notes));
    line.rows("log", &rows.log, |e| json!({"at": time(e.at), "actor": e.actor, "message": e.message}));
    line.rows(
        "messages",
        &rows.messages,
        |m| json!({"at": time(m.at), "from": from(&m.from), "body": m.body}),
    );
    line.rows("artifacts", &rows.artifacts, |a| json!({"at": time(a.at), "actor": a.actor, "path": a.path}));
    line
}

fn run(run: &RunSpec, line: &mut Line) {
    line.put("exec", run.exec.clone());
    line.put("adapter", run.adapter.clone());
    line.put("model", run.model.clone());
    line.put("agent", run.agent.clone());
    line.put("timeout", run.timeout.map(span));
    line.put("max_attempts", run.max_attempts);
    line.put("budget_tokens", run.budget.tokens);
    line.put("budget_cost_micros", run.budget.cost_micros);
}

fn time(time: Timestamp) -> String {
    time.to_string()
}

fn from(actor: &Actor) -> String {
    actor.to_string()
}

/// Whole seconds where it is that, else milliseconds: exact for every span that can be typed.
fn span(span: Duration) -> String {
    match span.subsec_millis() {
        0 => format!("{}s", span.as_secs()),
        _ => format!("{}ms", span.as_millis()),
    }
}

fn sorted(mut value: Value) -> Value {
    // Nothing to do unless some crate of the build lets objects keep their insertion order.
    value.sort_all_objects();
    value
}

struct Line(Map<String, Value>);

impl Line {
    fn whole(self) -> Value {
        sorted(Value::Object(self.0))
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn rows<T>(&mut self, name: &str, rows: &[T], told: impl Fn(&T) -> Value) {
        self.put(name, Value::Array(rows.iter().map(told).collect()));
    }
}
