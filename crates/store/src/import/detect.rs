//! Which format a file is in, told by its first objects.

use serde_json::{Map, Value};

use super::Format;
use super::lines::Content;
use super::own;

/// Lines that are looked at before it is given up.
const LOOK: usize = 50;
/// Fields that only one of the formats has.
const WG: [&str; 9] =
    ["after", "before", "blocked_by", "blocks", "assigned", "log", "exec", "deliverables", "token_usage"];
const BEADS: [&str; 7] = [
    "issue_type",
    "dependencies",
    "labels",
    "acceptance_criteria",
    "close_reason",
    "closed_at",
    "updated_at",
];

/// Decides by the first object that tells.
pub(super) struct Detector {
    format: Option<Format>,
    seen: usize,
    objects: bool,
}

impl Detector {
    /// Decided from the start where the format is given.
    pub fn new(given: Option<Format>) -> Self {
        Self { format: given, seen: 0, objects: false }
    }

    pub fn undecided(&self) -> bool {
        self.format.is_none() && self.seen < LOOK
    }

    pub fn see(&mut self, content: &Content) {
        self.seen += 1;
        if let Content::Object(object) = content {
            self.objects = true;
            self.format = format(object);
        }
    }

    pub fn format(&self) -> Option<Format> {
        self.format
    }

    pub fn saw_objects(&self) -> bool {
        self.objects
    }
}

fn format(object: &Map<String, Value>) -> Option<Format> {
    if own::header(object).is_some() {
        return Some(Format::Own);
    }
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    // Both say it of every record of theirs.
    if object.get("kind").is_some_and(Value::is_string) {
        return Some(Format::Wg);
    }
    if object.get("issue_type").is_some_and(Value::is_string) {
        return Some(Format::Beads);
    }
    match (has(&WG), has(&BEADS)) {
        (true, false) => Some(Format::Wg),
        (false, true) => Some(Format::Beads),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_object_that_tells_decides() {
        let of = |objects: &[Value]| {
            let mut detector = Detector::new(None);
            for object in objects {
                let Value::Object(object) = object else { panic!("an object") };
                if detector.undecided() {
                    detector.see(&Content::Object(object.clone()));
                }
            }
            detector.format()
        };
        assert_eq!(of(&[json!({"format": "workgraph", "version": 1})]), Some(Format::Own));
        assert_eq!(of(&[json!({"kind": "task", "id": "a"})]), Some(Format::Wg));
        assert_eq!(of(&[json!({"id": "a"}), json!({"id": "b", "blocked_by": ["a"]})]), Some(Format::Wg));
        assert_eq!(of(&[json!({"id": "bd-1", "issue_type": "bug"})]), Some(Format::Beads));
        assert_eq!(of(&[json!({"id": "bd-1", "closed_at": "2026-01-01T00:00:00Z"})]), Some(Format::Beads));
        assert_eq!(of(&[json!({"id": "a"})]), None);
    }
}
