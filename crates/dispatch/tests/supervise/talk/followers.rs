//! Who follows an agent: one at a time, whatever others do.

use std::io::{Read, Write};

use wg_dispatch::socket::{LINE_MAX, connect};
use wg_dispatch::supervise::{ShimAnswer, ShimRequest};

use super::{ECHO, follow, give, hear, say, status, taken, written};
use crate::door::greet;
use crate::world::{World, wait_until};

#[test]
fn of_two_followers_the_newer_wins() {
    let world = World::talking(ECHO);
    let _shim = world.start_ready();
    let mut first = greet(&world);
    assert!(!status(&mut first).followed);
    assert_eq!(follow(&mut first, 0), 0);
    assert!(status(&mut first).followed);
    assert_eq!(give(&mut first, 1, "one\n"), taken(1, false));
    assert_eq!(written(&mut first), 4);

    let mut second = greet(&world);
    assert_eq!(follow(&mut second, 0), 4);
    assert_eq!(hear(&mut first), ShimAnswer::Superseded);
    // It is a supervisor like others now.
    say(&mut first, &ShimRequest::Parsed { to: 4 });
    assert!(matches!(hear(&mut first), ShimAnswer::Refused { .. }));
    assert_eq!(give(&mut first, 2, "two\n"), taken(2, false));
    assert_eq!(written(&mut second), 8);
    assert_eq!(status(&mut first).parsed, 0);
    // Asked again, nobody is superseded by itself.
    assert_eq!(follow(&mut second, 4), 8);
    drop(first);
    assert!(world.talk_status().followed);
    say(&mut second, &ShimRequest::Parsed { to: 8 });
    let seen = status(&mut second);
    assert_eq!((seen.written, seen.parsed, seen.last_input), (8, 8, Some(2)));
    drop(second);
    wait_until("nobody", || if world.talk_status().followed { Err("followed") } else { Ok(()) });
    world.end_well();
}

#[test]
fn places_that_are_not_there_are_refused() {
    let world = World::talking(ECHO);
    let _shim = world.start_ready();
    let mut client = greet(&world);
    say(&mut client, &ShimRequest::Follow { from: 1 });
    assert!(matches!(hear(&mut client), ShimAnswer::Refused { .. }));
    assert!(!status(&mut client).followed);
    follow(&mut client, 0);
    say(&mut client, &ShimRequest::Parsed { to: u64::MAX });
    assert!(matches!(hear(&mut client), ShimAnswer::Refused { .. }));
    assert_eq!(status(&mut client).parsed, 0);
    world.end_well();
}

#[test]
fn who_does_not_read_is_told_the_newest_in_the_end() {
    let lines = 20_000;
    let world = World::talking(&format!(
        "touch ready; read -r _; i=0; while test $i -lt {lines}; do echo 0123456; i=$((i+1)); done; exec cat"
    ));
    let _shim = world.start_ready();
    let mut client = greet(&world);
    follow(&mut client, 0);
    assert_eq!(give(&mut client, 1, "go\n"), taken(1, false));
    world.wait_for_events(lines * 8);
    let mut told = vec![0];
    while told.last() != Some(&(lines * 8)) {
        told.push(written(&mut client));
    }
    assert!(told.is_sorted_by(|earlier, later| earlier < later), "{told:?}");
    world.end_well();
}

#[test]
fn garbage_and_crowds_take_nothing_from_who_follows() {
    let world = World::talking(ECHO);
    let _shim = world.start_ready();
    let mut client = greet(&world);
    follow(&mut client, 0);
    for line in
        ["", "{}", "[1]", "{\"ask\":\"follow\"}", "{\"ask\":\"input\",\"id\":-1}", "{\"ask\":\"dance\"}"]
    {
        client.send_line(format!("{line}\n").as_bytes(), crate::world::LONG).unwrap();
        assert!(matches!(hear(&mut client), ShimAnswer::Refused { .. }), "{line}");
    }
    // More than there is room for, some with all that may be held of a line.
    let half = vec![b'x'; LINE_MAX - 1];
    let mut crowd: Vec<_> =
        (0..200).map(|_| wait_until("a place in the queue", || connect(&world.folder.door()))).collect();
    for peer in crowd.iter_mut().take(40) {
        peer.set_write_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let _ = peer.write_all(&half);
    }
    let mut rude = connect(&world.folder.door()).unwrap();
    rude.write_all(b"{\"ask\":\"input\",\"id\":9,\"text\":\"rude\"}\n").unwrap();
    let mut answer = String::new();
    rude.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("say hello first"), "{answer}");
    assert_eq!(give(&mut client, 1, "still here\n"), taken(1, false));
    assert_eq!(written(&mut client), 11);
    drop(crowd);
    let seen = world.talk_status();
    assert!(seen.followed && seen.last_input == Some(1));
    assert_eq!(world.events(), b"still here\n");
    world.end_well();
}

#[test]
fn more_workers_than_there_is_room_for_do_not_drive_away_who_follows() {
    let world = World::talking(ECHO);
    let _shim = world.start_ready();
    let mut client = greet(&world);
    follow(&mut client, 0);
    let request = b"{\"version\":1,\"args\":[\"wait-for\",\"go\"]}\n";
    let workers: Vec<_> = (0..80)
        .map(|_| {
            let mut worker = wait_until("a place in the queue", || connect(&world.folder.door()));
            worker.write_all(request).unwrap();
            worker
        })
        .collect();
    world.wait_for("served");
    // Each is answered in a turn in which whoever waits at the listener is let in, if anybody is.
    for _ in 0..20 {
        assert!(status(&mut client).followed);
    }
    std::fs::write(world.file("go"), "").unwrap();
    for mut worker in workers {
        let mut answer = String::new();
        worker.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("\"reported\":true"), "{answer}");
    }
    assert_eq!(give(&mut client, 1, "still here\n"), taken(1, false));
    world.end_well();
}
