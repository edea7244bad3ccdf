//! Databases that are newer, cut short, flipped in a bit, or none at all: said so, nothing overwritten, and
//! how to restore.

use std::fs;
use std::path::PathBuf;

use testkit::{Environment, Random};

use crate::count;

fn world_with_tasks() -> (Environment, PathBuf) {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    crate::graph::add(&world, 60);
    let database = world.graph().join("wg.db");
    (world, database)
}

/// Everything of a database as it lies there.
fn bytes(world: &Environment) -> Vec<(PathBuf, Vec<u8>)> {
    ["wg.db", "wg.db-wal"]
        .iter()
        .map(|name| world.graph().join(name))
        .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect()
}

#[test]
fn a_newer_database_is_left_alone() {
    let (world, database) = world_with_tasks();
    world.ok(&["doctor"]);
    // user_version stands at byte 60 of the header; the WAL may hold a newer first page, so it goes first.
    fs::remove_file(world.graph().join("wg.db-wal")).unwrap();
    let mut content = fs::read(&database).unwrap();
    content[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    fs::write(&database, &content).unwrap();
    for arguments in [&["list"][..], &["add", "x"], &["doctor"]] {
        let refused = world.wg(arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!((refused.stderr.clone() + &refused.stdout).contains("newer"), "{refused:?}");
    }
    assert_eq!(fs::read(&database).unwrap(), content);
}

#[test]
fn no_database_at_all_is_said() {
    let (world, database) = world_with_tasks();
    fs::write(&database, "this was my shopping list\n".repeat(500)).unwrap();
    fs::remove_file(world.graph().join("wg.db-wal")).unwrap();
    let before = bytes(&world);
    for arguments in [&["list"][..], &["add", "x"]] {
        let refused = world.wg(arguments);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains("damaged") && refused.stderr.contains("hint:"), "{refused:?}");
    }
    assert_eq!(bytes(&world), before, "nothing is overwritten");
}

#[test]
fn a_database_cut_short_is_said() {
    let (world, database) = world_with_tasks();
    world.ok(&["list"]);
    let whole = fs::read(&database).unwrap();
    let wal = fs::read(world.graph().join("wg.db-wal")).unwrap();
    assert!(whole.len() + wal.len() > 40_000);
    for keep in [0, 100, 4_096, whole.len() / 2] {
        if keep >= whole.len() {
            continue;
        }
        fs::write(&database, &whole[..keep]).unwrap();
        fs::write(world.graph().join("wg.db-wal"), b"").unwrap();
        let refused = world.wg(&["doctor"]);
        assert_ne!(refused.code, 0, "cut to {keep}: {refused:?}");
        assert_eq!(fs::read(&database).unwrap().len(), keep, "nothing is overwritten");
    }
}

/// A flipped bit is either without meaning (the same answers as before) or said; never a wrong answer,
/// never a panic.
#[test]
fn a_flipped_bit_is_said_or_harmless() {
    let (world, database) = world_with_tasks();
    let mut chance = Random::for_test("flipped bits");
    let right = world.ok(&["export"]);
    // All into the main file, so that the bit that is flipped counts.
    let whole = fs::read(&database).unwrap();
    let mut said = 0;
    for _ in 0..count(300) {
        let mut flipped = whole.clone();
        let at = chance.below(flipped.len());
        let bit = chance.below(8);
        flipped[at] ^= 1 << bit;
        fs::write(&database, &flipped).unwrap();
        let output = world.wg(&["export"]);
        assert!(output.code == 0 || output.code == 1, "byte {at} bit {bit}: {output:?}");
        if output.code == 0 {
            assert!(output.stdout == right, "byte {at} bit {bit}: another answer, and nothing was said");
        } else {
            said += 1;
            assert!(output.stderr.starts_with("error:"), "byte {at} bit {bit}: {output:?}");
        }
    }
    eprintln!("{said} of {} flipped bits were said, the others changed nothing", count(300));
    fs::write(&database, &whole).unwrap();
    world.ok(&["doctor"]);
}
