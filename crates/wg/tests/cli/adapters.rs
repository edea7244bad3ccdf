//! Which adapter works on a task: said with it, by a rule, or by default.

use std::fs;

use testkit::Environment;

use crate::world;

/// Puts a program of this name into `PATH`.
fn program(world: &Environment, name: &str, script: &str) {
    testkit::write_program(world.folder().join("bin").join(name), &format!("#!/bin/sh\n{script}\n"));
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

/// `claude` as it would answer, and a file that says that it was asked for nothing but its version.
fn claude(world: &Environment) {
    program(world, "claude", "echo \"$@\" >>asked; echo '2.1.197 (Claude Code)'");
}

#[test]
fn what_is_here_of_an_adapter_is_said() {
    let mut world = world();
    claude(&world);
    let checked = world.wg(&["adapter", "check", "claude"]);
    assert_eq!(checked.code, 1);
    let said: Vec<&str> = checked.stdout.lines().collect();
    assert_eq!(said[..3], ["Adapter    claude", "State      not logged in", "For        tasks, chats"]);
    assert_eq!(
        said[4..7],
        [
            "Version    2.1.197 (Claude Code)",
            "Logged in  no",
            "May        edit files below its folder, run git and wg (claude.permissions = edit)"
        ]
    );
    let levels = ["bubblewrap", "landlock", "none"].map(|level| format!("Sandbox    {level}"));
    assert!(said.len() == 8 && levels.contains(&said[7].to_owned()), "{said:?}");
    assert!(
        checked
            .stderr
            .starts_with("error: adapter claude can't be used\ncause: nothing shows that it is logged in: ")
    );
    assert_eq!(fs::read_to_string(world.path("asked")).unwrap(), "--version\n");

    world.set("ANTHROPIC_API_KEY", "secret");
    let checked = world.ok(&["adapter", "check", "claude"]);
    assert!(checked.contains("\nLogged in  yes (ANTHROPIC_API_KEY is set)\n"), "{checked}");
    assert!(!checked.contains("secret"));
    world.ok(&["config", "set", "claude.permissions", "full"]);
    let found = world.json(&["adapter", "check", "claude"])["adapters"][0].clone();
    assert_eq!(found["usable"], true, "{found}");
    assert_eq!(found["permissions"], "full");
    assert_eq!(found["login"], serde_json::json!({"is":"yes","how":"ANTHROPIC_API_KEY is set"}));
}

#[test]
fn what_its_agents_are_kept_in_is_said() {
    let mut world = world();
    claude(&world);
    world.set("ANTHROPIC_API_KEY", "secret");
    world.ok(&["config", "set", "sandbox.level", "off"]);
    let kept = |world: &Environment, adapter: &str| {
        let checked = world.wg(&["adapter", "check", adapter, "--json"]);
        let checked: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
        checked["adapters"][0]["sandbox"]["is"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        [kept(&world, "claude"), kept(&world, "codex"), kept(&world, "shell")],
        ["none", "own", "none"]
    );
    // A level that is named is had, or the adapter can't be used.
    world.ok(&["config", "set", "sandbox.level", "bubblewrap"]);
    assert_eq!([kept(&world, "claude"), kept(&world, "shell")], ["bubblewrap", "none"]);
    let checked = world.wg(&["adapter", "check", "claude"]);
    let missing = checked.stderr.contains("cause: the sandbox that sandbox.level asks for can't be had: ");
    assert_eq!((checked.code == 1, checked.code == 0), (missing, !missing), "{checked:?}");
    world.fails(2, &["config", "set", "sandbox.level", "much"]);
    // What may do everything is kept in what is asked for by name, and in nothing else.
    world.ok(&["config", "set", "claude.permissions", "full"]);
    assert_eq!(kept(&world, "claude"), "bubblewrap");
    world.ok(&["config", "set", "sandbox.level", "auto"]);
    assert_eq!(kept(&world, "claude"), "none");
}

#[test]
fn the_exit_status_is_that_of_the_default_adapter() {
    let mut world = world();
    let checked = world.wg(&["adapter", "check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert_eq!(
        checked.stderr,
        "note: default_adapter is not set: tasks that name no adapter are for people\n"
    );
    assert!(checked.stdout.contains("\nclaude "), "{}", checked.stdout);
    world.ok(&["config", "set", "default_adapter", "claude"]);
    assert_eq!(
        world.fails(1, &["adapter", "check"]),
        "error: adapter claude can't be used\n\
         cause: claude is not in PATH\n\
         hint: wg config set claude.program PATH\n"
    );
    claude(&world);
    world.set("ANTHROPIC_API_KEY", "secret");
    world.ok(&["adapter", "check"]);
    program(&world, "claude", "exit 9");
    assert!(world.fails(1, &["adapter", "check"]).contains("--version: exit status: 9\n"));
    world.ok(&["config", "set", "default_adapter", "nobody"]);
    assert!(world.fails(3, &["adapter", "check"]).starts_with("error: there is no adapter nobody\n"));
    world.ok(&["adapter", "check", "shell"]);
    assert!(world.fails(3, &["adapter", "check", "cluade"]).ends_with("hint: did you mean claude?\n"));
}

#[test]
fn an_adapter_that_paused_can_not_be_used() {
    let world = world();
    let dispatcher = world.dispatcher();
    world.ok(&["config", "set", "shell.program", "/nowhere/sh"]);
    world.ok(&["service", "reload"]);
    world.ok(&["add", "x", "-x", "true"]);
    testkit::wait_until("it to pause", || {
        let paused = world.json(&["adapter", "list"]);
        if paused.to_string().contains("can't be run") { Ok(()) } else { Err(paused) }
    });
    world.ok(&["config", "set", "shell.program", "/bin/sh"]);
    assert_eq!(dispatcher.stop(), 0);
    let said = world.fails(1, &["adapter", "check", "shell"]);
    assert!(said.contains("cause: it is paused: the shell /nowhere/sh can't be run"), "{said}");
    assert!(said.ends_with("hint: wg adapter resume shell\n"), "{said}");
}
