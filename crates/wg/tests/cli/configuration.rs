//! Settings from the command line.

use std::fs;

use crate::{alike, world};

#[test]
fn a_setting_is_set_explained_and_taken_back() {
    let mut world = world();
    assert_eq!(world.ok(&["config", "get", "max_agents"]), "4\n");
    assert_eq!(world.ok(&["config", "set", "max_agents", "8"]), "max_agents = 8\n");
    assert_eq!(fs::read_to_string(world.graph().join("config.toml")).unwrap(), "max_agents = 8\n");
    world.ok(&["config", "set", "--user", "max_agents", "2"]);
    world.set("WG_MAX_AGENTS", "16");
    let explained = alike(&world, &world.ok(&["config", "explain", "max_agents"]));
    assert!(
        explained.ends_with(
            "VALUE  FROM\n\
             4  default\n\
             2  FOLDER/home/.config/wg/config.toml:1\n\
             8  FOLDER/work/.wg/config.toml:1\n\
             16  WG_MAX_AGENTS  holds\n"
        ),
        "{explained}"
    );
    let unset = world.wg(&["config", "set", "max_agents", "--unset"]);
    assert_eq!(unset.stderr, "note: WG_MAX_AGENTS is set, and holds over the file\n");
    assert_eq!(
        alike(&world, &world.ok(&["config", "path"])),
        "FOLDER/home/.config/wg/config.toml\nFOLDER/work/.wg/config.toml\n"
    );
}

#[test]
fn what_can_not_be_set_is_refused_with_its_place() {
    let world = world();
    assert_eq!(
        world.fails(2, &["config", "get", "max_agent"]),
        "error: there is no setting \"max_agent\"\nhint: did you mean max_agents?\n"
    );
    assert!(world.fails(2, &["config", "set", "max_agents", "many"]).contains("is no number from 1 to"));
    fs::write(world.graph().join("config.toml"), "\nmax_agent = 3\n").unwrap();
    let said = alike(&world, &world.fails(2, &["config", "list"]));
    assert!(said.contains("cause: FOLDER/work/.wg/config.toml:2\n"), "{said}");
    world.ok(&["add", "x"]);
}
