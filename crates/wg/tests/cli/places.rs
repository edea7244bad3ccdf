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
    fs::write(world.path(".git/info/exclude"), "# mine").unwrap();
    for _ in 0..2 {
        assert_eq!(world.json(&["init"])["ignored_by_git"], true);
    }
    assert_eq!(fs::read_to_string(world.path(".git/info/exclude")).unwrap(), "# mine\n.wg/\n");
    assert!(!world.path(".gitignore").exists());
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
