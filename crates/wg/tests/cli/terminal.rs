//! A real terminal: nothing is wider than it, and colour is there when it is wanted.

use std::process::Stdio;

use unicode_width::UnicodeWidthStr;

use crate::{chain, world};

/// What `wg` writes for a terminal of so many columns.
fn at(world: &testkit::Environment, columns: &str, arguments: &[&str]) -> String {
    let output =
        world.command("wg").env("COLUMNS", columns).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_line_fits() {
    let world = chain();
    world.ok(&[
        "add",
        "日本語のとても長いタイトルです, and more words than fit",
        "--after",
        "release",
        "-d",
        "Words of a description that go on and on, beyond any edge of any terminal of eighty columns.",
    ]);
    world.ok(&[
        "log",
        "cake",
        "A log entry that is longer than a line of any terminal that is eighty columns wide, surely",
    ]);
    world.ok(&[
        "fail",
        "cake",
        "-m",
        "a reason that is too long to stand in any column of any table, however wide it is",
    ]);
    world.ok(&[
        "chat",
        "create",
        "日本語のとても長い名前, and more words than fit",
        "--command",
        "serve --with options",
    ]);
    world.ok(&[
        "chat",
        "send",
        "1",
        "A message that is longer than a line of any terminal of eighty columns, 日本語の",
    ]);
    world.ok(&["chat", "archive", "1"]);
    world.ok(&["chat", "restore", "1"]);
    world.ok(&["chat", "stop", "1"]);
    for columns in ["80", "40", "20"] {
        for arguments in [
            &["list"][..],
            &["show", "cake"],
            &["show", "release"],
            &["status"],
            &["graph"],
            &["why", "release"],
            &["log", "cake"],
            &["dep", "list", "docs"],
            &["config", "list"],
            &["chat", "list"],
            &["chat", "show", "1"],
            &["chat", "history", "1"],
            &["show", ".chat-1"],
        ] {
            let most: usize = columns.parse().unwrap();
            for line in at(&world, columns, arguments).lines() {
                assert!(line.width() <= most, "{arguments:?} at {columns}: {line:?}");
            }
        }
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let world = chain();
    assert!(!world.ok(&["list"]).contains('\u{1b}'));
    let painted = world.ok(&["list", "--color", "always"]);
    assert!(painted.contains("\u{1b}[32mready"), "{painted:?}");
}

#[test]
fn help_is_grouped_and_whole() {
    let world = world();
    let help = world.ok(&["--help"]);
    for said in ["\nGraph:\n", "\nCare:\n", "  add ", "  config "] {
        assert!(help.contains(said), "{said}: {help}");
    }
    assert!(!help.contains("__"), "what is the program's own is not shown");
    let edit = world.ok(&["edit", "--help"]);
    assert!(edit.starts_with("Change fields of tasks\n") && edit.contains("\nWhich tasks:\n"), "{edit}");
    assert_eq!(world.ok(&["--version"]), format!("wg {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(world.wg::<&str>(&[]).code, 2);
}

#[test]
fn what_others_wrote_moves_no_cursor() {
    let world = world();
    let hostile = "look\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}here";
    world.ok(&["add", "Ask", "-d", hostile, "-t", hostile]);
    world.ok(&["wait", "ask", "--person", hostile]);
    world.ok(&["add", "Take"]);
    let claim = world.command("wg").env("WG_ACTOR", hostile).args(["claim", "take"]).output().unwrap();
    assert!(claim.status.success());
    for arguments in [
        &["list"][..],
        &["show", "ask"],
        &["show", "take"],
        &["why", "ask"],
        &["why", "take"],
        &["status"],
        &["graph"],
        &["op", "log"],
        &["watch", "--since", "0", "-n", "4"],
        &["op", "show", "2"],
        &["op", "show", "4"],
        &["claim", "take"],
        &["artifact", "add", "take", hostile],
        &["show", hostile],
    ] {
        let output = world.command("wg").args(arguments).output().unwrap();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            let moves = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(moves), "{arguments:?}: {text:?}");
        }
    }
}
