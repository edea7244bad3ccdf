//! Excerpts of real graphs, and the whole ones where they are at hand.

use std::path::{Path, PathBuf};

use wg_core::task::{Priority, TaskState};
use wg_store::import::{Format, ImportError, Imported, Options, read_file};

use super::{after, by_id, options};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn import(path: &Path) -> Imported {
    let options = Options { name: path.file_name().unwrap().to_string_lossy().into_owned(), ..options() };
    let imported = read_file(path, &options, None).unwrap();
    assert!(imported.report.lines.accounted(), "{:?}", imported.report.lines);
    assert_eq!(imported.report.problems.count, 0);
    assert!(imported.import.tasks.iter().all(|t| t.task.state != TaskState::Open || t.task.paused));
    imported
}

#[test]
fn older_field_names_and_abandoned_tasks() {
    let imported = import(&data("wg-elman.jsonl"));
    assert_eq!(
        imported.report.told(),
        [
            "13 lines: 13 tasks",
            "arriving: 12 finished, 1 open and paused",
            "dependencies: 20 kept, 10 of them to tasks that are not there (they block)",
            "fields kept as notes: 8 assigned, 13 estimate, 1 retry_count",
        ]
    );
    assert_eq!(imported.report.format, Some(Format::Wg));
    assert_eq!(imported.import.source, "wg wg-elman.jsonl");
}

#[test]
fn tasks_in_progress_elsewhere_arrive_open_and_say_so() {
    let imported = import(&data("wg-coven-gateway.jsonl"));
    assert_eq!(
        imported.report.told(),
        [
            "7 lines: 7 tasks",
            "arriving: 2 finished, 5 open and paused",
            "in progress or waiting elsewhere, so open here: 3",
            "dependencies: 5 kept",
            "fields kept as notes: 5 assigned, 7 estimate",
        ]
    );
    assert_eq!(after(&imported, "judge"), ["impl-1", "impl-2", "impl-3"]);
    let underway = by_id(&imported)["impl-1"];
    let (at, who, message) = underway.log.last().unwrap();
    assert_eq!(Some(*at), underway.task.times.started_at);
    assert_eq!(
        (who.as_str(), message.as_str()),
        ("agent-1", "was in progress where it came from; open here")
    );
}

#[test]
fn issues_with_edges_of_every_type() {
    let imported = import(&data("beads-issues.jsonl"));
    assert_eq!(
        imported.report.told(),
        [
            "24 lines: 23 tasks, 1 left out",
            "left out: 1 messages",
            "arriving: 10 finished, 13 open and paused",
            "in progress or waiting elsewhere, so open here: 2",
            "dependencies: 9 kept, 5 of them to tasks that are not there (they block)",
            "other edges: 4 parents, 4 of them not there, 2 discovered from",
            "edges kept as notes: 1 discovered-from, 1 parent-child, 1 tracks",
            "fields kept as notes: 1 agent_state, 9 assignee, 11 created_by, 8 ephemeral, 23 issue_type, \
             1 last_activity, 11 owner, 1 pinned, 4 status, 23 updated_at",
            "fields not kept: 18 dependencies.created_at, 18 dependencies.created_by, \
             18 dependencies.metadata, 7 dependency_count, 4 dependent_count",
        ]
    );
    assert_eq!(imported.report.format, Some(Format::Beads));
    let tasks = by_id(&imported);
    assert!(!tasks.contains_key("hq-x1fq"));
    let convoy = tasks["hq-cv-d46qe"];
    assert_eq!(convoy.task.notes["tracks"], "external:gastown:gt-5kjn");
    assert_eq!((convoy.task.priority, &convoy.task.state), (Priority::NORMAL, &TaskState::Open));
}

#[test]
fn whole_graphs_made_by_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/graphs");
    if !folder.is_dir() {
        println!("SKIPPED: the whole graphs are not at hand; their excerpts were tested");
        return;
    }
    for (file, lines, tasks, dependencies, missing) in [
        ("wg-elman.jsonl", 28, 28, 28, 0),
        ("wg-coven-gateway.jsonl", 13, 13, 14, 0),
        ("beads-issues.jsonl", 704, 703, 377, 21),
    ] {
        let report = import(&folder.join(file)).report;
        let edges = (report.edges.dependencies, report.edges.missing);
        assert_eq!(
            (report.lines.total, report.lines.tasks, edges),
            (lines, tasks, (dependencies, missing)),
            "{file}"
        );
        println!("{file}\n  {}", report.told().join("\n  "));
    }
}

#[test]
fn a_folder_is_refused_with_the_file_in_it() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join(".beads")).unwrap();
    std::fs::write(scratch.path().join(".beads/issues.jsonl"), "").unwrap();
    match read_file(scratch.path(), &options(), None).unwrap_err() {
        ImportError::Folder { found: Some(found), .. } => assert!(found.ends_with(".beads/issues.jsonl")),
        other => panic!("{other}"),
    }
    let absent = read_file(&scratch.path().join("absent"), &options(), None).unwrap_err();
    assert!(matches!(absent, ImportError::Unopenable { .. }));
}

#[test]
fn an_export_of_version_1_is_still_read() {
    let imported = import(&data("export-v1.jsonl"));
    assert_eq!(imported.report.format, Some(Format::Own));
    assert_eq!(
        imported.report.told(),
        [
            "8 lines: 7 tasks, 1 header",
            "arriving: 3 finished, 1 in review, 3 open and paused",
            "in progress or waiting elsewhere, so open here: 2",
            "dependencies: 2 kept",
            "other edges: 1 parent, 1 discovered from",
        ]
    );
    let full = by_id(&imported)["full"];
    assert_eq!(full.task.run.timeout, Some(std::time::Duration::from_secs(1800)));
    assert_eq!((full.log.len(), full.messages.len(), full.artifacts.len()), (2, 1, 1));
}
