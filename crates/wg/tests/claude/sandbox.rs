//! What the program may not do at each level of the sandbox, by commands that it is allowed; and that it works.

use std::fs;

use crate::World;

/// Whether a level can be had here, as `wg adapter check` says it; where WG_SANDBOX is set it has to be.
fn can_be_had(world: &mut World, level: &str) -> bool {
    world.wg.set("WG_SANDBOX_LEVEL", level);
    let checked = world.wg.json(&["adapter", "check", "claude"])["adapters"][0]["sandbox"].clone();
    let missing = checked["missing"].as_str();
    assert!(
        missing.is_none() || std::env::var_os("WG_SANDBOX").is_none(),
        "{level} is needed here: {checked}"
    );
    if let Some(why) = missing {
        println!("SKIPPED: {level} can't be had here: {why}");
    }
    missing.is_none()
}

#[test]
fn what_git_could_read_and_write_is_kept_from_it_and_it_works() {
    let attacks = [
        ("reads-a-key", "git hash-object ../home/.ssh/id_x"),
        ("writes-outside", "git -C ../home init -q outside"),
        ("reads-the-graph", "git hash-object .wg/config.toml"),
        ("makes-git-run-it", "git config core.fsmonitor ./evil"),
    ];
    for (level, succeed) in [
        ("off", &["reads-a-key", "writes-outside", "reads-the-graph", "makes-git-run-it"][..]),
        ("landlock", &["reads-the-graph", "makes-git-run-it"]),
        ("bubblewrap", &[]),
    ] {
        let Some(mut world) = World::new() else { return };
        if !can_be_had(&mut world, level) {
            continue;
        }
        let ssh = world.wg.folder().join("home/.ssh");
        fs::create_dir_all(&ssh).unwrap();
        fs::write(ssh.join("id_x"), "SECRET").unwrap();
        let mut git = world.wg.command("git");
        assert!(git.args(["init", "-q"]).status().unwrap().success());
        let tries = attacks.map(|(name, command)| format!("{command} && wg log build {name}"));
        let mut commands: Vec<&str> = tries.iter().map(String::as_str).collect();
        commands.extend([
            "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && wg log build committed",
            "wg done build -m 'all of it'",
        ]);
        world.task("build", &commands, "");
        let _dispatcher = world.wg.dispatcher();
        let shown = world.until_task_is("build", "done");
        let log = world.wg.ok(&["log", "build"]);
        assert!(log.contains("committed"), "{level}: {log}");
        for (name, _) in attacks {
            assert_eq!(log.contains(name), succeed.contains(&name), "{level}: {name}: {log}");
        }
        assert_eq!(shown["attempts"][0]["detail"], "done: all of it");
        let attempt = world.wg.json(&["attempt", "show", "build"]);
        assert_eq!(attempt["sandbox"].as_str(), Some(level).filter(|level| *level != "off"));
        assert_eq!(world.programs(), [] as [u32; 0]);
    }
}
