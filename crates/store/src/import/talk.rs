//! What was said in the other program's chats, in files beside its graph: `chat/sessions.json`, and in
//! `chat/UUID/` (or `chat/ALIAS/`, a folder or a link to one) `inbox.jsonl` and `outbox.jsonl`. They are read
//! and left where they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wg_core::chat::{Entry, What};
use wg_core::id::Actor;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::ImportError;
use super::chats::{Said, named};
use super::fields::{Fields, wrong};
use super::lines::{Content, LINE_MAX, Lines};
use super::problem::{LineProblem, Unreadable};
use super::report::Report;

const FOLDER: &str = "chat";
const SESSIONS: &str = "sessions.json";
/// Files of a history: whose lines, unless a line says it itself.
const FILES: [(&str, Role); 2] = [("inbox.jsonl", Role::User), ("outbox.jsonl", Role::Coordinator)];
/// Who wrote a message where the file does not say.
const SOMEBODY: &str = "user";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    User,
    Coordinator,
}

/// A line of a history.
struct Spoken {
    at: Timestamp,
    role: Role,
    text: String,
    request: Option<String>,
    user: Option<String>,
}

/// What was said in one chat, and what is known of it beside that.
#[derive(Default)]
pub(super) struct Talk {
    pub label: Option<String>,
    pub archived_at: Option<Timestamp>,
    created: Option<Timestamp>,
    spoken: Vec<Spoken>,
}

impl Talk {
    /// The entries by time; at the same time messages come before answers.
    pub fn said(mut self) -> Vec<Said> {
        self.spoken.sort_by_key(|spoken| (spoken.at, spoken.role));
        let mut asked: HashMap<String, u64> = HashMap::new();
        let mut said: Vec<Said> = Vec::with_capacity(self.spoken.len());
        for (number, spoken) in (1..).zip(self.spoken) {
            let (what, unanswered) = match spoken.role {
                Role::User => {
                    asked.extend(spoken.request.map(|request| (request, number)));
                    let from = Actor::User(spoken.user.unwrap_or_else(|| SOMEBODY.to_owned()));
                    (What::Message { from, text: spoken.text }, true)
                }
                Role::Coordinator => {
                    let message = spoken.request.and_then(|request| asked.get(&request).copied());
                    let asked = message.and_then(|number| usize::try_from(number - 1).ok());
                    if let Some(message) = asked.and_then(|place| said.get_mut(place)) {
                        message.unanswered = false;
                    }
                    let usage = Usage::default();
                    (What::Answer { message, text: spoken.text, handler: None, usage }, false)
                }
            };
            said.push(Said { entry: Entry { number, at: spoken.at, what }, unanswered });
        }
        said
    }

    /// When the chat was made, as far as its history tells.
    pub fn begun(&self) -> Option<Timestamp> {
        self.created.or(self.spoken.iter().map(|spoken| spoken.at).min())
    }

    /// When something was said last.
    pub fn ended(&self) -> Option<Timestamp> {
        self.spoken.iter().map(|spoken| spoken.at).max()
    }

    fn is_empty(&self) -> bool {
        self.spoken.is_empty()
    }
}

/// The histories beside a graph, by the number that the other program has for their chat.
#[derive(Default)]
pub(super) struct Talks(BTreeMap<u64, Talk>);

impl Talks {
    /// The numbers.
    pub fn names(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// Takes one out.
    pub fn take(&mut self, name: u64) -> Option<Talk> {
        self.0.remove(&name)
    }

    /// Takes those out that say something.
    pub fn rest(&mut self) -> Vec<(u64, Talk)> {
        std::mem::take(&mut self.0).into_iter().filter(|(_, talk)| !talk.is_empty()).collect()
    }
}

/// What `sessions.json` says of one session.
struct Session {
    names: BTreeSet<u64>,
    label: Option<String>,
    created: Option<Timestamp>,
    archived_at: Option<Timestamp>,
}

/// Reads all of them; bad lines are reported.
pub(super) fn read(beside: &Path, report: &mut Report) -> Result<Talks, ImportError> {
    let folder = beside.join(FOLDER);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ImportError::Beside { path, source }
    };
    let root = match folder.canonicalize() {
        Ok(root) => root,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Talks::default()),
        Err(error) => return Err(at(&folder)(error)),
    };
    let mut sessions = sessions(&folder, report).map_err(at(&folder.join(SESSIONS)))?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&root).map_err(at(&folder))? {
        let entry = entry.map_err(at(&folder))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    // One folder may be there under several names, and one chat in several folders.
    let mut folders: BTreeMap<PathBuf, (String, BTreeSet<u64>)> = BTreeMap::new();
    for name in names {
        // A link that leads nowhere, or out of the folder, is nobody's history.
        let Ok(real) = root.join(&name).canonicalize() else { continue };
        if !real.is_dir() || real == root || !real.starts_with(&root) {
            continue;
        }
        let own = sessions.get(&name).map(|session| session.names.clone()).unwrap_or_default();
        let (_, numbers) = folders.entry(real).or_insert_with(|| (name.clone(), BTreeSet::new()));
        numbers.extend(named(&name));
        numbers.extend(own);
    }
    let mut talks = Talks::default();
    for (real, (name, numbers)) in folders {
        let mut spoken = Vec::new();
        for (file, role) in FILES {
            let told = format!("{FOLDER}/{name}/{file}");
            history(&real.join(file), &told, role, report, &mut spoken).map_err(at(&real.join(file)))?;
        }
        match numbers.first() {
            Some(number) => talks.0.entry(*number).or_default().spoken.append(&mut spoken),
            None => report.chats.stray += u64::from(!spoken.is_empty()),
        }
    }
    for session in std::mem::take(&mut sessions).into_values() {
        let Some(number) = session.names.first() else { continue };
        let talk = talks.0.entry(*number).or_default();
        talk.label = talk.label.take().or(session.label);
        talk.created = talk.created.or(session.created);
        talk.archived_at = talk.archived_at.or(session.archived_at);
    }
    Ok(talks)
}

/// The file's bytes, as many as are read of one line; `None` where there is no such file.
fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LINE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The sessions by name; what of the file can't be read is a problem.
fn sessions(folder: &Path, report: &mut Report) -> io::Result<BTreeMap<String, Session>> {
    let Some(bytes) = bytes(&folder.join(SESSIONS))? else { return Ok(BTreeMap::new()) };
    let mut problem = |line: u64, reason: Unreadable| {
        let file = Some(format!("{FOLDER}/{SESSIONS}"));
        report.problems.push(|| LineProblem { file, line, reason });
    };
    if bytes.len() > LINE_MAX {
        problem(1, Unreadable::TooLong { bytes: bytes.len() as u64, max: LINE_MAX });
        return Ok(BTreeMap::new());
    }
    let fields = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(object)) => Fields(object).object("sessions"),
        Ok(other) => Err(Unreadable::NotAnObject { found: super::fields::kind(&other) }),
        Err(error) => {
            problem(error.line().max(1) as u64, Unreadable::json(&error));
            return Ok(BTreeMap::new());
        }
    };
    let mut found = BTreeMap::new();
    match fields {
        Err(reason) => problem(1, reason),
        Ok(None) => {}
        Ok(Some(sessions)) => {
            for (name, value) in sessions.0 {
                let read = match value {
                    Value::Object(object) => session(Fields(object)),
                    other => Err(wrong(&name, "an object", &other)),
                };
                match read {
                    Ok(session) => drop(found.insert(name, session)),
                    Err(reason) => problem(1, reason),
                }
            }
        }
    }
    Ok(found)
}

fn session(mut fields: Fields) -> Result<Session, Unreadable> {
    let aliases = fields.texts("aliases")?;
    Ok(Session {
        names: aliases.iter().filter_map(|alias| named(alias)).collect(),
        label: fields.text("label")?,
        created: fields.time("created")?,
        archived_at: fields.time("archived_at")?,
    })
}

/// Reads the lines of one file.
fn history(
    path: &Path,
    name: &str,
    role: Role,
    report: &mut Report,
    spoken: &mut Vec<Spoken>,
) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut input = BufReader::with_capacity(64 * 1024, file);
    let mut lines = Lines::new(&mut input);
    while let Some(line) = lines.next()? {
        let read = match line.content {
            Content::Blank | Content::Comment => continue,
            Content::Unreadable(reason) => Err(reason),
            Content::Object(object) => line_of(Fields(object), role, report),
        };
        match read {
            Ok(line) => spoken.push(line),
            Err(reason) => report.problems.push(|| LineProblem {
                file: Some(name.to_owned()),
                line: line.number,
                reason,
            }),
        }
    }
    Ok(())
}

fn line_of(mut fields: Fields, role: Role, report: &mut Report) -> Result<Spoken, Unreadable> {
    let role = match fields.text("role")?.as_deref() {
        None => role,
        Some("user") => Role::User,
        Some("coordinator") => Role::Coordinator,
        Some(other) => return Err(Unreadable::word("role", other)),
    };
    let at = fields.time("timestamp")?.ok_or_else(|| wrong("timestamp", "a time", &Value::Null))?;
    let text = fields.text("content")?.unwrap_or_default();
    let (request, user) = (fields.text("request_id")?, fields.text("user")?);
    // Its number there means nothing here.
    let _ = fields.raw("id");
    for (field, _) in fields.rest() {
        report.dropped.add(&format!("{FOLDER}.{field}"));
    }
    Ok(Spoken { at, role, text, request, user })
}
