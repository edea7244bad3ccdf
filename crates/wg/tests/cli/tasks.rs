//! What a task goes through: added, edited, done, failed, taken up again.

use crate::{chain, world};

fn state(world: &testkit::Environment, task: &str) -> String {
    world.json(&["show", task])["task"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_added_task_has_what_was_said_of_it() {
    let world = world();
    assert_eq!(world.ok(&["add", "Port the parser!"]), "port-the-parser\n");
    let long = world.wg_with_input(
        &[
            "add",
            "All of it",
            "--id",
            "all",
            "-d",
            "-",
            "--after",
            "port",
            "-p",
            "critical",
            "-t",
            "a,b",
            "--skill",
            "rust",
            "--parent",
            "port",
            "--discovered-from",
            "port",
            "--deliverable",
            "a.txt",
            "--path",
            "src",
            "--timeout",
            "1h30m",
            "--max-attempts",
            "5",
            "--visibility",
            "public",
            "--paused",
            "-x",
            "make",
        ],
        "From standard\ninput.\n",
    );
    assert_eq!((long.stdout.as_str(), long.code), ("all\n", 0), "{}", long.stderr);
    let shown = world.json(&["show", "all"]);
    let task = &shown["task"];
    for (field, value) in [
        ("title", serde_json::json!("All of it")),
        ("description", serde_json::json!("From standard\ninput.")),
        ("after", serde_json::json!(["port-the-parser"])),
        ("priority", serde_json::json!(100)),
        ("tags", serde_json::json!(["a", "b"])),
        ("skills", serde_json::json!(["rust"])),
        ("parent", serde_json::json!("port-the-parser")),
        ("discovered_from", serde_json::json!("port-the-parser")),
        ("deliverables", serde_json::json!(["a.txt"])),
        ("paths", serde_json::json!(["src"])),
        ("timeout_seconds", serde_json::json!(5400.0)),
        ("max_attempts", serde_json::json!(5)),
        ("visibility", serde_json::json!("public")),
        ("paused", serde_json::json!(true)),
        ("exec", serde_json::json!("make")),
        ("state", serde_json::json!("open")),
    ] {
        assert_eq!(task[field], value, "{field}");
    }
}

#[test]
fn a_title_that_is_taken_gets_a_number() {
    let world = world();
    assert_eq!(world.ok(&["add", "Same"]), "same\n");
    assert_eq!(world.ok(&["add", "Same"]), "same-2\n");
    assert!(world.fails(4, &["add", "Other", "--id", "same"]).contains("hint: wg show same"));
}

#[test]
fn all_open_tasks_get_a_command_in_one_operation() {
    let world = chain();
    let said = world.ok(&["edit", "--state", "open", "--exec", "true"]);
    assert_eq!(
        said, "3 tasks edited: cake, docs, release\noperation 5; `wg undo` takes it back\n",
        "parse has that command already"
    );
    for task in ["cake", "docs", "release"] {
        assert_eq!(world.json(&["show", task])["task"]["exec"], "true");
    }
    assert!(world.fails(1, &["edit", "--all", "--exec", "true"]).contains("nothing to do"));
    world.ok(&["edit", "cake", "--exec", ""]);
    assert!(world.json(&["show", "cake"])["task"].get("exec").is_none());
}

#[test]
fn edits_touch_what_they_name_and_nothing_else() {
    let world = chain();
    world.ok(&["edit", "release", "--title", "Release it", "--add-tag", "new", "--remove-tag", "core"]);
    let task = world.json(&["show", "release"])["task"].clone();
    assert_eq!(task["title"], "Release it");
    assert_eq!(task["tags"], serde_json::json!(["new", "public"]));
    assert_eq!(task["after"], serde_json::json!(["docs", "parse"]));
    assert!(world.fails(2, &["edit", "release"]).starts_with("error: no field was named\n"));
    assert!(world.fails(2, &["edit", "--title", "x"]).starts_with("error: which tasks?\n"));
}

#[test]
fn done_opens_the_way_and_failed_bars_it() {
    let world = chain();
    assert_eq!(world.ok(&["done", "parse", "-m", "it works"]), "parse done\n");
    assert_eq!(world.json(&["why", "docs"])["shown"], "for people");
    assert_eq!(world.ok(&["fail", "docs", "-m", "no time"]), "docs failed\n");
    let why = world.ok(&["why", "release"]);
    assert_eq!(why, "release: blocked by docs (failed)\n  docs: failed: no time\nhint: wg retry docs\n");
    assert_eq!(world.ok(&["retry", "docs"]), "docs opened again\n");
    assert_eq!(
        world.ok(&["done", "docs", "release"]),
        "2 tasks done: docs, release\noperation 8; `wg undo` takes it back\n"
    );
    assert!(world.fails(1, &["done", "docs"]).contains("done already"), "said once is enough");
    world.ok(&["reopen", "release"]);
    assert_eq!(state(&world, "release"), "open");
}

#[test]
fn a_person_takes_a_task_and_gives_it_back() {
    let world = chain();
    assert_eq!(world.ok(&["claim", "cake"]), "cake claimed\n");
    assert_eq!(world.json(&["show", "cake"])["task"]["held_by"], "user:tester");
    world.ok(&["unclaim", "cake"]);
    assert_eq!(state(&world, "cake"), "open");
    let output = world.wg(&["claim", "docs"]);
    assert_eq!(output.stderr, "note: docs still depends on parse\n");
}

#[test]
fn tasks_wait_for_a_message_a_time_and_each_other() {
    let world = chain();
    world.ok(&["wait", "cake", "--message"]);
    assert_eq!(world.json(&["show", "cake"])["task"]["waits_for"], "message");
    assert_eq!(world.ok(&["msg", "send", "cake", "eat it"]), "cake has a message\n");
    assert_eq!(state(&world, "cake"), "open");
    world.ok(&["wait", "cake", "--for", "2h"]);
    assert!(world.ok(&["why", "cake"]).starts_with("cake: opens again in 1"), "in 119m");
    world.ok(&["retry", "cake"]);
    world.ok(&["wait", "cake", "--task", "parse"]);
    world.ok(&["done", "parse"]);
    assert_eq!(state(&world, "cake"), "open");
    assert!(world.fails(2, &["wait", "cake"]).contains("--task <TASK>|--until <TIME>"));
}

#[test]
fn pausing_and_resuming_take_a_selection() {
    let world = chain();
    assert!(world.ok(&["pause", "--tag", "core"]).starts_with("2 tasks paused: parse, release\n"));
    assert_eq!(world.json(&["show", "parse"])["task"]["paused"], true);
    assert!(world.ok(&["resume", "--all"]).starts_with("2 tasks resumed: parse, release\n"));
    assert!(world.fails(1, &["resume", "--all"]).contains("nothing to do"));
    assert_eq!(world.ok(&["abandon", "cake", "-m", "eaten"]), "cake abandoned\n");
    assert_eq!(world.json(&["show", "cake"])["task"]["failure"], "eaten");
}

#[test]
fn logs_and_artifacts_are_written_and_read() {
    let world = chain();
    world.ok(&["log", "cake", "one"]);
    let second = world.wg_with_input(&["log", "cake", "-"], "two\nlines\n");
    assert_eq!(second.code, 0);
    let log = world.json(&["log", "cake"]);
    assert_eq!(log["log"][1]["message"], "two\nlines");
    assert_eq!(log["log"][0]["actor"], "user:tester");
    assert_eq!(world.json(&["log", "cake", "-n", "1"])["log"].as_array().unwrap().len(), 1);
    assert_eq!(world.ok(&["artifact", "add", "cake", "cake.png"]), "cake brought forth cake.png\n");
    assert_eq!(world.json(&["artifact", "list", "cake"])["artifacts"][0]["path"], "cake.png");
}

#[test]
fn dependencies_are_said_and_taken_back() {
    let world = chain();
    assert_eq!(world.ok(&["dep", "add", "cake", "release"]), "cake comes after release\n");
    let refused = world.fails(1, &["dep", "add", "parse", "cake"]);
    assert!(
        refused.contains("that would be a cycle") && refused.contains("parse -> cake -> release -> parse"),
        "{refused}"
    );
    assert_eq!(
        world.ok(&["dep", "list", "docs"]),
        "        ID       STATE  TITLE\nafter   parse    open   Parse\nbefore  release  open   Release\n"
    );
    assert_eq!(world.ok(&["dep", "rm", "cake", "release"]), "cake no longer comes after release\n");
    assert!(world.fails(3, &["dep", "add", "cake", "nothing"]).contains("there is no task nothing"));
}

#[test]
fn a_text_may_begin_as_a_flag_does() {
    let world = chain();
    world.ok(&["add", "List", "-d", "- one\n- two"]);
    assert!(world.ok(&["show", "list"]).contains("- one\n  - two"), "{}", world.ok(&["show", "list"]));
    world.ok(&["edit", "list", "--title", "-v is asked for"]);
    world.ok(&["done", "cake", "-m", "- baked"]);
    world.ok(&["fail", "list", "-m", "-1 found"]);
    assert!(world.ok(&["why", "list"]).contains("failed: -1 found"));
}

#[test]
fn what_says_nothing_is_not_taken() {
    let world = chain();
    assert!(world.fails(2, &["add", "one\ntwo"]).contains("a title is one line"));
    assert!(world.fails(2, &["edit", "cake", "--title", "one\ntwo"]).contains("a title is one line"));
    assert!(world.fails(2, &["fail", "cake", "-m", " "]).contains("a failure needs a reason"));
    world.ok(&["add", "Nothing", "-x", ""]);
    assert!(world.ok(&["why", "nothing"]).contains("no command"), "an empty command is none");
    world.fails(2, &["watch", "-n", "0"]);
    world.fails(3, &["watch", "--since", "99"]);
    assert_eq!(world.ok(&["kill", "--all", "--json"]), "{\"version\":1,\"attempts\":[]}\n");
}
