//! What an operation did to a record, field by field, as values of JSON: the one form in which tasks, attempts
//! and the control record can be compared alike.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use wg_core::operation::Record;
use wg_core::time::{Timestamp, format_span};
use wg_core::usage::dollars;

/// Parts of a record that are fields of their own, each by its name and not by that of the part.
const PARTS: [&str; 3] = ["times", "run", "history"];
/// Parts whose members have names of their own.
const MAPS: [&str; 2] = ["notes", "adapters"];

/// A field before and after; absent where it was not there, or is not any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Its name, as in `docs/json.md` where it is there too.
    pub field: String,
    /// As it was.
    pub before: Option<Value>,
    /// As it became.
    pub after: Option<Value>,
}

impl FieldChange {
    /// Whether it came with a new record and counts nothing yet.
    #[must_use]
    pub fn is_nothing_new(&self) -> bool {
        self.before.is_none() && self.after == Some(Value::from(0))
    }

    /// The change as people read it: `open -> done`, of lists the members that came and went (`+a -b`), and of
    /// a field that was not there before (or is not any more) the value alone.
    #[must_use]
    pub fn in_words(&self, time: &dyn Fn(Timestamp) -> String) -> String {
        match (&self.before, &self.after) {
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                let word = |sign: char, value: &Value| format!("{sign}{}", in_words(value, time));
                let come =
                    after.iter().filter(|member| !before.contains(member)).map(|member| word('+', member));
                let gone =
                    before.iter().filter(|member| !after.contains(member)).map(|member| word('-', member));
                come.chain(gone).collect::<Vec<_>>().join(" ")
            }
            (Some(before), Some(after)) => format!("{} -> {}", in_words(before, time), in_words(after, time)),
            (None, Some(after)) => in_words(after, time),
            (Some(before), None) => format!("{} -> nothing", in_words(before, time)),
            (None, None) => String::new(),
        }
    }
}

/// A value as people read it: no quotes, no braces; times as they are shown elsewhere.
fn in_words(value: &Value, time: &dyn Fn(Timestamp) -> String) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.parse().map_or_else(|_| text.clone(), time),
        Value::Array(list) => list.iter().map(|member| in_words(member, time)).collect::<Vec<_>>().join(", "),
        Value::Object(object) => {
            if let (Some(secs), Some(nanos)) = (object.get("secs"), object.get("nanos")) {
                let nanos = nanos.as_u64().and_then(|nanos| u32::try_from(nanos).ok()).unwrap_or(0);
                return format_span(Duration::new(secs.as_u64().unwrap_or(0), nanos));
            }
            let rest = object.iter().filter(|(name, _)| *name != "is");
            let rest: Vec<String> = rest
                .map(|(name, value)| match (name.as_str(), value.as_u64()) {
                    ("cost_micros", Some(micros)) => format!("cost {}", dollars(micros)),
                    _ => format!("{} {}", name.replace('_', " "), in_words(value, time)),
                })
                .collect();
            match (object.get("is"), rest.is_empty()) {
                (Some(word), true) => in_words(word, time),
                (Some(word), false) => format!("{} ({})", in_words(word, time), rest.join(", ")),
                (None, _) => rest.join(", "),
            }
        }
    }
}

/// The fields in which two records differ, by name.
#[must_use]
pub fn between(before: Option<&Record>, after: Option<&Record>) -> Vec<FieldChange> {
    let (mut before, after) = (fields(before), fields(after));
    let mut changes = Vec::new();
    for (field, after) in after {
        let before = before.remove(&field);
        if before.as_ref() != Some(&after) {
            changes.push(FieldChange { field, before, after: Some(after) });
        }
    }
    let gone =
        before.into_iter().map(|(field, before)| FieldChange { field, before: Some(before), after: None });
    changes.extend(gone);
    changes.sort_by(|a, b| a.field.cmp(&b.field));
    changes
}

fn fields(record: Option<&Record>) -> BTreeMap<String, Value> {
    let value = match record {
        None => Ok(Value::Null),
        Some(Record::Task(task)) => serde_json::to_value(task),
        Some(Record::Chat(chat)) => serde_json::to_value(chat),
        Some(Record::Attempt(attempt)) => serde_json::to_value(attempt),
        Some(Record::Control(control)) => serde_json::to_value(control),
    };
    let mut fields = BTreeMap::new();
    // Records are plain data with string keys, which JSON always has room for.
    if let Ok(Value::Object(object)) = value {
        for (name, value) in object {
            match value {
                Value::Object(part) if PARTS.contains(&name.as_str()) => fields.extend(part),
                Value::Object(map) if MAPS.contains(&name.as_str()) => {
                    fields.extend(map.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
                }
                value => {
                    fields.insert(name, value);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wg_core::id::TaskId;
    use wg_core::task::Task;

    use super::*;

    #[test]
    fn only_what_changed_is_told_by_the_names_that_people_know() {
        let task = Task::new(TaskId::slug("a"), "A", Timestamp::default());
        let mut other = task.clone();
        other.title = "B".into();
        other.run.exec = Some("true".into());
        other.notes.insert("size".into(), "9".into());
        let (task, other) = (Record::Task(Box::new(task)), Record::Task(Box::new(other)));
        let told: Vec<_> = between(Some(&task), Some(&other))
            .into_iter()
            .map(|change| (change.field, change.before, change.after))
            .collect();
        assert_eq!(
            told,
            [
                ("exec".to_owned(), None, Some(json!("true"))),
                ("notes.size".to_owned(), None, Some(json!("9"))),
                ("title".to_owned(), Some(json!("A")), Some(json!("B"))),
            ]
        );
        assert!(between(Some(&task), Some(&task)).is_empty());
        assert!(between(None, Some(&task)).iter().all(|change| change.before.is_none()));
    }
    #[test]
    fn changes_are_told_without_quotes_and_braces() {
        let told = |before: Value, after: Value| {
            let change = FieldChange { field: "f".into(), before: Some(before), after: Some(after) };
            change.in_words(&|_| "3m ago".into())
        };
        let running = json!({"is": "in-progress", "by": {"attempt": "agent-7"}});
        assert_eq!(told(json!({"is": "open"}), running), "open -> in-progress (by attempt agent-7)");
        assert_eq!(told(json!(["a", "b"]), json!(["b", "c"])), "+c -a");
        assert_eq!(told(json!(true), json!("2026-04-27T12:00:00Z")), "yes -> 3m ago");
        assert_eq!(told(json!({"secs": 90, "nanos": 0}), json!(null)), "1m30s -> nothing");
        let budget = json!({"tokens": 90, "cost_micros": 2_500_000});
        assert_eq!(told(json!({"tokens": 50}), budget), "tokens 50 -> cost $2.5000, tokens 90");
    }
}
