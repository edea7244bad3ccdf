//! What becomes of dependencies.

use std::fmt::Write as _;

use wg_store::import::{Imported, Options};

use super::{after, by_id, options, read, read_with, refused};

/// `"a after b c; b before d"` as a file.
fn file(edges: &str) -> String {
    let mut text = String::new();
    for record in edges.split("; ") {
        let mut words = record.split(' ');
        let id = words.next().unwrap();
        let field = words.next();
        let others: Vec<_> = words.map(|word| format!("{word:?}")).collect();
        let field = field.map(|field| format!(",{field:?}:[{}]", others.join(","))).unwrap_or_default();
        writeln!(text, "{{\"kind\":\"task\",\"id\":{id:?}{field}}}").unwrap();
    }
    text
}

fn graph(edges: &str) -> Imported {
    read(&file(edges)).unwrap()
}

#[test]
fn both_directions_are_united() {
    let imported = graph("a before b; b after a; c blocks d; d; e blocked_by d a");
    assert_eq!(after(&imported, "b"), ["a"]);
    assert_eq!(after(&imported, "d"), ["c"]);
    assert_eq!(after(&imported, "e"), ["a", "d"]);
    assert_eq!(imported.report.edges.dependencies, 4);
}

#[test]
fn what_is_missing_stays_and_blocks() {
    let imported = graph("a after gone b; b before away");
    assert_eq!(after(&imported, "a"), ["b", "gone"]);
    assert_eq!((imported.report.edges.dependencies, imported.report.edges.missing), (2, 1));
    assert_eq!(by_id(&imported)["b"].task.notes["before"], "away");
    assert_eq!(imported.report.edges.noted.counts["before"], 1);
}

#[test]
fn edges_through_bookkeeping_are_joined() {
    let imported = graph(
        "a; .evaluate-a after a; .flip-a after .evaluate-a; b after .flip-a; .assign-b before b; \
         c after .evaluate-b; d after .evaluate-gone; .verify-e before e; e before .verify-e; f after .chat-3",
    );
    assert_eq!(after(&imported, "b"), ["a"], "through two records");
    assert_eq!(after(&imported, "c"), ["b"], "through a record that the file has no more");
    assert_eq!(after(&imported, "d"), ["gone"], "whose task is not there either");
    assert!(after(&imported, "e").is_empty(), "its own book-keeping leads to nothing");
    assert!(after(&imported, "f").is_empty(), "a chat is never done");
    assert_eq!(imported.report.edges.joined, 6);
    let left_out: Vec<_> = imported.report.left_out.counts.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(
        left_out,
        [
            ("bookkeeping .assign", 1),
            ("bookkeeping .evaluate", 1),
            ("bookkeeping .flip", 1),
            ("bookkeeping .verify", 1)
        ]
    );
    assert!(imported.report.lines.accounted());
}

#[test]
fn a_finished_evaluation_is_in_the_log_of_its_task() {
    let imported = read(concat!(
        "{\"kind\":\"task\",\"id\":\".evaluate-a\",\"status\":\"done\",\"assigned\":\"agent-4\",",
        "\"completed_at\":\"2026-01-02T00:00:00Z\"}\n",
        "{\"kind\":\"task\",\"id\":\".evaluate-b\",\"status\":\"open\"}\n",
        "{\"kind\":\"task\",\"id\":\"a\",\"log\":[{\"timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"one\"},",
        "{\"timestamp\":\"2026-01-03T00:00:00Z\",\"message\":\"three\"}]}\n",
        "{\"kind\":\"task\",\"id\":\"b\"}\n",
    ))
    .unwrap();
    let log: Vec<_> =
        by_id(&imported)["a"].log.iter().map(|(_, who, what)| (who.as_str(), what.as_str())).collect();
    assert_eq!(
        log,
        [
            ("unknown", "one"),
            ("agent-4", "an evaluation of this ran where it came from (.evaluate-a)"),
            ("unknown", "three")
        ]
    );
    assert_eq!(imported.report.tasks.evaluations, 1);
    assert!(by_id(&imported)["b"].log.is_empty());
}

#[test]
fn a_cycle_is_a_problem_with_its_path() {
    let text = file("x; a after b; b after c x; c after a; me after me");
    let report = refused(read(&text));
    let problems: Vec<_> = report.problems.first.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "line 4: coming after a would close a cycle: c -> a -> b -> c",
            "line 5: coming after me would close a cycle: me -> me"
        ]
    );

    let imported = read_with(text.as_bytes(), &Options { keep_going: true, ..options() }).unwrap();
    assert!(after(&imported, "c").is_empty());
    assert!(after(&imported, "me").is_empty());
    assert_eq!(after(&imported, "b"), ["c", "x"]);
    let cycles: Vec<_> = imported.report.edges.cycles.first.iter().map(ToString::to_string).collect();
    assert_eq!(cycles, ["c -> a -> b -> c", "me -> me"]);
    assert_eq!(imported.report.problems.count, 0);
}

#[test]
fn the_same_edge_goes_whatever_the_order_of_the_lines() {
    let text = file("a after b; b after c; c after a; d after c");
    let options = Options { keep_going: true, ..options() };
    let forward = read_with(text.as_bytes(), &options).unwrap();
    let lines: Vec<_> = text.lines().rev().collect();
    let backward = read_with(lines.join("\n").as_bytes(), &options).unwrap();
    assert_eq!(forward.import, backward.import);
    assert_eq!(forward.report, backward.report);
}

#[test]
fn a_chain_of_a_hundred_thousand_and_its_closing() {
    let last = 99_999;
    let mut text = String::new();
    for n in 0..=last {
        let before = if n == 0 { last } else { n - 1 };
        writeln!(text, "{{\"kind\":\"task\",\"id\":\"t{n:06}\",\"after\":[\"t{before:06}\"]}}").unwrap();
    }
    let imported = read_with(text.as_bytes(), &Options { keep_going: true, ..options() }).unwrap();
    assert_eq!(
        (imported.report.edges.dependencies, imported.report.edges.cycles.count),
        (u64::from(last as u32), 1)
    );
    let path = imported.report.edges.cycles.first[0].to_string();
    assert_eq!(
        path,
        "t000001 -> t000000 -> t099999 -> t099998 -> t099997 -> t099996 -> t099995 -> t099994 -> t099993 -> t099992 \
         -> (99989 more) -> t000002 -> t000001"
    );
}

#[test]
fn parents_that_run_in_a_circle_lose_one() {
    let issue = |id: &str, parent: &str| {
        format!("{{\"id\":\"{id}\",\"issue_type\":\"task\",\"parent\":\"{parent}\"}}\n")
    };
    let text = issue("t", "a") + &issue("a", "b") + &issue("b", "c") + &issue("c", "a") + &issue("s", "s");
    let imported = read(&text).unwrap();
    let parents: Vec<_> = imported
        .import
        .tasks
        .iter()
        .map(|t| (t.task.id.as_str(), t.task.parent.as_ref().map(ToString::to_string)))
        .collect();
    assert_eq!(
        parents,
        [("a", Some("b".into())), ("b", Some("c".into())), ("c", None), ("s", None), ("t", Some("a".into()))]
    );
    assert_eq!(by_id(&imported)["c"].task.notes["parent"], "a");
    assert_eq!(imported.report.edges.noted.counts["parent"], 2);
}

#[test]
fn ids_that_can_not_be_ids_here_are_renamed_everywhere() {
    let imported = graph("Ärger:mit-Namen; b after Ärger:mit-Namen; c after external:x");
    let name = "rger-mit-namen-";
    let renamed: Vec<_> =
        imported.report.renamed.first.iter().map(|(was, is)| (was.as_str(), is.as_str())).collect();
    assert_eq!(renamed.len(), 2);
    assert!(renamed[0].0 == "Ärger:mit-Namen" && renamed[0].1.starts_with(name), "{renamed:?}");
    assert_eq!(after(&imported, "b"), [renamed[0].1]);
    assert_eq!(by_id(&imported)[renamed[0].1].task.notes["id"], "Ärger:mit-Namen");
    assert_eq!(imported.report.edges.missing, 1);
}

#[test]
fn an_issue_never_gets_an_id_that_belongs_to_this_program() {
    let imported = read(concat!(
        "{\"id\":\".chat-3\",\"issue_type\":\"task\"}\n",
        "{\"id\":\"a\",\"issue_type\":\"task\",\"dependencies\":[{\"depends_on_id\":\".chat-3\"}]}\n",
    ))
    .unwrap();
    let (was, is) = &imported.report.renamed.first[0];
    assert_eq!(was, ".chat-3");
    assert!(!is.is_internal());
    assert_eq!(after(&imported, "a"), [is.as_str()]);
    assert_eq!(imported.report.renamed.count, 1);
}
