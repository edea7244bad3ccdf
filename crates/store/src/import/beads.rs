//! The `beads` format: `.beads/issues.jsonl`.

use serde_json::Value;
use wg_core::id::TaskId;
use wg_core::task::{Priority, TaskState};

use super::Format;
use super::fields::{Fields, whole, wrong};
use super::problem::Unreadable;
use super::record::{Draft, LeftOut, Record, What, local_id};

/// Who a log entry is from where the file does not say.
const UNKNOWN: &str = "unknown";
/// 0, the highest there, to 4.
const PRIORITIES: [Priority; 5] =
    [Priority::CRITICAL, Priority::HIGH, Priority::NORMAL, Priority::LOW, Priority::IDLE];
/// Fields that count what the file's edges and comments say anyway.
const DERIVED: [&str; 3] = ["comment_count", "dependency_count", "dependent_count"];

/// One line of the file.
pub(super) fn record(mut fields: Fields) -> Result<Record, Unreadable> {
    let raw_id = fields.text("id")?.ok_or(Unreadable::NoId)?;
    let id = local_id(Format::Beads, &raw_id);
    let edges = edges(&mut fields, &raw_id)?;
    let status = fields.text("status")?.unwrap_or_else(|| "open".to_owned());
    let left_out = match fields.0.get("issue_type").and_then(Value::as_str) {
        _ if status == "tombstone" => Some(LeftOut::Tombstone),
        Some("message") => Some(LeftOut::Message),
        _ => None,
    };
    let what = match left_out {
        Some(why) => What::LeftOut { why, evaluated: None },
        None => {
            let mut draft = task(fields, &raw_id, &id, &status)?;
            relate(&mut draft, edges.others);
            for rest in edges.rest {
                draft.drop_rest("dependencies", rest);
            }
            What::Task(Box::new(draft))
        }
    };
    Ok(Record { raw_id, id, what, after: edges.after, elsewhere: edges.elsewhere })
}

/// The edges of one line.
struct Edges {
    after: Vec<String>,
    elsewhere: Vec<(String, String)>,
    /// Type and other end.
    others: Vec<(String, String)>,
    /// What else the file says of them.
    rest: Vec<Fields>,
}

fn edges(fields: &mut Fields, own: &str) -> Result<Edges, Unreadable> {
    let mut edges = Edges { after: Vec::new(), elsewhere: Vec::new(), others: Vec::new(), rest: Vec::new() };
    for mut edge in fields.objects("dependencies")? {
        let Some(on) = edge.text("depends_on_id")? else {
            return Err(wrong("dependencies.depends_on_id", "a text", &Value::Null));
        };
        let who = edge.text("issue_id")?.unwrap_or_else(|| own.to_owned());
        let kind = edge.text("type")?.unwrap_or_else(|| "blocks".to_owned());
        match (kind.as_str(), who == own) {
            ("blocks", true) => edges.after.push(on),
            ("blocks", false) => edges.elsewhere.push((who, on)),
            (_, true) => edges.others.push((kind, on)),
            (_, false) => edges.others.push((kind, format!("{who} -> {on}"))),
        }
        edges.rest.push(edge);
    }
    Ok(edges)
}

/// Gives the edges that are no dependencies their homes; the second of a kind that has room for one is
/// kept as a note.
fn relate(draft: &mut Draft, edges: Vec<(String, String)>) {
    for (kind, on) in edges {
        let home = match kind.as_str() {
            "parent-child" => &mut draft.parent,
            "discovered-from" => &mut draft.discovered_from,
            _ => {
                draft.other_edges.push((kind, on));
                continue;
            }
        };
        match home {
            None => *home = Some(on),
            Some(there) if *there == on => {}
            Some(_) => draft.other_edges.push((kind, on)),
        }
    }
}

fn task(mut fields: Fields, raw_id: &str, id: &TaskId, status: &str) -> Result<Draft, Unreadable> {
    let created_at = fields.time("created_at")?;
    let closed_at = fields.time("closed_at")?;
    let updated_at = fields.text("updated_at")?;
    let mut draft = Draft::new(id, raw_id, fields.text("title")?, created_at.or(closed_at));
    let task = &mut draft.imported.task;
    task.times.started_at = fields.time("started_at")?;
    task.times.completed_at = closed_at;
    task.tags = fields.texts("labels")?.into_iter().collect();
    task.description = description(&mut fields)?;
    if let Some(value) = fields.raw("priority") {
        draft.imported.task.priority = priority(&value, &mut draft)?;
    }
    draft.parent = fields.text("parent")?;
    comments(&mut fields, &mut draft)?;
    state(&mut fields, &mut draft, status)?;
    if let Some(updated_at) = updated_at {
        draft.note("updated_at", updated_at);
    }
    for name in DERIVED {
        if fields.value(name).is_some() {
            draft.dropped.push(name.to_owned());
        }
    }
    for (name, value) in fields.rest() {
        draft.note(&name, value);
    }
    Ok(draft)
}

/// The description with the other long texts under headings behind it.
fn description(fields: &mut Fields) -> Result<String, Unreadable> {
    let mut whole = fields.text("description")?.unwrap_or_default();
    for (name, heading) in
        [("design", "Design"), ("acceptance_criteria", "Acceptance criteria"), ("notes", "Notes")]
    {
        if let Some(text) = fields.text(name)? {
            if !whole.is_empty() {
                whole.push_str("\n\n");
            }
            whole.push_str(&format!("## {heading}\n\n{text}"));
        }
    }
    Ok(whole)
}

fn priority(value: &Value, draft: &mut Draft) -> Result<Priority, Unreadable> {
    let n = whole(value).ok_or_else(|| wrong("priority", "a whole number", value))?;
    let known = usize::try_from(n).ok().and_then(|n| PRIORITIES.get(n).copied());
    Ok(known.unwrap_or_else(|| {
        draft.note("priority", n.to_string());
        Priority::IDLE
    }))
}

fn comments(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    for mut comment in fields.objects("comments")? {
        let at = match comment.time("created_at")? {
            Some(at) => at,
            None => draft.last_seen(),
        };
        let who = comment.text("author")?.unwrap_or_else(|| UNKNOWN.to_owned());
        let text = comment.text("text")?.unwrap_or_default();
        draft.imported.log.push((at, who, text));
        draft.drop_rest("comments", comment);
    }
    Ok(())
}

fn state(fields: &mut Fields, draft: &mut Draft, status: &str) -> Result<(), Unreadable> {
    let reason = fields.text("close_reason")?;
    let assignee = fields.text("assignee")?;
    let who = assignee.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let at = draft.last_seen();
    let say = |draft: &mut Draft, message: String| draft.imported.log.push((at, who.clone(), message));
    match status {
        "open" | "blocked" => {}
        "in_progress" => {
            draft.underway = true;
            say(draft, "was in progress where it came from; open here".to_owned());
        }
        "deferred" | "pinned" | "hooked" => {
            draft.imported.task.paused = true;
            draft.note("status", status);
        }
        "closed" => draft.imported.task.state = TaskState::Done,
        _ => return Err(Unreadable::word("status", status)),
    }
    if let Some(reason) = reason {
        say(draft, format!("closed: {reason}"));
    }
    if let Some(assignee) = assignee {
        draft.note("assignee", assignee);
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
    fn every_status_has_its_state() {
        for (status, state, paused, underway) in [
            ("open", TaskState::Open, false, false),
            ("blocked", TaskState::Open, false, false),
            ("in_progress", TaskState::Open, false, true),
            ("deferred", TaskState::Open, true, false),
            ("pinned", TaskState::Open, true, false),
            ("hooked", TaskState::Open, true, false),
            ("closed", TaskState::Done, false, false),
        ] {
            let draft = draft(json!({"id": "bd-1", "status": status}));
            let task = &draft.imported.task;
            assert_eq!((&task.state, task.paused, draft.underway), (&state, paused, underway), "{status}");
        }
        for (value, why) in [
            (json!({"id": "bd-1", "status": "tombstone"}), LeftOut::Tombstone),
            (json!({"id": "bd-1", "issue_type": "message"}), LeftOut::Message),
        ] {
            assert!(
                matches!(read(value).map(|r| r.what), Ok(What::LeftOut { why: left, .. }) if left == why)
            );
        }
        assert!(matches!(read(json!({"id": "bd-1", "status": "great"})), Err(Unreadable::Word { .. })));
    }

    #[test]
    fn texts_edges_and_leftovers_have_their_places() {
        let record = read(json!({
            "id": "bd-1.2", "title": "T", "description": "D", "design": "E", "notes": "N", "priority": 0,
            "status": "closed", "close_reason": "shipped", "closed_at": "2026-02-28T03:42:10Z",
            "assignee": "ann", "labels": ["x"], "issue_type": "bug", "dependency_count": 2, "ephemeral": true,
            "comments": [{"author": "bob", "text": "hm", "created_at": "2026-02-27T03:42:10Z"}],
            "parent": "bd-1",
            "dependencies": [
                {"issue_id": "bd-1.2", "depends_on_id": "bd-3", "type": "blocks"},
                {"issue_id": "bd-9", "depends_on_id": "bd-1.2", "type": "blocks"},
                {"issue_id": "bd-1.2", "depends_on_id": "bd-1", "type": "parent-child"},
                {"issue_id": "bd-1.2", "depends_on_id": "bd-2", "type": "parent-child"},
                {"issue_id": "bd-1.2", "depends_on_id": "bd-7", "type": "discovered-from"},
                {"issue_id": "bd-1.2", "depends_on_id": "external:x", "type": "tracks"},
            ],
        }))
        .expect("readable");
        assert_eq!(record.after, ["bd-3"]);
        assert_eq!(record.elsewhere, [("bd-9".to_owned(), "bd-1.2".to_owned())]);
        let What::Task(draft) = record.what else { panic!("a task") };
        assert_eq!((draft.parent.as_deref(), draft.discovered_from.as_deref()), (Some("bd-1"), Some("bd-7")));
        let noted = [("parent-child", "bd-2"), ("tracks", "external:x")];
        assert_eq!(draft.other_edges, noted.map(|(kind, on)| (kind.to_owned(), on.to_owned())));
        assert_eq!(draft.dropped, ["dependency_count"]);
        let task = &draft.imported.task;
        assert_eq!(task.description, "D\n\n## Design\n\nE\n\n## Notes\n\nN");
        assert_eq!(task.priority, Priority::CRITICAL);
        let log: Vec<_> =
            draft.imported.log.iter().map(|(_, who, what)| (who.as_str(), what.as_str())).collect();
        assert_eq!(log, [("bob", "hm"), ("ann", "closed: shipped")]);
        let notes: Vec<_> = task.notes.keys().map(String::as_str).collect();
        assert_eq!(notes, ["assignee", "ephemeral", "issue_type"]);
    }

    #[test]
    fn priorities_go_from_critical_to_idle() {
        for (given, expected) in [(0, 100), (1, 50), (2, 10), (3, 5), (4, 0), (9, 0)] {
            let task = draft(json!({"id": "bd-1", "priority": given})).imported.task;
            assert_eq!(task.priority, Priority(expected));
        }
        assert!(read(json!({"id": "bd-1", "priority": "high"})).is_err());
    }
}
