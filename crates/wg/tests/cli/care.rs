//! `doctor` and `completions`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::{chain, world};

#[test]
fn a_graph_that_is_well_is_said_to_be() {
    let world = chain();
    fs::set_permissions(world.graph(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = world.graph().display().to_string();
    let told: Vec<String> = world.ok(&["doctor"]).lines().map(str::to_owned).collect();
    assert_eq!(told[0], format!("ok       folder      {folder}"));
    assert_eq!(told[3], "ok       database    whole: 4 tasks, operation 4, format 3");
    assert_eq!(told[4], "note     backups     none; `wg doctor --backup` makes one");
    assert_eq!(told[5], "note     dispatcher  does not run; `wg service start` starts it");
    assert_eq!(told[6], "ok       used        what was used is counted as it was told");
    assert_eq!(told[7], "ok       attempts    0 run; no process and no file is left over");
    assert_eq!(world.json(&["doctor"])["well"], true);
}

#[test]
fn what_can_be_put_right_is_put_right_when_asked() {
    let world = chain();
    fs::create_dir(world.path(".git")).unwrap();
    fs::write(world.path(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::set_permissions(world.graph(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir_all(world.graph().join("attempts/agent-9")).unwrap();
    let said = world.wg(&["doctor"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.stderr, "error: 3 problems found\nhint: wg doctor --fix\n");
    for what in [
        "(--fix takes the permission away)",
        "git         the graph's folder is not ignored (--fix adds it to git's exclude list)",
        "agent-9: the graph does not know it, but its files are there",
    ] {
        assert!(said.stdout.contains(what), "{what}: {said:?}");
    }
    assert!(world.graph().join("attempts/agent-9").exists(), "looking changes nothing");
    let fixed = world.ok(&["doctor", "--fix"]);
    assert_eq!(fixed.matches("fixed ").count(), 3, "{fixed}");
    assert_eq!(world.json(&["doctor"])["well"], true);
    assert!(world.graph().join("leftover/agent-9").exists());
    assert_eq!(fs::read_to_string(world.path(".git/info/exclude")).unwrap(), ".wg/\n");
}

#[test]
fn a_damaged_database_is_left_alone_and_a_backup_restores_it() {
    let world = chain();
    let exported = world.ok(&["export"]);
    assert!(world.ok(&["doctor", "--backup"]).contains("copied to "));
    let database = world.graph().join("wg.db");
    fs::remove_file(world.graph().join("wg.db-wal")).unwrap();
    fs::write(&database, "this was my shopping list\n".repeat(400)).unwrap();
    let damaged = fs::read(&database).unwrap();
    let said = world.wg(&["doctor", "--fix", "--backup"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(fs::read(&database).unwrap(), damaged, "nothing is overwritten");
    // The commands are meant to be copied, so they are run as they stand there.
    let commands: Vec<&str> = said
        .stdout
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("mkdir") || line.starts_with("cp "))
        .collect();
    assert_eq!(commands.len(), 2, "{said:?}");
    for command in commands {
        let status = world.command("sh").args(["-c", command]).output().unwrap();
        assert!(status.status.success(), "{command}: {status:?}");
    }
    assert_eq!(world.ok(&["export"]), exported);
    assert_eq!(fs::read(world.graph().join("damaged/wg.db")).unwrap(), damaged);
}

/// What bash would offer for the last of these words.
fn offered(world: &testkit::Environment, words: &[&str]) -> Vec<String> {
    let mut command = world.command("wg");
    command.env("WG_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    let output = command.arg("--").args(words).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn shells_are_offered_verbs_ids_and_words() {
    let world = chain();
    assert_eq!(offered(&world, &["wg", "do"]), ["done", "doctor"]);
    assert_eq!(offered(&world, &["wg", "show", "r"]), ["release"]);
    assert_eq!(offered(&world, &["wg", "add", "x", "--after", "d"]), ["docs"]);
    assert_eq!(offered(&world, &["wg", "list", "--state", "in"]), ["in-progress", "in-review"]);
    assert_eq!(offered(&world, &["wg", "config", "get", "max_a"]), ["max_agents", "max_attempts"]);
    for shell in ["bash", "zsh", "fish"] {
        assert!(world.ok(&["completions", shell]).contains("WG_COMPLETE"), "{shell}");
    }
    world.fails(2, &["completions", "tcsh"]);
    fs::remove_dir_all(world.graph()).unwrap();
    assert_eq!(offered(&world, &["wg", "show", "r"]), Vec::<String>::new());
}

#[test]
fn bash_takes_what_is_registered() {
    let world = world();
    world.ok(&["add", "Port the parser"]);
    let script = r#"
        source <(wg completions bash)
        compopt() { :; }
        COMP_WORDS=(wg show po); COMP_CWORD=2; COMP_TYPE=9
        _clap_complete_wg wg po wg
        printf '%s' "${COMPREPLY[*]}"
    "#;
    let output = world.command("bash").args(["-c", script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "port-the-parser", "{output:?}");
}
