//! `wg service logs`.

use std::fs;

use testkit::wait_until;

use crate::{until_state, world};

#[test]
fn it_shows_the_last_lines_over_files() {
    let world = world();
    assert!(
        world.wg(&["service", "logs"]).stderr.contains("nothing")
            || world.ok(&["service", "logs"]).is_empty()
    );
    let service = world.graph().join("service");
    fs::create_dir_all(&service).unwrap();
    fs::write(service.join("daemon.log.2"), "1\n2\n").unwrap();
    fs::write(service.join("daemon.log.1"), "3\n4\n").unwrap();
    fs::write(service.join("daemon.log"), "5\n").unwrap();
    assert_eq!(world.ok(&["service", "logs", "-n", "4"]), "2\n3\n4\n5\n");
    assert_eq!(world.ok(&["service", "logs"]), "1\n2\n3\n4\n5\n");
    assert_eq!(world.ok(&["service", "logs", "-n", "0"]), "");
}

#[test]
fn it_follows_over_a_turn_of_the_file() {
    let world = world();
    let service = world.graph().join("service");
    fs::create_dir_all(&service).unwrap();
    fs::write(service.join("daemon.log"), "old\nfirst\n").unwrap();
    let follower = world.start(&["service", "logs", "-f", "-n", "1"]);
    let shown = |wanted: &str| {
        wait_until(wanted, || match follower.written() {
            text if text == wanted => Ok(()),
            text => Err(text),
        });
    };
    shown("first\n");
    let append = |text: &str| {
        use std::io::Write;
        fs::OpenOptions::new()
            .append(true)
            .open(service.join("daemon.log"))
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    };
    append("sec");
    append("ond\n");
    shown("first\nsecond\n");
    append("third\n");
    fs::rename(service.join("daemon.log"), service.join("daemon.log.1")).unwrap();
    fs::write(service.join("daemon.log"), "fourth\n").unwrap();
    shown("first\nsecond\nthird\nfourth\n");
    append("fifth\n");
    shown("first\nsecond\nthird\nfourth\nfifth\n");
}

#[test]
fn what_happens_is_noted() {
    let world = world();
    world.ok(&["service", "start"]);
    world.ok(&["add", "Work", "-x", "exit 3", "--max-attempts", "1"]);
    until_state(&world, "work", "failed");
    // What a worker reports counts, not how it left.
    world.ok(&["add", "Told", "-x", "wg done -m 'all of it'; exit 3"]);
    until_state(&world, "told", "done");
    world.ok(&["service", "stop"]);
    let log = world.ok(&["service", "logs"]);
    for line in [
        "the dispatcher runs",
        "agent-1 starts on work",
        "agent-1 on work: exited badly (exit 3)",
        "agent-2 on told: done: all of it",
        "leaves",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}
