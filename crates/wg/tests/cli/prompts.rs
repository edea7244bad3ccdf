//! What a worker is told: `show --prompt`, `attempt show --prompt`, and a template of one's own.

use std::fs;

use testkit::wait_until;

use crate::{alike, chain, world};

#[test]
fn what_an_agent_would_be_told_is_shown_before_one_is_started() {
    let world = chain();
    world.ok(&["artifact", "add", "parse", "src/parse.rs"]);
    world.ok(&["done", "parse", "-m", "it reads\nall of it"]);
    world.ok(&["msg", "send", "docs", "mind the commas"]);
    let told = world.ok(&["show", "--prompt", "docs"]);
    for line in [
        "Your task is docs; this is attempt 1 at it.",
        "\nTitle: \"Write the docs\"\n",
        "\nTwo lines\nof *text*.\n",
        "\n- parse, \"Parse\", is done.\n",
        "\nit reads\nall of it\n",
        "\n- src/parse.rs\n",
        "\nmind the commas\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(world.json(&["show", "--prompt", "docs"])["prompt"], told);
    assert_eq!(world.json(&["show", "docs"])["messages"][0]["read_by"], serde_json::Value::Null);
    assert_eq!(
        world.fails(1, &["show", "--prompt", "parse"]),
        "error: parse has a command, which is run as it is: nobody is told anything\nhint: wg show parse\n"
    );
}

#[test]
fn what_an_agent_was_told_is_shown_afterwards() {
    let world = world();
    let dispatcher = world.dispatcher();
    world.ok(&["add", "t", "-x", "true"]);
    wait_until("it to be done", || {
        let state = world.json(&["show", "t"])["task"]["state"].clone();
        if state == "done" { Ok(()) } else { Err(state) }
    });
    assert_eq!(dispatcher.stop(), 0);
    assert_eq!(
        world.fails(3, &["attempt", "show", "--prompt", "t"]),
        "error: there is no prompt of agent-1\n\
         cause: its task has a command, which is run as it is: nobody is told anything\n\
         hint: wg attempt show agent-1\n"
    );
    // As a dispatcher writes it for an agent that is told something.
    let text = "# Do it\n\nnow, and then this: é\n";
    fs::write(world.graph().join("attempts/agent-1/prompt.md"), text).unwrap();
    assert_eq!(world.ok(&["attempt", "show", "--prompt", "agent-1"]), text);
    assert_eq!(world.json(&["attempt", "show", "--prompt", "t"])["prompt"], text);
}

#[test]
fn a_template_of_ones_own_holds_once_it_is_good() {
    let world = world();
    world.ok(&["add", "Write the docs", "--id", "docs"]);
    let template = world.graph().join("worker.md");
    fs::write(&template, "Do {{ task.title|quote }},\nlast of {{ task.titel }}.\n").unwrap();
    let refused = alike(&world, &world.fails(1, &["config", "set", "prompt.template", "worker.md"]));
    assert!(refused.starts_with("error: FOLDER/work/.wg/worker.md:2: undefined value"), "{refused}");
    assert!(refused.ends_with("cause: the template of prompts can't be used\n"), "{refused}");
    let outside = world.fails(1, &["config", "set", "prompt.template", "../other.md"]);
    assert!(outside.contains("cause: it is not inside the folder of the graph\n"), "{outside}");

    fs::write(&template, "Do {{ task.title|quote }}.\n").unwrap();
    world.ok(&["config", "set", "prompt.template", "worker.md"]);
    assert_eq!(world.ok(&["show", "--prompt", "docs"]), "Do \"Write the docs\".\n");
    assert_eq!(world.wg(&["doctor"]).code, 0);

    // It breaks later: a dispatcher that runs goes on with what it has, and none starts with it.
    let dispatcher = world.dispatcher();
    fs::write(&template, "\n\n{% if %}").unwrap();
    let reload = alike(&world, &world.fails(1, &["service", "reload"]));
    assert!(reload.contains("FOLDER/work/.wg/worker.md:3: syntax error"), "{reload}");
    assert_eq!(dispatcher.stop(), 0);
    let started = alike(&world, &world.fails(1, &["service", "start", "--foreground"]));
    assert!(started.contains("(prompt.template, FOLDER/work/.wg/config.toml:2)"), "{started}");
    assert!(started.ends_with("hint: wg config set prompt.template --unset\n"), "{started}");
    assert_eq!(world.wg(&["doctor"]).code, 1);
    world.ok(&["list"]);
    world.ok(&["config", "set", "prompt.template", "--unset"]);
    assert_eq!(world.wg(&["doctor"]).code, 0);
}
