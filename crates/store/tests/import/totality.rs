//! Whatever the bytes: no panic, and every line in exactly one place.

use proptest::prelude::*;
use wg_store::import::{Format, ImportError, Options, Report};

use super::{options, read_with};

fn check(bytes: &[u8], format: Option<Format>, keep_going: bool) {
    let options = Options { format, keep_going, ..options() };
    let report: Report = match read_with(bytes, &options) {
        Ok(imported) => {
            assert!(keep_going || imported.report.problems.count == 0);
            let lines = &imported.report.lines;
            assert_eq!(imported.import.tasks.len() as u64, lines.tasks + lines.chats);
            assert_eq!(imported.import.chats.len() as u64, lines.chats);
            assert_acyclic(&imported.import.tasks);
            imported.report
        }
        Err(ImportError::Problems { report }) => {
            assert!(!keep_going && report.problems.count > 0);
            *report
        }
        Err(ImportError::UnknownFormat { .. } | ImportError::Newer { .. }) => return,
        Err(other) => panic!("{other}"),
    };
    assert!(report.lines.accounted(), "{report:?}");
    let newlines = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    let unfinished = u64::from(bytes.last().is_some_and(|b| *b != b'\n'));
    assert_eq!(report.lines.total, newlines + unfinished);
    let _ = report.told();
}

fn assert_acyclic(tasks: &[wg_core::command::ImportedTask]) {
    let ids: std::collections::HashMap<_, _> = tasks.iter().map(|t| (&t.task.id, &t.task.after)).collect();
    let mut unmet: std::collections::HashMap<_, usize> =
        ids.iter().map(|(id, after)| (*id, after.iter().filter(|on| ids.contains_key(on)).count())).collect();
    let mut ready: Vec<_> = unmet.iter().filter(|(_, n)| **n == 0).map(|(id, _)| *id).collect();
    let mut seen = 0;
    while let Some(id) = ready.pop() {
        seen += 1;
        for (other, after) in &ids {
            if after.contains(id) {
                let n = unmet.get_mut(other).unwrap();
                *n -= 1;
                if *n == 0 {
                    ready.push(other);
                }
            }
        }
    }
    assert_eq!(seen, ids.len(), "a cycle is left");
}

/// Lines that look like the real thing, with few ids so that they meet.
fn record() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "d",
        ".evaluate-a",
        ".assign-b",
        ".flip-c",
        ".chat-1",
        ".chat-0",
        ".coordinator-1",
        "chat-1",
        "x y",
        "",
        "é",
    ]);
    let key = prop::sample::select(vec![
        "after",
        "before",
        "blocked_by",
        "blocks",
        "tags",
        "status",
        "state",
        "priority",
        "kind",
        "issue_type",
        "log",
        "created_at",
        "dependencies",
        "parent",
        "title",
        "notes",
        "messages",
        "timeout",
        "max_retries",
        "estimate",
        "chat",
        "number",
        "at",
    ]);
    let value = prop_oneof![
        id.clone().prop_map(|id| format!("[{id:?}]")),
        (id.clone(), id.clone()).prop_map(|(a, b)| format!("[{a:?},{b:?}]")),
        prop::sample::select(vec![
            "\"task\"",
            "\"open\"",
            "\"done\"",
            "\"in_progress\"",
            "\"closed\"",
            "\"tombstone\"",
            "\"message\"",
            "null",
            "0",
            "3",
            "-1",
            "1e300",
            "true",
            "{}",
            "[]",
            "\"2026-01-01T00:00:00Z\"",
            "\"never\"",
            "{\"hours\":2}",
            "[\"chat-loop\"]",
            "[\"coordinator-loop\",\"archived\"]",
            "\"chat\"",
            "\"answer\"",
            "{\"adapter\":\"x\",\"archived\":{\"by\":\"user:a\"}}",
            "[{\"message\":\"m\",\"timestamp\":\"2026-01-01T00:00:00Z\"}]",
            "[{\"depends_on_id\":\"b\",\"type\":\"blocks\"}]",
            "[{\"depends_on_id\":\"a\",\"issue_id\":\"c\",\"type\":\"blocks\"}]",
            "[{\"depends_on_id\":\"b\",\"type\":\"parent-child\"}]",
        ])
        .prop_map(str::to_owned),
        id.clone().prop_map(|id| format!("{id:?}")),
    ];
    (id, prop::collection::vec((key, value), 0..6)).prop_map(|(id, fields)| {
        let fields: String = fields.into_iter().map(|(key, value)| format!(",{key:?}:{value}")).collect();
        format!("{{\"id\":{id:?}{fields}}}")
    })
}

fn format() -> impl Strategy<Value = Option<Format>> {
    prop::option::of(prop::sample::select(Format::ALL.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400), format in format(), keep in any::<bool>()) {
        check(&bytes, format, keep);
    }

    #[test]
    fn any_lines(
        lines in prop::collection::vec(
            prop_oneof![8 => record(), 1 => "\\PC{0,20}", 1 => Just("# note".to_owned()), 1 => Just(String::new())],
            0..20,
        ),
        format in format(),
        keep in any::<bool>(),
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        check(lines.join(end).as_bytes(), format, keep);
    }
}
