//! Every way an attempt ends under a living shim, with nothing left and the record before the telling.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use rustix::process::Signal;
use wg_core::attempt::ExitStatus;
use wg_dispatch::files::EndedBy;
use wg_dispatch::socket::listen;
use wg_dispatch::supervise::linux;

use crate::world::{LONG, World, wait_until};

/// A tree in which every process ignores SIGTERM: a child, one in a session of its own, one that is nobody's
/// child, and one that shed its mark.
pub const STUBBORN: &str = "trap '' TERM HUP INT
    sleep 601 &
    setsid sleep 602 &
    (setsid sleep 603 &)
    env -i setsid sleep 604 &
    touch ready
    while true; do sleep 605; done";

#[test]
fn exit_statuses_and_signals_are_told() {
    assert_eq!(World::new("exit 3").finish().status, Some(ExitStatus::Code(3)));
    assert_eq!(World::new("kill -9 $$").finish().status, Some(ExitStatus::Signal(9)));
    assert_eq!(World::new("kill -TERM $$").finish().status, Some(ExitStatus::Signal(15)));
}

#[test]
fn what_the_first_process_leaves_behind_is_ended_too() {
    let world = World::new("sleep 600 & setsid sleep 600 & (setsid sleep 600 &) ; exit 0");
    let record = world.finish();
    assert_eq!((record.ended_by, record.status), (EndedBy::Process, Some(ExitStatus::Code(0))));
    assert!(record.tree_gone);
    assert!(world.carriers().is_empty());
}

#[test]
fn a_stubborn_tree_is_gone_after_its_end_was_asked_for() {
    let world = World::new(STUBBORN);
    let shim = world.start_ready();
    let mut tree = Vec::new();
    wait_until("the whole tree", || {
        tree.clear();
        linux::add_descendants(shim.identity().pid, &mut tree);
        if tree.len() >= 6 { Ok(()) } else { Err(format!("{tree:?}")) }
    });
    let record = world.end_well().expect("its shim wrote how it ended");
    assert_eq!((&record.ended_by, record.tree_gone), (&EndedBy::Stop, true));
    assert_eq!(record.status, Some(ExitStatus::Signal(9)));
    assert!(tree.iter().all(linux::Process::has_ended), "{tree:?}");
    assert!(world.carriers().is_empty());
    // The same again, and once more with the shim gone, is answered from the record.
    assert_eq!(world.end_well().as_ref(), Some(&record));
    assert!(shim.process().wait(LONG));
    assert_eq!(world.end_well(), Some(record));
}

#[test]
fn one_that_leaves_when_asked_is_not_killed() {
    let world = World::new("trap 'echo bye; exit 4' TERM; touch ready; while true; do sleep 0.01; done");
    let _shim = world.start_ready();
    let record = match world.end(LONG) {
        wg_dispatch::supervise::End::Gone(record) => record.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(4))));
    assert!(world.output().ends_with("bye\n"));
}

#[test]
fn a_deadline_is_announced_and_kills() {
    let world = World::new("trap '' TERM; while true; do sleep 600; done");
    let world = world.with(|spec| spec.timeout = Some(Duration::from_millis(100)));
    let record = world.finish();
    assert_eq!((record.ended_by, record.status), (EndedBy::Deadline, Some(ExitStatus::Signal(9))));
    assert!(record.tree_gone);
    assert!(world.output().contains("[wg: still running after its timeout of 100ms: ending it]"));
}

#[test]
fn who_has_reported_is_to_leave() {
    let world = World::new("touch ready; exec sleep 600");
    let world = world.with(|spec| spec.leave_grace = Duration::from_millis(50));
    let shim = world.start_ready();
    assert!(world.knock(&["report"]).reported);
    let record = world.exit_of(&shim);
    assert_eq!((record.ended_by, record.reported), (EndedBy::Lingered, true));
    assert!(world.output().contains("reported, but still there"));

    let world = World::new("touch ready; while ! test -e leave; do sleep 0.01; done");
    let shim = world.start_ready();
    world.knock(&["report"]);
    std::fs::write(world.file("leave"), "").unwrap();
    let record = world.exit_of(&shim);
    assert_eq!((record.ended_by, record.reported), (EndedBy::Process, true));
}

#[test]
fn a_shim_that_is_told_to_end_ends_its_agent_first() {
    let world = World::new(STUBBORN);
    let shim = world.start_ready();
    shim.process().signal(Signal::TERM).unwrap();
    let record = world.exit_of(&shim);
    assert_eq!((record.ended_by, record.tree_gone), (EndedBy::Stop, true));
    assert!(world.carriers().is_empty());
}

#[test]
fn the_record_is_there_before_the_dispatcher_is_told() {
    let world = World::new("exit 0");
    let listener = listen(&world.folder.graph().control_socket()).unwrap();
    listener.set_nonblocking(false).unwrap();
    let shim = world.start();
    let (stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "{\"version\":1,\"request\":\"poke\",\"attempt\":\"agent-7\"}\n");
    assert!(world.folder.read_exit().unwrap().is_some());
    world.exit_of(&shim);
}

#[test]
fn a_dispatcher_that_does_not_listen_holds_nobody_up() {
    let world = World::new("exit 0");
    // Nobody accepts, and the queue is full.
    let _listener = listen(&world.folder.graph().control_socket()).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = wg_dispatch::socket::connect(&world.folder.graph().control_socket()) {
        waiting.push(stream);
    }
    assert_eq!(world.finish().status, Some(ExitStatus::Code(0)));
}

#[test]
fn orphans_that_end_are_no_zombies_while_the_agent_runs() {
    let world = World::new(
        "for i in 1 2 3 4 5 6 7 8 9; do (setsid true &) ; done; echo $$ > pid; touch ready; exec sleep 600",
    );
    let shim = world.start_ready();
    wait_until("nobody but the agent", || {
        let children = linux::children_of(shim.identity().pid);
        let agent = crate::world::pid_in(&world.file("pid"));
        if children == [agent] { Ok(()) } else { Err(format!("{children:?}")) }
    });
    world.end_well();
}
