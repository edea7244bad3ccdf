//! What is left when a shim could not do its part: it was killed, stopped, or is not the one that was meant.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use wg_core::attempt::ProcessIdentity;
use wg_core::time::Timestamp;
use wg_dispatch::files::{self, ShimFile, Started};
use wg_dispatch::supervise::{AttemptLock, End, Look, Proof, look, prove_gone, wait_until_free};

use crate::endings::STUBBORN;
use crate::world::{Bystander, LONG, World, wait_until};

/// One that shed its mark and its session, with its parent and its shim gone, is nobody's any more.
pub fn stubborn_but_marked() -> String {
    STUBBORN.replace("env -i setsid sleep 604 &", "")
}

/// Kills the shim once the whole tree of its agent stands.
pub fn grow_and_kill_the_shim(world: &World) {
    let mut shim = world.start_ready();
    wait_until("the whole tree", || match world.carriers().len() {
        5.. => Ok(()),
        n => Err(n),
    });
    shim.process().signal(Signal::KILL).unwrap();
    wait_until("its end", || if shim.has_ended() { Ok(()) } else { Err("alive") });
}

#[test]
fn a_tree_whose_shim_was_killed_is_seen_and_ended() {
    let world = World::new(&stubborn_but_marked());
    grow_and_kill_the_shim(&world);
    // The agent's first process goes with it; those in other sessions stay.
    wait_until("the agent's death", || match world.carriers().len() {
        0 => panic!("those in sessions of their own are to be seen here"),
        1..=4 => Ok(()),
        n => Err(n),
    });
    assert!(matches!(look(&world.folder, world.run()), Look::Left(_)));
    assert!(matches!(prove_gone(&world.folder, world.run()), Proof::Unknown(_)));
    assert_eq!(world.end_well(), None);
    assert!(world.carriers().is_empty());
    assert!(matches!(prove_gone(&world.folder, world.run()), Proof::Gone(None)));
}

#[test]
fn a_shim_that_does_not_answer_is_ended_with_its_tree() {
    let world = World::new(STUBBORN);
    let shim = world.start_ready();
    let mut tree = Vec::new();
    wait_until("the whole tree", || {
        tree.clear();
        wg_dispatch::supervise::linux::add_descendants(shim.identity().pid, &mut tree);
        if tree.len() >= 6 { Ok(()) } else { Err(tree.len()) }
    });
    shim.process().signal(Signal::STOP).unwrap();
    assert_eq!(world.end_well(), None);
    assert!(tree.iter().all(wg_dispatch::supervise::linux::Process::has_ended), "{tree:?}");
    assert!(shim.process().wait(LONG));
}

#[test]
fn a_number_that_is_another_processs_now_is_not_signalled() {
    let world = World::new("true");
    let mut bystander = Bystander::new();
    let other = bystander.identity();
    // As it would be recorded of a process that had this number before.
    let recorded = ProcessIdentity { start_time: other.start_time - 1, ..other };
    let run = world.run();
    let mark =
        Started { run, shim: recorded.clone(), agent: Some(recorded.clone()), at: Timestamp::default() };
    files::create(&world.folder.started(), &mark).unwrap();
    files::write(&world.folder.shim(), &ShimFile { run, shim: recorded }).unwrap();
    // With the lock held by somebody else nothing can be known, and nobody is harmed.
    let lock = AttemptLock::try_take(&world.folder.lock()).unwrap().unwrap();
    assert!(matches!(world.end(Duration::ZERO), End::Unknown(_)));
    assert!(matches!(prove_gone(&world.folder, run), Proof::Alive));
    assert!(bystander.is_alive());
    drop(lock);
    assert_eq!(world.end_well(), None);
    assert!(bystander.is_alive());
}

#[test]
fn an_attempt_that_was_given_up_is_not_started_any_more() {
    let world = World::new("touch ran");
    assert!(matches!(look(&world.folder, world.run()), Look::Fresh));
    assert_eq!(world.end_well(), None);
    // A shim that was on its way comes too late.
    let shim = world.start();
    assert!(shim.process().wait(LONG));
    assert!(!world.file("ran").exists());
    assert_eq!(world.folder.read_exit().unwrap(), None);
}

#[test]
fn an_attempt_without_a_folder_is_gone() {
    let world = World::new("true");
    fs::remove_dir_all(world.folder.path()).unwrap();
    assert!(matches!(prove_gone(&world.folder, world.run()), Proof::Gone(None)));
    assert_eq!(world.end_well(), None);
}

#[test]
fn a_record_of_another_run_proves_nothing() {
    let world = World::new("true");
    let mut record = world.finish();
    record.run.nonce += 1;
    files::write(&world.folder.exit(), &record).unwrap();
    assert!(matches!(look(&world.folder, world.run()), Look::Left(_)));
    fs::write(world.folder.exit(), "garbage").unwrap();
    assert!(matches!(look(&world.folder, world.run()), Look::Left(_)));
    assert_eq!(world.end_well(), None);
    fs::write(world.folder.exit(), "{\"version\":99}").unwrap();
    assert!(matches!(look(&world.folder, world.run()), Look::Unclear(_)));
    assert!(matches!(world.end(Duration::ZERO), End::Unknown(_)));
}

#[test]
fn whoever_is_parked_at_the_lock_hears_of_a_killed_shim() {
    let world = World::new("touch ready; exec sleep 600");
    let shim = world.start_ready();
    let lock = world.folder.lock();
    let parked = std::thread::spawn(move || wait_until_free(&lock));
    shim.process().signal(Signal::KILL).unwrap();
    parked.join().unwrap().unwrap();
    assert!(shim.process().wait(LONG));
}

#[test]
fn many_who_end_the_same_attempt_all_hear_that_it_is_gone() {
    let world = World::new(STUBBORN);
    let _shim = world.start_ready();
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| world.end_well());
        }
    });
    assert!(world.carriers().is_empty());
}

#[test]
fn a_shim_that_is_killed_while_it_is_asked_is_done_without() {
    let world = World::new(&stubborn_but_marked());
    let shim = world.start_ready();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| world.end(LONG));
        // Longer than anybody waits for a shim that has just been born.
        wait_until("some time", || match began.elapsed() {
            long if long > Duration::from_millis(2_200) => Ok(()),
            short => Err(format!("{short:?}")),
        });
        assert!(!asked.is_finished());
        shim.process().signal(Signal::KILL).unwrap();
        assert!(matches!(asked.join().unwrap(), End::Gone(None)));
    });
    assert!(world.carriers().is_empty());
}
