//! The `wg` format: `.wg/graph.jsonl` of the other program, in its present and its older field names.

use serde_json::Value;
use wg_core::id::TaskId;
use wg_core::task::{Priority, TaskState, Visibility};
use wg_core::time::{Timestamp, parse_span};

use super::Format;
use super::chats;
use super::fields::{Fields, told, whole, wrong};
use super::problem::Unreadable;
use super::record::{Draft, LeftOut, Record, What, local_id};

/// Who a row is from where the file does not say.
const UNKNOWN: &str = "unknown";
/// Verbs of book-keeping that come before their task; all others come after it.
const BEFORE: [&str; 2] = ["assign", "place"];

/// One line of the file.
pub(super) fn record(mut fields: Fields) -> Result<Record, Unreadable> {
    let raw_id = fields.text("id")?.ok_or(Unreadable::NoId)?;
    let id = local_id(Format::Wg, &raw_id);
    let kind = fields.text("kind")?.unwrap_or_else(|| "task".to_owned());
    if kind != "task" {
        let what = What::LeftOut { why: LeftOut::Kind(kind), evaluated: None };
        return Ok(Record { raw_id, id, what, after: Vec::new(), elsewhere: Vec::new() });
    }
    let mut after = fields.texts("after")?;
    after.append(&mut fields.texts("blocked_by")?);
    let mut before = fields.texts("before")?;
    before.append(&mut fields.texts("blocks")?);
    let elsewhere = before.into_iter().map(|other| (other, raw_id.clone())).collect();
    let what = match internal(&raw_id) {
        Some(LeftOut::Chat) | None => task(fields, &raw_id, &id)?,
        Some(why) => What::LeftOut { evaluated: evaluated(&raw_id, &mut fields)?, why },
    };
    Ok(Record { raw_id, id, what, after, elsewhere })
}

/// Why an id that belongs to the other program is left out.
pub(super) fn internal(id: &str) -> Option<LeftOut> {
    let name = id.strip_prefix('.')?;
    let verb = name.split('-').next().unwrap_or_default();
    Some(match verb {
        "chat" | "coordinator" => LeftOut::Chat,
        _ => LeftOut::Bookkeeping(verb.to_owned()),
    })
}

/// The task that a book-keeping id which is not in the file stood for when others come after it.
pub(super) fn stands_for(id: &str) -> Option<&str> {
    let (verb, task) = id.strip_prefix('.')?.split_once('-')?;
    (!BEFORE.contains(&verb) && !matches!(verb, "chat" | "coordinator")).then_some(task)
}

/// Of which task a finished `.evaluate-X` is the evaluation, when it ran and by whom.
fn evaluated(id: &str, fields: &mut Fields) -> Result<Option<(String, Timestamp, String)>, Unreadable> {
    let Some(task) = id.strip_prefix(".evaluate-") else { return Ok(None) };
    let done = fields.text("status")?.is_some_and(|status| plain(&status) == "done");
    let at = fields.time("completed_at")?.or(fields.time("started_at")?).or(fields.time("created_at")?);
    let who = fields.text("assigned")?;
    Ok(done.then(|| (task.to_owned(), at.unwrap_or_default(), who.unwrap_or_else(|| id.to_owned()))))
}

fn task(mut fields: Fields, raw_id: &str, id: &TaskId) -> Result<What, Unreadable> {
    let tags = fields.texts("tags")?;
    let is_chat =
        internal(raw_id) == Some(LeftOut::Chat) || tags.iter().any(|tag| chats::TAGS.contains(&tag.as_str()));
    let created_at = fields.time("created_at")?;
    let started_at = fields.time("started_at")?;
    let completed_at = fields.time("completed_at")?;
    let mut draft = Draft::new(id, raw_id, fields.text("title")?, created_at.or(started_at).or(completed_at));
    let task = &mut draft.imported.task;
    task.times.started_at = started_at;
    task.times.completed_at = completed_at;
    task.times.not_before = fields.time("not_before")?;
    task.description = fields.text("description")?.unwrap_or_default();
    task.tags = tags.into_iter().collect();
    task.skills = fields.texts("skills")?.into_iter().collect();
    task.deliverables = fields.texts("deliverables")?;
    task.paused = fields.flag("paused")?;
    log(&mut fields, &mut draft)?;
    let named_at = draft.last_seen();
    for path in fields.texts("artifacts")? {
        draft.imported.artifacts.push((named_at, UNKNOWN.to_owned(), path));
    }
    run(&mut fields, &mut draft)?;
    if let Some(value) = fields.raw("priority") {
        draft.imported.task.priority = priority(&value, &mut draft)?;
    }
    if let Some(word) = fields.text("visibility")? {
        match word.parse::<Visibility>() {
            Ok(visibility) => draft.imported.task.visibility = visibility,
            Err(_) => draft.note("visibility", word),
        }
    }
    if let Some(mut estimate) = fields.value("estimate") {
        match estimate.as_object_mut().filter(|object| object.len() == 1).and_then(|o| o.remove("hours")) {
            Some(hours) => draft.note("estimate", format!("{hours}h")),
            None => draft.note("estimate", told(estimate)),
        }
    }
    let logged = draft.imported.log.len();
    state(&mut fields, &mut draft)?;
    if is_chat {
        // How far its state got there is no matter here.
        draft.imported.log.truncate(logged);
        chats::of_wg(&mut draft);
    }
    for (name, value) in fields.rest() {
        draft.note(&name, value);
    }
    Ok(What::Task(Box::new(draft)))
}

/// What decides how the task is run.
fn run(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    let run = &mut draft.imported.task.run;
    run.exec = fields.text("exec")?;
    run.model = fields.text("model")?;
    let retries = fields.count("max_retries")?;
    run.max_attempts = retries.map(|n| u32::try_from(n.saturating_add(1)).unwrap_or(u32::MAX));
    if let Some(agent) = fields.text("agent")? {
        if agent.len() == 64 && agent.bytes().all(|b| b.is_ascii_hexdigit()) {
            run.agent = Some(agent.to_ascii_lowercase());
        } else {
            draft.note("agent", agent);
        }
    }
    if let Some(span) = fields.text("timeout")? {
        match parse_span(&span) {
            Ok(span) => draft.imported.task.run.timeout = Some(span),
            Err(_) => draft.note("timeout", span),
        }
    }
    Ok(())
}

fn log(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    for mut entry in fields.objects("log")? {
        let at = match entry.time("timestamp")? {
            Some(at) => at,
            None => draft.last_seen(),
        };
        let (actor, user) = (entry.text("actor")?, entry.text("user")?);
        let who = match (actor, user) {
            (Some(actor), Some(user)) => format!("{actor} ({user})"),
            (actor, user) => actor.or(user).unwrap_or_else(|| UNKNOWN.to_owned()),
        };
        let message = entry.text("message")?.unwrap_or_default();
        draft.imported.log.push((at, who, message));
        draft.drop_rest("log", entry);
    }
    Ok(())
}

/// A number from 0 to 100 or one of the words.
fn priority(value: &Value, draft: &mut Draft) -> Result<Priority, Unreadable> {
    match value {
        Value::String(word) => {
            word.to_ascii_lowercase().parse().map_err(|_| Unreadable::word("priority", word))
        }
        Value::Number(number) => {
            let n = whole(value).ok_or_else(|| Unreadable::word("priority", &number.to_string()))?;
            if n > u64::from(Priority::CRITICAL.0) {
                draft.note("priority", n.to_string());
            }
            Ok(Priority(u8::try_from(n).unwrap_or(u8::MAX).min(Priority::CRITICAL.0)))
        }
        other => Err(wrong("priority", "a number or a word", other)),
    }
}

/// A status in snake, kebab or camel case as one lower-case word.
fn plain(status: &str) -> String {
    status.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The state, with a log entry or a note for what the word says beyond it.
fn state(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    let status = fields.text("status")?.unwrap_or_else(|| "open".to_owned());
    let reason = fields.text("failure_reason")?;
    let assigned = fields.text("assigned")?;
    let who = assigned.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let failed = |reason: &mut Option<String>, otherwise: &str| TaskState::Failed {
        reason: reason.take().unwrap_or_else(|| otherwise.to_owned()),
    };
    let mut reason = reason;
    let mut say = None;
    let state = match plain(&status).as_str() {
        "open" => TaskState::Open,
        "blocked" => TaskState::Open,
        "inprogress" => {
            draft.underway = true;
            say = Some("was in progress where it came from; open here");
            TaskState::Open
        }
        "waiting" => {
            draft.underway = true;
            say = Some("was waiting where it came from; open here");
            TaskState::Open
        }
        "incomplete" => {
            say = Some("was incomplete where it came from; open here");
            TaskState::Open
        }
        "pendingvalidation" | "pendingreview" => TaskState::InReview,
        "done" => TaskState::Done,
        "pendingeval" => {
            say = Some("was done where it came from, its evaluation had not run");
            TaskState::Done
        }
        "failed" => failed(&mut reason, "no reason was given"),
        "failedpendingeval" => {
            say = Some("had failed where it came from, its evaluation had not run");
            failed(&mut reason, "no reason was given")
        }
        "abandoned" => TaskState::Abandoned { reason: reason.take() },
        _ => return Err(Unreadable::word("status", &status)),
    };
    draft.imported.task.state = state;
    if let Some(say) = say {
        let at = draft.last_seen();
        draft.imported.log.push((at, who, say.to_owned()));
    }
    for (name, value) in [("assigned", assigned), ("failure_reason", reason)] {
        if let Some(value) = value {
            draft.note(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Record, Unreadable> {
        let Value::Object(object) = value else { panic!("an object") };
        record(Fields(object))
    }

    fn draft(value: Value) -> Draft {
        match read(value).map(|record| record.what) {
            Ok(What::Task(draft)) => *draft,
            Ok(What::LeftOut { why, .. }) => panic!("left out: {why}"),
            Err(why) => panic!("unreadable: {why}"),
        }
    }

    #[test]
    fn every_status_in_every_case_has_its_state() {
        let failed = || TaskState::Failed { reason: "why".into() };
        for (status, state, underway, logged) in [
            ("open", TaskState::Open, false, 0),
            ("blocked", TaskState::Open, false, 0),
            ("in-progress", TaskState::Open, true, 1),
            ("in_progress", TaskState::Open, true, 1),
            ("InProgress", TaskState::Open, true, 1),
            ("waiting", TaskState::Open, true, 1),
            ("incomplete", TaskState::Open, false, 1),
            ("pending-validation", TaskState::InReview, false, 0),
            ("pendingReview", TaskState::InReview, false, 0),
            ("pending_eval", TaskState::Done, false, 1),
            ("done", TaskState::Done, false, 0),
            ("failed", failed(), false, 0),
            ("FailedPendingEval", failed(), false, 1),
            ("abandoned", TaskState::Abandoned { reason: Some("why".into()) }, false, 0),
        ] {
            let draft = draft(json!({"id": "a", "status": status, "failure_reason": "why"}));
            assert_eq!(
                (&draft.imported.task.state, draft.underway, draft.imported.log.len()),
                (&state, underway, logged),
                "{status}"
            );
        }
        assert!(matches!(read(json!({"id": "a", "status": "great"})), Err(Unreadable::Word { .. })));
    }

    #[test]
    fn priorities_are_numbers_or_words() {
        for (given, expected) in [
            (json!("critical"), 100),
            (json!("High"), 50),
            (json!(7), 7),
            (json!(0), 0),
            (json!(10.0), 10),
            (json!(900), 100),
        ] {
            assert_eq!(
                draft(json!({"id": "a", "priority": given})).imported.task.priority,
                Priority(expected)
            );
        }
        assert_eq!(draft(json!({"id": "a"})).imported.task.priority, Priority::NORMAL);
        for bad in [json!("soon"), json!(-1), json!(true), json!(1.5)] {
            assert!(read(json!({"id": "a", "priority": bad})).is_err());
        }
    }

    #[test]
    fn what_has_no_home_is_a_note() {
        let task = draft(json!({
            "id": "a", "title": "A\nB", "estimate": {"hours": 4.0}, "verify": "cargo test", "retry_count": 1,
            "token_usage": {"input_tokens": 3}, "timeout": "a while", "agent": "ann", "assigned": "agent-6",
            "max_retries": 2, "unplaced": false, "exec": "true", "visibility": "peer", "novelty": [1, null],
        }))
        .imported
        .task;
        assert_eq!(task.title, "A B");
        assert_eq!((task.run.exec.as_deref(), task.run.max_attempts), (Some("true"), Some(3)));
        let notes: Vec<_> = task.notes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            notes,
            [
                ("agent", "ann"),
                ("assigned", "agent-6"),
                ("estimate", "4.0h"),
                ("novelty", "[1,null]"),
                ("retry_count", "1"),
                ("timeout", "a while"),
                ("token_usage", r#"{"input_tokens":3}"#),
                ("verify", "cargo test"),
                ("visibility", "peer"),
            ]
        );
    }

    #[test]
    fn what_is_no_work_is_left_out_with_its_class() {
        let class = |value| match read(value).map(|record| record.what) {
            Ok(What::LeftOut { why, evaluated }) => (why.to_string(), evaluated.map(|(task, ..)| task)),
            _ => panic!("a task"),
        };
        assert_eq!(class(json!({"id": "r", "kind": "resource"})), ("of kind resource".into(), None));
        assert_eq!(class(json!({"id": ".assign-a-b"})), ("bookkeeping .assign".into(), None));
        let done = class(json!({"id": ".evaluate-a-b", "status": "Done"}));
        assert_eq!(done, ("bookkeeping .evaluate".into(), Some("a-b".into())));
        assert_eq!(class(json!({"id": ".evaluate-a", "status": "open"})).1, None);
    }

    #[test]
    fn wrong_types_and_times_are_told_with_their_field() {
        for (value, told) in [
            (json!({"title": "no id"}), "there is no id"),
            (json!({"id": ""}), "there is no id"),
            (json!({"id": 3}), "id should be a text, but is a number"),
            (json!({"id": "a", "after": "b"}), "after should be a list, but is a text"),
            (json!({"id": "a", "after": [1]}), "after should be a list of texts, but is a number"),
            (
                json!({"id": "a", "log": [{"message": {}}, 1]}),
                "log should be a list of objects, but is a number",
            ),
            (json!({"id": "a", "paused": "yes"}), "paused should be true or false, but is a text"),
        ] {
            assert_eq!(read(value).err().map(|why| why.to_string()).as_deref(), Some(told));
        }
        let time = read(json!({"id": "a", "created_at": "yesterday"})).err().map(|why| why.to_string());
        assert!(time.is_some_and(|why| why.starts_with("created_at: \"yesterday\" is no time")));
    }
}
