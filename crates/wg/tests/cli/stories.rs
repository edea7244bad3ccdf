//! `show`, `status` and `why`: whole outputs.

use crate::{alike, chain, world};

#[test]
fn a_story_has_everything_in_its_place() {
    let world = chain();
    world.ok(&["claim", "parse"]);
    world.ok(&["log", "parse", "half of it"]);
    world.ok(&["msg", "send", "parse", "how far?"]);
    world.ok(&["artifact", "add", "parse", "out.txt"]);
    let shown = alike(&world, &world.ok(&["show", "parse"]));
    assert_eq!(
        shown,
        "parse  Parse\n\
         Status  claimed  by tester\n\
         Next  wg unclaim parse\n\
         Priority  high\n\
         Command  true\n\
         Created  [time]\n\
         Started  [time]\n\
         Tags  core\n\
         \n\
         Required by\n\
         \x20 ID  STATE  TITLE\n\
         \x20 docs  open  Write the docs\n\
         \x20 release  open  Release\n\
         \n\
         Messages\n\
         \x20 [time]  user:tester  unread  how far?\n\
         \n\
         Artifacts\n\
         \x20 PATH  NAMED  BY\n\
         \x20 out.txt  [time]  user:tester\n\
         \n\
         Log\n\
         \x20 [time]  user:tester  claimed by tester\n\
         \x20 [time]  user:tester  half of it\n"
    );
}

#[test]
fn a_description_keeps_its_lines() {
    let world = chain();
    let shown = world.ok(&["show", "docs"]);
    assert!(shown.contains("\nDescription\n  Two lines\n  of *text*.\n"), "{shown}");
}

#[test]
fn a_task_is_shown_as_it_was() {
    let world = chain();
    world.ok(&["edit", "docs", "--title", "Write fewer docs"]);
    world.ok(&["done", "docs", "-m", "written"]);
    let then = world.json(&["show", "docs", "--at-op", "4"]);
    assert_eq!(then["task"]["title"], "Write the docs");
    assert_eq!(then["task"]["state"], "open");
    assert_eq!(then["log"], serde_json::json!([]));
    assert_eq!(then["depends_on"][0]["state"], "open");
    assert!(
        world
            .fails(3, &["show", "docs", "--at-op", "1"])
            .contains("there was no task docs after operation 1")
    );
}

#[test]
fn status_says_how_things_stand() {
    let world = world();
    assert_eq!(
        world.ok(&["status"]).lines().skip(1).collect::<Vec<_>>(),
        [
            "last        nothing has happened yet",
            "tasks       none yet: wg add TITLE",
            "dispatcher  not running: wg service start"
        ]
    );
    let world = chain();
    world.ok(&["fail", "cake", "-m", "burnt"]);
    let status = alike(&world, &world.ok(&["status"]));
    let lines: Vec<&str> = status.lines().collect();
    assert_eq!(lines[0], "graph  FOLDER/work/.wg");
    assert_eq!(lines[2], "tasks  1 failed, 1 ready, 2 blocked");
    assert_eq!(&lines[5..], ["NEEDS YOU  WHY", "cake  failed: burnt"]);
    let json = world.json(&["status"]);
    assert_eq!(json["tasks"]["blocked"], 2);
    assert_eq!(json["dispatcher"], false);
    assert_eq!(json["needs_you"][0]["task"], "cake");
}

#[test]
fn text_of_others_can_not_move_the_cursor() {
    let world = world();
    world.ok(&["add", "Bad \u{1b}[2Jtitle\u{7}", "--id", "bad", "-d", "a\u{1b}[31mb"]);
    world.ok(&["log", "bad", "x\u{1b}]0;title\u{7}y"]);
    for verb in
        [&["list"][..], &["show", "bad"], &["log", "bad"], &["graph"], &["watch", "--since", "0", "-n", "1"]]
    {
        let output = world.ok(verb);
        assert!(!output.contains('\u{1b}') && !output.contains('\u{7}'), "{verb:?}: {output:?}");
    }
}
