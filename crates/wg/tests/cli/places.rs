//! Where a graph is made, and from where it is found.

use std::fs;

use testkit::Environment;

use crate::{alike, world};

fn bare() -> Environment {
    Environment::new(env!("CARGO_BIN_EXE_wg"))
}

#[test]
fn a_graph_is_made_once() {
    let world = bare();
    let made = alike(&world, &world.ok(&["init"]));
    assert!(made.starts_with("made FOLDER/work/.wg\nnext: wg add "), "{made}");
    assert_eq!(alike(&world, &world.ok(&["init"])), "there is already FOLDER/work/.wg\n");
    world.ok(&["init", "other"]);
    assert!(world.path("other/.wg/wg.db").exists());
}

#[test]
fn git_is_told_and_no_file_of_the_repository_changes() {
    let world = bare();
    fs::create_dir_all(world.path(".git/info")).unwrap();
    fs::write(world.path(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(world.path(".git/info/exclude"), "# mine").unwrap();
    for _ in 0..2 {
        assert_eq!(world.json(&["init"])["ignored_by_git"], true);
    }
    assert_eq!(fs::read_to_string(world.path(".git/info/exclude")).unwrap(), "# mine\n.wg/\n");
    assert!(!world.path(".gitignore").exists());
}

#[test]
fn agents_are_told_and_exactly_that_is_taken_back() {
    let world = bare();
    let page = world.path("AGENTS.md");
    assert_eq!(alike(&world, &world.ok(&["init", "--remove"])), "FOLDER/work/AGENTS.md is as it should be\n");
    assert!(!world.graph().exists(), "taking away makes nothing");
    let told = alike(&world, &world.ok(&["init", "--agents-md"]));
    assert!(
        told.contains("\nFOLDER/work/AGENTS.md tells agents of it; wg init --remove takes that away\n"),
        "{told}"
    );
    assert!(fs::read_to_string(&page).unwrap().contains("`wg ready`"));
    assert_eq!(
        alike(&world, &world.ok(&["init", "--remove"])),
        "FOLDER/work/AGENTS.md had nothing but the block, and is removed\n"
    );
    assert!(!page.exists() && world.graph().exists());
    fs::write(&page, "# Mine\n\nDo not touch.").unwrap();
    for done in ["written", "nothing"] {
        assert_eq!(world.json(&["init", "--agents-md"])["agents_md"], done);
    }
    for done in ["taken-away", "nothing"] {
        assert_eq!(world.json(&["init", "--remove"])["agents_md"], done);
    }
    assert_eq!(fs::read_to_string(&page).unwrap(), "# Mine\n\nDo not touch.");
    world.ok(&["init", "--agents-md"]);
    let half = fs::read_to_string(&page).unwrap().replace("ends;", "ended;");
    fs::write(&page, &half).unwrap();
    let refused = world.fails(1, &["init", "--remove"]);
    assert!(refused.contains("cause: only one of the two marks of the block is there\n"), "{refused}");
    assert_eq!(fs::read_to_string(&page).unwrap(), half);
}

#[test]
fn the_skill_is_printed_and_installed() {
    let world = bare();
    let skill = world.ok(&["skill"]);
    assert!(skill.starts_with("---\nname: workgraph\n"));
    let wrote = alike(&world, &world.ok(&["skill", "--install", "skills"]));
    assert_eq!(wrote, "wrote FOLDER/work/skills/workgraph/SKILL.md\n");
    assert_eq!(fs::read_to_string(world.path("skills/workgraph/SKILL.md")).unwrap(), skill);
}

#[test]
fn a_graph_is_found_from_below_and_by_name() {
    let world = world();
    world.ok(&["add", "Here"]);
    fs::create_dir_all(world.path("a/b")).unwrap();
    let below = world.command("wg").current_dir(world.path("a/b")).args(["list", "--json"]).output().unwrap();
    assert!(String::from_utf8(below.stdout).unwrap().contains("\"here\""));
    let away = |arguments: &[&str]| {
        let output = world.command("wg").current_dir(world.folder()).args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = away(&["list"]);
    assert_eq!(code, 3);
    assert!(said.starts_with("error: there is no graph in ") && said.contains("\nhint: wg init\n"), "{said}");
    assert_eq!(away(&["list", "--dir", "work"]).0, 0);
    assert_eq!(away(&["list", "--dir", "work/.wg"]).0, 0);
    assert_eq!(away(&["list", "--dir", "home"]).0, 3);
}
