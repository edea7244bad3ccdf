//! Errors: what is said on standard error, what can be typed, and the exit code.

use crate::{chain, world};

#[test]
fn ids_may_be_shortened_and_mistyped_ones_are_understood() {
    let world = chain();
    world.ok(&["add", "Release notes"]);
    assert!(world.ok(&["show", "par"]).starts_with("parse  Parse\n"));
    assert!(world.ok(&["show", "release"]).starts_with("release  Release\n"), "a whole id is not a prefix");
    assert!(world.ok(&["show", "release-…"]).starts_with("release-notes  "), "as tables cut it");
    assert_eq!(
        world.fails(3, &["show", "prase"]),
        "error: there is no task prase\nhint: did you mean parse?\n"
    );
    assert_eq!(world.fails(3, &["show", "xyz"]), "error: there is no task xyz\nhint: wg list --all\n");
    world.ok(&["add", "Reload"]);
    assert_eq!(
        world.fails(2, &["show", "rel"]),
        "error: rel could be several tasks\ncause: release, release-notes, reload\nhint: type more of the id\n"
    );
    assert!(world.fails(2, &["show", "a b"]).starts_with("error: \"a b\" is no task id\ncause: "));
}

#[test]
fn the_exit_code_says_the_class() {
    let world = chain();
    for (code, arguments) in [
        (1, &["done", "cake", "cake"][..]),
        (2, &["nonsense"]),
        (2, &["show"]),
        (2, &["add", "x", "-p", "urgent"]),
        (2, &["wait", "cake", "--until", "soon"]),
        (3, &["show", "nothing"]),
        (3, &["list", "--at-op", "77"]),
        (4, &["add", "x", "--id", "cake"]),
    ] {
        if code == 1 {
            world.ok(arguments);
        }
        let said = world.fails(code, arguments);
        assert!(said.starts_with("error: "), "{said}");
    }
}

#[test]
fn a_line_that_makes_no_sense_is_an_error_like_any_other() {
    let world = world();
    for (arguments, said) in [
        (&["shwo"][..], "unrecognized subcommand 'shwo'\nhint: did you mean show?\nhint: wg --help\n"),
        (
            &["dep", "add", "a"],
            "the following required arguments were not provided: <AFTER>...\nhint: wg dep add --help\n",
        ),
        (
            &["list", "--stat", "open"],
            "unexpected argument '--stat' found\nhint: did you mean --state?\nhint: wg list --help\n",
        ),
        (
            &["graph", "-f", "png"],
            "invalid value 'png' for '--format <FORMAT>' [possible values: terminal, dot, mermaid]\n\
             hint: wg graph --help\n",
        ),
        (
            &["log", "a", "- a point"],
            "unexpected argument '- ' found\nhint: -- before a text that begins with '-' makes it one\n\
             hint: wg log --help\n",
        ),
    ] {
        assert_eq!(world.fails(2, arguments), format!("error: {said}"));
    }
    let said = world.fails(2, &["add", "--json"]);
    assert!(said.contains("required arguments were not provided: <TITLE>"), "{said}");
}

#[test]
fn with_json_an_error_is_an_object_on_standard_error() {
    let world = chain();
    let said: serde_json::Value =
        serde_json::from_str(&world.fails(3, &["show", "prase", "--json"])).unwrap();
    assert_eq!(
        said,
        serde_json::json!({"version": 1, "error": {
            "kind": "not-found", "exit": 3, "message": "there is no task prase",
            "hints": ["did you mean parse?"],
        }})
    );
    let usage: serde_json::Value = serde_json::from_str(&world.fails(2, &["nonsense", "--json"])).unwrap();
    assert_eq!(usage["error"]["kind"], "usage");
}

#[test]
fn a_worker_without_its_door_changes_nothing() {
    let mut world = chain();
    world.set("WG_ATTEMPT", "agent-1.1.0");
    assert!(world.ok(&["show", "cake"]).starts_with("cake"), "looking is free");
    let said = world.fails(1, &["done", "cake"]);
    assert!(said.starts_with("error: agent-1.1.0 can't change the graph without its door\n"), "{said}");
    assert_eq!(world.json(&["show", "cake"])["task"]["state"], "open");
}

#[test]
fn nobody_can_pass_for_an_agent() {
    let mut world = world();
    world.set("WG_ACTOR", "agent-7");
    assert!(world.fails(2, &["add", "x"]).starts_with("error: WG_ACTOR can't be agent-7\n"));
    world.set("WG_ACTOR", "bea");
    world.ok(&["add", "x"]);
    assert_eq!(world.json(&["watch", "--since", "0", "-n", "1"])["operation"]["actor"], "user:bea");
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let world = world();
    for n in 0..200 {
        world.ok(&["add", &format!("A task with a long title, to fill a pipe's buffer {n}")]);
    }
    let mut command = world.command("sh");
    command.args(["-c", "{ wg list --all --exact-times --json; echo $? >&2; } | head -c 10"]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "0\n");
}
