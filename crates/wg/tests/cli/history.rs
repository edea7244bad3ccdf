//! `op log`, `op show`, `undo`: what was done, and the way back.

use crate::{alike, chain, world};

#[test]
fn operations_are_listed_the_newest_first() {
    let world = chain();
    world.ok(&["edit", "cake", "--add-tag", "sweet"]);
    world.ok(&["done", "parse", "-m", "it works"]);
    let log = "OP  WHEN  WHO  WHAT\n\
               \x206  [time]  user:tester  done parse: it works\n\
               \x205  [time]  user:tester  edit cake: tags +sweet\n\
               \x204  [time]  user:tester  add cake: Cake\n";
    assert_eq!(alike(&world, &world.ok(&["op", "log", "-n", "3"])), log);
    let of_cake = world.ok(&["op", "log", "--task", "cak"]);
    assert_eq!(of_cake.lines().count(), 3, "{of_cake}");
    let lines = world.ok(&["op", "log", "--json", "--all"]);
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["operation"]["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1]);
    assert_eq!(world.wg(&["op", "log", "--actor", "nobody"]).stderr, "note: there is no such operation\n");
    assert_eq!(world.ok(&["op", "log", "--actor", "tester"]).lines().count(), 7);
}

#[test]
fn an_operation_tells_every_field_it_changed() {
    let world = chain();
    world.ok(&["edit", "docs", "--title", "Manual", "--add-tag", "core"]);
    world.ok(&["dep", "rm", "docs", "parse"]);
    assert_eq!(
        alike(&world, &world.ok(&["op", "show", "5"])),
        "operation 5: edit docs: tags +core, title\n\
         by user:tester, just now\n\
         \n\
         task docs\n\
         \x20 tags  core\n\
         \x20 title  Write the docs -> Manual\n"
    );
    assert!(world.ok(&["op", "show", "6"]).contains("\n  after  parse -> nothing\n"));
    let shown = world.json(&["op", "show", "5"]);
    assert_eq!(shown["changes"][0]["record"]["task"], "docs");
    assert_eq!(
        shown["changes"][0]["fields"][1],
        serde_json::json!({"field": "title", "before": "Write the docs", "after": "Manual"})
    );
    assert_eq!(world.fails(3, &["op", "show", "99"]), "error: there is no operation 99\nhint: wg op log\n");
}

#[test]
fn a_bare_undo_takes_the_own_last_operation_back() {
    let mut world = chain();
    world.ok(&["done", "parse", "-m", "too early"]);
    world.set("WG_ACTOR", "bea");
    world.ok(&["pause", "cake"]);
    world.set("WG_ACTOR", "tester");
    assert_eq!(
        world.ok(&["undo"]),
        "undid operation 5: done parse: too early\noperation 7; `wg undo 7` takes the undo back\n"
    );
    assert_eq!(world.json(&["show", "parse"])["task"]["state"], "open");
    assert_eq!(world.json(&["show", "cake"])["task"]["paused"], true, "bea's stands");
    let redone = world.json(&["undo", "7"]);
    assert_eq!((&redone["undid"], &redone["operation"]), (&7.into(), &8.into()));
    assert_eq!(world.json(&["show", "parse"])["task"]["state"], "done");
}

#[test]
fn an_undo_that_something_stands_on_is_refused_with_the_reason() {
    let world = chain();
    assert!(world.fails(1, &["undo", "1"]).starts_with("error: operation 1 can't be undone: "));
    world.ok(&["edit", "cake", "--title", "Pie"]);
    world.ok(&["edit", "cake", "--title", "Tart"]);
    assert!(world.fails(4, &["undo", "5"]).contains("hint: wg op show 6"));
    world.ok(&["log", "cake", "said"]);
    assert!(world.fails(1, &["undo", "7"]).starts_with("error: operation 7 "));
}

#[test]
fn a_task_that_was_taken_back_keeps_its_history() {
    let world = world();
    world.ok(&["add", "Mistake"]);
    world.ok(&["undo"]);
    world.fails(3, &["show", "mistake"]);
    let log = world.ok(&["op", "log", "--task", "mistake"]);
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(world.ok(&["op", "show", "2"]).contains("task mistake (removed)\n"));
    assert_eq!(world.fails(1, &["undo"]), "error: user:tester has nothing to undo\nhint: wg op log\n");
}
