//! This program's own format, as [`crate::export`] writes it.

use serde_json::Value;
use wg_core::id::{Actor, ChatNumber, TaskId};
use wg_core::task::{Priority, StateName, TaskState, Visibility};
use wg_core::time::parse_span;
use wg_core::usage::Cap;

use super::Format;
use super::fields::{Fields, told, wrong};
use super::own_chats;
use super::problem::Unreadable;
use super::record::{Draft, LeftOut, Record, What, local_id};
use crate::export::{FORMAT, IMPORTER};

/// The version that a header line says; `None` where the object is no header.
pub(super) fn header(object: &serde_json::Map<String, Value>) -> Option<Result<u64, Unreadable>> {
    if object.get("format").and_then(Value::as_str) != Some(FORMAT) || object.contains_key("id") {
        return None;
    }
    let version = object.get("version").unwrap_or(&Value::Null);
    Some(version.as_u64().ok_or_else(|| wrong("version", "a whole number", version)))
}

/// One line of the file but the first.
pub(super) fn record(mut fields: Fields) -> Result<Record, Unreadable> {
    let raw_id = fields.text("id")?.ok_or(Unreadable::NoId)?;
    let id = local_id(Format::Own, &raw_id);
    let after = fields.texts("after")?;
    let kind = fields.text("kind")?.unwrap_or_else(|| "work".to_owned());
    let is_chat = match (kind.as_str(), ChatNumber::of_task(&id)) {
        ("work", _) => false,
        ("chat", Some(_)) => true,
        ("chat", None) => return Err(Unreadable::word("id", &raw_id)),
        _ => return Err(Unreadable::word("kind", &kind)),
    };
    let what = match super::wg::internal(&raw_id) {
        Some(why) if !is_chat || why != LeftOut::Chat => What::LeftOut { why, evaluated: None },
        _ => What::Task(Box::new(task(fields, &raw_id, &id, is_chat)?)),
    };
    Ok(Record { raw_id, id, what, after, elsewhere: Vec::new() })
}

fn task(mut fields: Fields, raw_id: &str, id: &TaskId, is_chat: bool) -> Result<Draft, Unreadable> {
    let created_at = fields.time("created_at")?;
    let mut draft = Draft::new(id, raw_id, fields.text("title")?, created_at);
    draft.parent = fields.text("parent")?;
    draft.discovered_from = fields.text("discovered_from")?;
    let task = &mut draft.imported.task;
    task.description = fields.text("description")?.unwrap_or_default();
    task.tags = fields.texts("tags")?.into_iter().collect();
    task.skills = fields.texts("skills")?.into_iter().collect();
    task.deliverables = fields.texts("deliverables")?;
    task.paths = fields.texts("paths")?;
    task.times.started_at = fields.time("started_at")?;
    task.times.completed_at = fields.time("completed_at")?;
    task.times.not_before = fields.time("not_before")?;
    task.paused = fields.flag("paused")?;
    if let Some(word) = fields.raw("priority") {
        let text = told(word);
        task.priority = text.parse::<Priority>().map_err(|_| Unreadable::word("priority", &text))?;
    }
    if let Some(word) = fields.text("visibility")? {
        task.visibility = word.parse::<Visibility>().map_err(|_| Unreadable::word("visibility", &word))?;
    }
    task.run.exec = fields.text("exec")?;
    task.run.adapter = fields.text("adapter")?;
    task.run.model = fields.text("model")?;
    task.run.agent = fields.text("agent")?;
    task.run.max_attempts = fields
        .count("max_attempts")?
        .map(|n| u32::try_from(n).map_err(|_| Unreadable::word("max_attempts", &n.to_string())))
        .transpose()?;
    if !is_chat {
        let (tokens, cost_micros) = (fields.count("budget_tokens")?, fields.count("budget_cost_micros")?);
        task.run.budget = Cap { tokens, cost_micros };
    }
    if let Some(span) = fields.text("timeout")? {
        let span = parse_span(&span).map_err(|_| Unreadable::word("timeout", &span))?;
        task.run.timeout = Some(span);
    }
    notes(&mut fields, &mut draft)?;
    rows(&mut fields, &mut draft)?;
    if is_chat {
        own_chats::chat(&mut fields, &mut draft)?;
    } else {
        state(&mut fields, &mut draft)?;
    }
    for (name, value) in fields.rest() {
        draft.note(&name, value);
    }
    Ok(draft)
}

fn notes(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    match fields.value("notes") {
        None => Ok(()),
        Some(Value::Object(notes)) => {
            draft.imported.task.notes.extend(notes.into_iter().map(|(name, value)| (name, told(value))));
            Ok(())
        }
        Some(other) => Err(wrong("notes", "an object", &other)),
    }
}

fn rows(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    let seen = draft.last_seen();
    for mut row in fields.objects("log")? {
        let at = row.time("at")?.unwrap_or(seen);
        draft.imported.log.push((at, owned(&mut row, "actor")?, owned(&mut row, "message")?));
        draft.drop_rest("log", row);
    }
    for mut row in fields.objects("artifacts")? {
        let at = row.time("at")?.unwrap_or(seen);
        draft.imported.artifacts.push((at, owned(&mut row, "actor")?, owned(&mut row, "path")?));
        draft.drop_rest("artifacts", row);
    }
    for mut row in fields.objects("messages")? {
        let at = row.time("at")?.unwrap_or(seen);
        let from = Actor::from(owned(&mut row, "from")?);
        draft.imported.messages.push((at, from, owned(&mut row, "body")?));
        draft.drop_rest("messages", row);
    }
    Ok(())
}

fn owned(row: &mut Fields, name: &str) -> Result<String, Unreadable> {
    Ok(row.text(name)?.unwrap_or_default())
}

/// What was in progress or waiting arrives open with a log entry.
fn state(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    let word = fields.text("state")?.unwrap_or_else(|| StateName::Open.as_str().to_owned());
    let name = word.parse::<StateName>().map_err(|_| Unreadable::word("state", &word))?;
    let reason = fields.text("reason")?;
    let (by, on) = (fields.text("by")?, fields.text("on")?);
    let underway = match name {
        StateName::InProgress => {
            Some(format!("in progress{}", by.map_or_else(String::new, |by| format!(" by {by}"))))
        }
        StateName::Waiting => {
            Some(format!("waiting{}", on.map_or_else(String::new, |on| format!(" for {on}"))))
        }
        _ => None,
    };
    if let Some(how) = underway {
        draft.underway = true;
        let entry =
            (draft.last_seen(), IMPORTER.to_owned(), format!("was {how} where it came from; open here"));
        draft.imported.log.push(entry);
    }
    draft.imported.task.state = match name {
        StateName::Open | StateName::InProgress | StateName::Waiting => TaskState::Open,
        StateName::InReview => TaskState::InReview,
        StateName::Done => TaskState::Done,
        StateName::Failed => TaskState::Failed { reason: reason.unwrap_or_default() },
        StateName::Abandoned => TaskState::Abandoned { reason },
    };
    Ok(())
}
