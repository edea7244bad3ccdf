//! Disks that are full or can't be written: said clearly, and the graph stays whole.

use std::fs;
use std::process::Command;

use testkit::{Environment, Tmpfs};

fn on_tmpfs(bytes: u64) -> Option<(Environment, Tmpfs)> {
    let world = Environment::new(env!("CARGO_BIN_EXE_wg"));
    match Tmpfs::mount(&world.path("disk"), bytes) {
        Ok(disk) => Some((world, disk)),
        Err(why) => {
            eprintln!("{why}");
            None
        }
    }
}

fn in_graph<'a>(world: &Environment, disk: &'a str, rest: &[&'a str]) -> testkit::Output {
    let all: Vec<&str> = ["--dir", disk].into_iter().chain(rest.iter().copied()).collect();
    world.wg(&all)
}

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    let Some((world, disk)) = on_tmpfs(2 << 20) else { return };
    let made = world.command(env!("CARGO_BIN_EXE_wg")).arg("init").current_dir(disk.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let graph = disk.path().join(".wg").display().to_string();
    for n in 0..5 {
        assert_eq!(in_graph(&world, &graph, &["add", &format!("early {n}")]).code, 0);
    }
    let filling = disk.fill();
    let mut acknowledged = 5;
    let refused = loop {
        let output = in_graph(&world, &graph, &["add", &"x".repeat(3_000)]);
        match output.code {
            0 => acknowledged += 1,
            _ => break output,
        }
    };
    assert!(refused.stderr.contains("no room"), "{refused:?}");
    assert!(refused.stderr.starts_with("error:"), "{refused:?}");
    // Looking goes on working, and with room again so does writing.
    assert_eq!(in_graph(&world, &graph, &["list", "--no-pager"]).code, 0);
    for file in filling {
        fs::remove_file(file).unwrap();
    }
    let late = in_graph(&world, &graph, &["add", "late"]);
    assert_eq!(late.code, 0, "{late:?}");
    let answer = in_graph(&world, &graph, &["list", "--all", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(crate::graph::rows(&answer, "tasks").len(), acknowledged + 1);
    let doctor = in_graph(&world, &graph, &["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor:?}");
}

#[test]
fn a_read_only_folder_can_be_read_and_says_that_it_can_not_be_written() {
    let Some((world, disk)) = on_tmpfs(4 << 20) else { return };
    let made = world.command(env!("CARGO_BIN_EXE_wg")).arg("init").current_dir(disk.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let graph = disk.path().join(".wg").display().to_string();
    assert_eq!(in_graph(&world, &graph, &["add", "before"]).code, 0);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).status().unwrap();
    assert!(remounted.success());
    let refused = in_graph(&world, &graph, &["add", "after"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("can't be written"), "{refused:?}");
    let shown = in_graph(&world, &graph, &["show", "before"]);
    assert_eq!(shown.code, 0, "{shown:?}");
}
