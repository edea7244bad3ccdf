//! Which adapter works on a task: said with it, by a rule, or by default.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::Environment;

use crate::world;

/// Puts a program of this name into `PATH`.
fn program(world: &Environment, name: &str, script: &str) {
    let path = world.folder().join("bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_could_work_on_no_task_is_refused_with_a_reason() {
    let world = world();
    let unknown = world.fails(3, &["add", "x", "--adapter", "cluade"]);
    assert!(
        unknown.starts_with("error: there is no adapter cluade\ncause: on tasks work: shell, "),
        "{unknown}"
    );
    assert!(unknown.ends_with("hint: did you mean claude?\n"), "{unknown}");
    assert!(
        world
            .fails(1, &["add", "x", "--adapter", "command"])
            .starts_with("error: adapter command serves chats only\n")
    );
    assert!(world.fails(1, &["add", "x", "--adapter", "shell"]).contains("there is none\n"));
    assert_eq!(
        world.fails(1, &["add", "x", "--model", "claude:opus"]),
        "error: the program of adapter claude is not here\n\
         cause: claude is not in PATH\n\
         hint: wg config set claude.program PATH\n\
         hint: wg adapter check claude says what is here\n"
    );
    let colon = world.fails(3, &["add", "x", "--model", "llama3:8b"]);
    assert!(colon.contains("hint: of a model that is called llama3:8b, say --adapter too\n"), "{colon}");
    program(&world, "claude", "exit 0");
    assert!(world.fails(2, &["add", "x", "--model", "claude:"]).contains("names no model of claude\n"));
    let both = world.fails(2, &["add", "x", "--adapter", "claude", "--model", "command:x"]);
    assert_eq!(both, "error: --adapter says claude, and --model says command\n");
    world.ok(&["add", "a", "--adapter", "claude", "--model", "llama3:8b"]);
    world.ok(&["add", "b", "--model", "claude:opus"]);
    world.ok(&["add", "c", "--model", "opus"]);
    assert_eq!(world.json(&["list", "--all"])["tasks"].as_array().map(Vec::len), Some(3));
    let works = |id: &str| world.json(&["show", id])["works"].clone();
    assert_eq!(works("a"), serde_json::json!({"adapter":"claude","model":"llama3:8b","by":{"is":"task"}}));
    assert_eq!(works("b"), serde_json::json!({"adapter":"claude","model":"opus","by":{"is":"task"}}));
    assert_eq!(works("c"), serde_json::Value::Null);
    assert!(
        world
            .fails(3, &["edit", "a", "--adapter", "nobody"])
            .starts_with("error: there is no adapter nobody\n")
    );
    world.ok(&["edit", "a", "--adapter", "", "--model", ""]);
    assert_eq!(
        world.ok(&["why", "a"]).lines().next(),
        Some("a: for people: it has no command, adapter or model")
    );
}

#[test]
fn rules_and_the_default_are_said_with_the_task() {
    let world = world();
    program(&world, "claude", "exit 0");
    fs::write(
        world.graph().join("config.toml"),
        "default_adapter = \"nobody\"\n[[rules]]\ntag = \"docs\"\nadapter = \"claude\"\nmodel = \"haiku\"\n\
         [[rules]]\ntag = \"chatty\"\nadapter = \"command\"\n",
    )
    .unwrap();
    world.ok(&["add", "text", "-t", "docs,chatty"]);
    world.ok(&["add", "talk", "-t", "chatty"]);
    world.ok(&["add", "rest"]);
    assert_eq!(
        world.ok(&["why", "text"]),
        "text: ready, but no dispatcher runs\n  \
         runs by claude, model haiku (the rule of tag docs)\n\
         hint: wg service start\n"
    );
    assert!(world.ok(&["show", "text"]).contains("\nRuns by  "), "{}", world.ok(&["show", "text"]));
    let by = world.json(&["why", "text"])["works"].clone();
    assert_eq!(by, serde_json::json!({"adapter":"claude","model":"haiku","by":{"is":"rule","tag":"docs"}}));
    assert_eq!(
        world.ok(&["why", "talk"]),
        "talk: adapter command serves chats only, which the rule of tag chatty names\n\
         hint: wg config explain rules; wg adapter list names the adapters\n"
    );
    assert_eq!(
        world.ok(&["why", "rest"]),
        "rest: there is no adapter nobody here, which default_adapter names\n\
         hint: wg config set default_adapter NAME; wg adapter list names the adapters\n"
    );
    assert_eq!(world.json(&["why", "rest"])["needs_you"], true);
    assert_eq!(world.ok(&["config", "get", "rules"]), "docs=claude:haiku,chatty=command\n");
    world.ok(&["config", "set", "rules", "docs=:opus"]);
    let text = fs::read_to_string(world.graph().join("config.toml")).unwrap();
    assert_eq!(text, "default_adapter = \"nobody\"\nrules = [{ tag = \"docs\", model = \"opus\" }]\n");
    let bad = world.fails(2, &["config", "set", "rules", "docs"]);
    assert!(bad.starts_with("error: rules: \"docs\" is no rule: "), "{bad}");
}
