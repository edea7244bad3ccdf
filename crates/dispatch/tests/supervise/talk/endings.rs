//! How an agent that is talked to ends: told farewell first, and gone in the end.

use std::time::Duration;

use rustix::process::Signal;
use wg_core::attempt::ExitStatus;
use wg_dispatch::files::EndedBy;
use wg_dispatch::supervise::{ShimAnswer, ShimRequest, linux};

use super::{ECHO, give, hear, say};
use crate::door::greet;
use crate::endings::STUBBORN;
use crate::killed::stubborn_but_marked;
use crate::world::{LONG, World, wait_until};

#[test]
fn one_that_leaves_at_the_farewell_is_not_signalled() {
    let world = World::talking(
        "trap 'echo signalled >&2' TERM; touch ready
        while read -r line; do test \"$line\" = bye && last=yes; done; test $last = yes && exit 7",
    );
    let _shim = world.start_ready();
    let mut client = greet(&world);
    assert_eq!(give(&mut client, 1, "hello\n"), super::taken(1, false));
    say(&mut client, &ShimRequest::Stop { grace: Duration::ZERO });
    assert_eq!(hear(&mut client), ShimAnswer::Stopping);
    let ShimAnswer::Gone(record) = hear(&mut client) else { panic!("not gone") };
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(7))));
    assert!(record.tree_gone && world.output().is_empty());
}

#[test]
fn one_that_does_not_care_is_gone_all_the_same() {
    let world = World::talking(STUBBORN);
    let world = world.whose_talk(|talk| talk.farewell_grace = Duration::from_millis(100));
    let shim = world.start_ready();
    let mut tree = Vec::new();
    wait_until("the whole tree", || {
        tree.clear();
        linux::add_descendants(shim.identity().pid, &mut tree);
        if tree.len() >= 6 { Ok(()) } else { Err(format!("{tree:?}")) }
    });
    // Once the end has begun nothing more goes in.
    let mut client = greet(&world);
    say(&mut client, &ShimRequest::Stop { grace: Duration::from_millis(100) });
    assert_eq!(hear(&mut client), ShimAnswer::Stopping);
    assert!(matches!(give(&mut client, 1, "wait\n"), ShimAnswer::Refused { .. }));
    let ShimAnswer::Gone(record) = hear(&mut client) else { panic!("not gone") };
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Signal(9))));
    assert!(tree.iter().all(linux::Process::has_ended), "{tree:?}");
    assert!(world.carriers().is_empty());
}

#[test]
fn what_it_leaves_behind_at_the_farewell_is_ended_too() {
    let world = World::talking("sleep 600 & setsid sleep 600 & touch ready; exec cat");
    let _shim = world.start_ready();
    let record = world.end_well().unwrap();
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(0))));
    assert!(record.tree_gone && world.carriers().is_empty());
    assert_eq!(world.events(), b"bye\n");
}

#[test]
fn a_shim_that_is_told_to_end_says_farewell() {
    let world = World::talking(ECHO);
    let shim = world.start_ready();
    shim.process().signal(Signal::TERM).unwrap();
    let record = world.exit_of(&shim);
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(0))));
    assert_eq!(world.events(), b"bye\n");
}

#[test]
fn of_one_whose_shim_was_killed_nothing_is_left_but_what_it_printed() {
    let world = World::talking(&format!("echo hello; {}", stubborn_but_marked()));
    let mut shim = world.start_ready();
    wait_until("the whole tree", || match world.carriers().len() {
        5.. => Ok(()),
        n => Err(n),
    });
    world.wait_for_events(6);
    shim.process().signal(Signal::KILL).unwrap();
    wait_until("its end", || if shim.has_ended() { Ok(()) } else { Err("alive") });
    assert!(shim.process().wait(LONG));
    assert_eq!(world.end_well(), None);
    assert!(world.carriers().is_empty());
    assert_eq!(world.events(), b"hello\n");
}
