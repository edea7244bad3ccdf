//! Pictures of the graph.

use crate::{chain, world};

#[test]
fn what_must_be_done_first_stands_above() {
    let world = chain();
    assert_eq!(
        world.ok(&["graph"]),
        "○    parse\n├─╮\n○ │  docs  Write the docs\n├─╯\n○  release\n\n○  cake\n"
    );
    world.ok(&["done", "parse"]);
    assert_eq!(world.ok(&["graph"]), "○  docs  Write the docs\n○  release\n\n○  cake\n");
    assert!(world.ok(&["graph", "--all"]).starts_with("●    parse\n"));
    assert_eq!(
        world.ok(&["graph", "docs", "--depth", "1"]),
        "●    parse\n├─╮\n○ │  docs  Write the docs\n├─╯\n○  release\n"
    );
}

#[test]
fn other_programs_draw_it_too() {
    let world = world();
    world.ok(&["add", "Say \"hi\"", "--id", "a"]);
    world.ok(&["add", "Then", "--id", "b", "--after", "a"]);
    let dot = world.ok(&["graph", "-f", "dot"]);
    assert!(
        dot.contains("\"a\" [label=\"Say \\\"hi\\\"\\nopen\"") && dot.contains("\"a\" -> \"b\";"),
        "{dot}"
    );
    let mermaid = world.ok(&["graph", "-f", "mermaid"]);
    assert!(
        mermaid.contains("t0[\"Say #quot;hi#quot;\"]:::open") && mermaid.contains("t0 --> t1"),
        "{mermaid}"
    );
}

#[test]
fn a_big_graph_is_drawn_in_part() {
    let world = world();
    for n in 0..12 {
        world.ok(&["add", &format!("Task {n}")]);
    }
    let drawn = world.wg(&["graph", "-n", "5"]);
    assert_eq!(drawn.stdout.lines().count(), 5);
    assert!(drawn.stderr.contains("there are more than 5"), "{}", drawn.stderr);
    assert_eq!(world.json(&["graph", "-n", "5"])["more"], true);
}
