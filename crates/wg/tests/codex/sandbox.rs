//! What its sandbox lets through: `wg`, its own folder, and nothing else.

use std::net::TcpListener;
use std::path::PathBuf;

use crate::World;

/// A file that is in nobody's work and neither in `/tmp` nor in `TMPDIR`, which its sandbox may write to. (Where this
/// is built may lie in `/tmp`.)
fn elsewhere(name: &str) -> PathBuf {
    let file = PathBuf::from("/var/tmp").join(format!("wg-test-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    file
}

#[test]
fn its_sandbox_lets_wg_through_and_no_network() {
    let Some(world) = World::new() else { return };
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let elsewhere = elsewhere("refused");
    let _dispatcher = world.wg.dispatcher();
    world.asks(&format!(
        "one\n#tool wg add Found --id found && touch inside && wg list > listed\n\
         #tool (exec 3<>/dev/tcp/127.0.0.1/{port}) || touch no-network\n\
         #tool touch {} || touch no-writing",
        elsewhere.display()
    ));
    world.wg.ok(&["show", "found"]);
    let is_there = |name: &str| world.wg.work().join(name).exists();
    assert!(is_there("inside") && is_there("no-network") && is_there("no-writing"), "{:#?}", world.entries());
    assert!(std::fs::read_to_string(world.wg.work().join("listed")).unwrap().contains("found"));
    assert!(!elsewhere.exists());
    assert!(outside.accept().is_err(), "nobody came");
}

#[test]
fn with_full_permissions_there_is_no_sandbox() {
    let Some(world) = World::new() else { return };
    world.wg.ok(&["config", "set", "codex.permissions", "full"]);
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let elsewhere = elsewhere("allowed");
    let _dispatcher = world.wg.dispatcher();
    let connects = format!("(exec 3<>/dev/tcp/127.0.0.1/{port})");
    world.asks(&format!("one\n#tool {connects} && touch {}", elsewhere.display()));
    assert!(elsewhere.exists(), "{:#?}", world.entries());
    std::fs::remove_file(&elsewhere).unwrap();
    outside.set_nonblocking(true).unwrap();
    assert!(outside.accept().is_ok(), "it came");
}
