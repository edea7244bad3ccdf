//! How long an agent stays when nobody is there.

use std::fs;
use std::time::{Duration, Instant};

use wg_core::attempt::ExitStatus;
use wg_dispatch::files::{EndedBy, ExitRecord};
use wg_dispatch::socket::{Client, LINE_MAX};
use wg_dispatch::supervise::{PROTOCOL_VERSION, Shim, ShimRequest};

use super::{ECHO, hear, say, status, wait_for_time};
use crate::door::greet;
use crate::world::{LONG, World, wait_until};

const SHORT: Duration = Duration::from_millis(100);

/// Starts it with somebody who follows before it may be alone for a moment, and has said these things.
fn followed(world: &World, said: &[ShimRequest]) -> (Shim, Client) {
    fs::write(world.file("hold"), "").unwrap();
    let shim = world.start();
    let mut client = wait_until("a door", || Client::connect(&world.folder.door(), LINE_MAX));
    say(&mut client, &ShimRequest::Hello { version: PROTOCOL_VERSION, run: world.run() });
    say(&mut client, &ShimRequest::Follow { from: 0 });
    for request in said {
        say(&mut client, request);
    }
    fs::remove_file(world.file("hold")).unwrap();
    hear(&mut client);
    hear(&mut client);
    (shim, client)
}

fn assert_left_alone(world: &World, record: &ExitRecord) {
    assert_eq!((&record.ended_by, record.status), (&EndedBy::Alone, Some(ExitStatus::Code(0))));
    assert!(record.tree_gone);
    assert!(world.output().contains("[wg: nobody has been there for"), "{}", world.output());
    assert_eq!(world.events(), b"bye\n");
}

#[test]
fn one_to_whom_nobody_comes_leaves() {
    let world = World::talking(ECHO).whose_talk(|talk| talk.alone = SHORT);
    let record = world.finish();
    assert_left_alone(&world, &record);
    assert!(world.output().contains("there for 100ms: ending it"));
}

#[test]
fn one_that_is_followed_stays_and_leaves_when_nobody_is() {
    let world = World::talking(ECHO).whose_talk(|talk| talk.alone = SHORT);
    let (shim, mut client) = followed(&world, &[]);
    wait_for_time(SHORT * 8);
    assert!(!shim.process().has_ended() && status(&mut client).followed);
    // Another one takes over: it is not alone between.
    let mut second = greet(&world);
    super::follow(&mut second, 0);
    drop(client);
    wait_for_time(SHORT * 4);
    assert!(!shim.process().has_ended() && status(&mut second).followed);
    // Somebody who only looks is no company.
    let _looks = greet(&world);
    drop(second);
    assert_left_alone(&world, &world.exit_of(&shim));
}

#[test]
fn a_turn_in_flight_is_waited_for_up_to_its_limit() {
    let limit = SHORT * 8;
    let world = World::talking(ECHO).whose_talk(|talk| (talk.alone, talk.turn_limit) = (SHORT, limit));
    let (shim, client) = followed(&world, &[ShimRequest::Turn { on: true }]);
    let mut client = client;
    assert!(status(&mut client).turn);
    let left = Instant::now();
    drop(client);
    let record = world.exit_of(&shim);
    assert!(left.elapsed() >= limit, "it was left {:?} only", left.elapsed());
    assert_left_alone(&world, &record);
    assert!(world.output().contains("there for 800ms, in the middle of a turn: ending it"));
}

#[test]
fn one_whose_turn_ended_leaves() {
    let world = World::talking(ECHO).whose_talk(|talk| (talk.alone, talk.turn_limit) = (SHORT, LONG * 60));
    let (shim, client) = followed(&world, &[ShimRequest::Turn { on: true }]);
    drop(client);
    wait_for_time(SHORT * 4);
    assert!(!shim.process().has_ended());
    let mut visitor = greet(&world);
    say(&mut visitor, &ShimRequest::Turn { on: false });
    assert_left_alone(&world, &world.exit_of(&shim));
}

#[test]
fn one_that_is_alone_and_stubborn_is_gone_too() {
    let world = World::talking(crate::endings::STUBBORN);
    let world = world.whose_talk(|talk| (talk.alone, talk.farewell_grace) = (SHORT, SHORT));
    let record = world.finish();
    assert_eq!((record.ended_by, record.status), (EndedBy::Alone, Some(ExitStatus::Signal(9))));
    assert!(record.tree_gone && world.carriers().is_empty());
}
