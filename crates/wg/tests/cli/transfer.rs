//! `export` and `import`: what comes in is accounted for, what goes out comes in again as it was.

use std::fs;

use crate::{chain, world};

const ISSUES: &str = r#"{"id":"bd-1","title":"One","status":"open","priority":1,"issue_type":"task","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}
{"id":"bd-2","title":"Two","status":"closed","priority":2,"issue_type":"bug","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z","dependencies":[{"issue_id":"bd-2","depends_on_id":"bd-1","type":"blocks"}]}
"#;

#[test]
fn an_import_accounts_for_every_line_and_is_one_operation() {
    let world = world();
    fs::write(world.path("issues.jsonl"), ISSUES).unwrap();
    let rehearsed = world.wg(&["import", "issues.jsonl", "--dry-run"]);
    assert!(rehearsed.stdout.starts_with("2 lines: 2 tasks\n"), "{rehearsed:?}");
    assert!(rehearsed.stdout.ends_with("nothing was changed: this was a dry run\n"), "{rehearsed:?}");
    assert_eq!(world.json(&["list", "--all"])["tasks"], serde_json::json!([]));
    let imported = world.wg(&["import", "issues.jsonl"]);
    assert!(
        imported.stdout.ends_with("2 new, 0 changed, 0 unchanged\noperation 1; `wg undo` takes it back\n"),
        "{imported:?}"
    );
    assert!(imported.stderr.starts_with("note: open tasks arrived paused"), "{imported:?}");
    let again = world.ok(&["import", "issues.jsonl"]);
    assert!(again.ends_with("nothing to do: all 2 tasks are here already, unchanged\n"), "{again}");
    let report = world.json(&["import", "issues.jsonl"]);
    assert_eq!(report["lines"]["tasks"], 2);
    assert_eq!(report["operation"], serde_json::Value::Null);
    world.ok(&["undo"]);
    assert_eq!(world.json(&["list", "--all"])["tasks"], serde_json::json!([]));
}

#[test]
fn what_was_changed_here_outlives_a_second_import() {
    let world = world();
    fs::write(world.path("issues.jsonl"), ISSUES).unwrap();
    world.ok(&["import", "issues.jsonl", "--run"]);
    assert_eq!(world.json(&["show", "bd-1"])["task"]["paused"], false);
    world.ok(&["edit", "bd-1", "--title", "Mine"]);
    fs::write(world.path("issues.jsonl"), ISSUES.replace("One", "Theirs").replace("Two", "New")).unwrap();
    let said = world.ok(&["import", "issues.jsonl"]);
    assert!(
        said.contains("1 fields were changed here since the last import and stay as they are\n"),
        "{said}"
    );
    assert_eq!(world.json(&["show", "bd-1"])["task"]["title"], "Mine");
    assert_eq!(world.json(&["show", "bd-2"])["task"]["title"], "New");
}

#[test]
fn lines_that_can_not_be_read_are_told_by_number_and_change_nothing() {
    let world = world();
    let mut bytes = ISSUES.as_bytes().to_vec();
    bytes.extend(b"{broken\n\xff\n");
    fs::write(world.path("bad.jsonl"), &bytes).unwrap();
    let refused = world.wg(&["import", "bad.jsonl"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (
            1,
            "note: line 3: no JSON at column 2: key must be a string\n\
             note: line 4: byte 1 is not UTF-8\n\
             error: 2 lines can't be imported\n\
             cause: nothing was changed\n\
             hint: wg import bad.jsonl --keep-going  (imports the rest)\n"
        )
    );
    assert_eq!(world.json(&["list", "--all"])["tasks"], serde_json::json!([]));
    let kept = world.wg(&["import", "bad.jsonl", "--keep-going"]);
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(kept.stdout.starts_with("4 lines: 2 tasks, 2 not readable\n"), "{kept:?}");
    assert!(kept.stderr.starts_with("note: line 3: "), "{kept:?}");
}

#[test]
fn what_is_no_graph_is_refused() {
    let world = world();
    assert!(world.fails(3, &["import", "nothing"]).starts_with("error: nothing can't be read\ncause: "));
    assert!(world.fails(1, &["import", "."]).contains(" is a folder"));
    fs::create_dir(world.path(".beads")).unwrap();
    fs::write(world.path(".beads/issues.jsonl"), ISSUES).unwrap();
    assert!(world.fails(2, &["import", "."]).contains("hint: wg import "));
    fs::write(world.path("x.jsonl"), "{\"a\":1}\n").unwrap();
    assert!(world.fails(1, &["import", "x.jsonl"]).contains("say --format workgraph, wg or beads"));
    assert!(world.fails(2, &["import", "x.jsonl", "--format", "yaml"]).contains("yaml"));
    fs::write(world.path("empty.jsonl"), "").unwrap();
    assert!(world.ok(&["import", "empty.jsonl"]).ends_with("nothing to do: there is no task in it\n"));
}

#[test]
fn an_export_comes_in_again_as_it_was() {
    let (world, other) = (chain(), world());
    world.ok(&["done", "parse", "-m", "it works"]);
    world.ok(&["msg", "send", "docs", "Mind the gap"]);
    world.ok(&["artifact", "add", "parse", "parse.rs"]);
    world.ok(&["pause", "--all"]);
    let exported = world.ok(&["export"]);
    assert_eq!(exported.lines().count(), 5);
    assert_eq!(world.ok(&["export", "out.jsonl"]), "4 tasks written to out.jsonl\n");
    assert_eq!(fs::read_to_string(world.path("out.jsonl")).unwrap(), exported);
    let imported = other.wg_with_input(&["import", "-"], exported.clone());
    assert_eq!(imported.code, 0, "{imported:?}");
    assert_eq!(other.ok(&["export"]), exported);
    let refused = world.fails(1, &["export", "no/such/folder.jsonl"]);
    assert!(refused.starts_with("error: can't write "), "{refused}");
}
