//! What workers and supervisors ask of a shim over its socket.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use wg_dispatch::files::EndedBy;
use wg_dispatch::socket::{Client, ClientError, LINE_MAX};
use wg_dispatch::supervise::{PROTOCOL_VERSION, ShimAnswer, ShimPhase, ShimRequest};

use crate::world::{LONG, World, wait_until};

const IDLE: &str = "echo hello; touch ready; exec sleep 600";

pub fn greet(world: &World) -> Client {
    let mut client = Client::connect(&world.folder.door(), LINE_MAX).unwrap();
    client.send(&ShimRequest::Hello { version: PROTOCOL_VERSION, run: world.run() }, LONG).unwrap();
    let answer: ShimAnswer = client.receive(LONG).unwrap();
    assert_eq!(answer, ShimAnswer::Hello { version: PROTOCOL_VERSION, run: world.run() });
    client
}

#[test]
fn a_worker_is_served_as_its_attempt_however_deep_the_folder() {
    for depth in [0, 200] {
        let world = World::in_depth(IDLE, depth);
        let _shim = world.start_ready();
        assert_eq!(world.knock(&["say", "hello", "you"]).stdout, "hello you");
        assert_eq!(world.knock(&["who"]).stdout, world.run().mark());
        assert_eq!(world.knock(&["dance"]).exit, 2);
        assert_eq!(world.knock(&["big", "1000000"]).stdout.len(), 1_000_000);
        let too_much = world.knock(&["big", "20000000"]);
        assert!(too_much.exit == 1 && too_much.stderr.contains("come through the door"));
        assert_eq!(world.knock(&["stumble"]).exit, 1);
        assert_eq!(world.knock(&["say", "still here"]).stdout, "still here");
        world.end_well();
    }
}

#[test]
fn a_worker_that_says_too_much_hears_so() {
    let world = World::new(IDLE);
    let _shim = world.start_ready();
    for size in [LINE_MAX + 1, 8 * LINE_MAX] {
        let reply = world.knock(&["say", &"x".repeat(size)]);
        assert!(reply.exit == 2 && reply.stderr.contains("has at most"), "{reply:?}");
    }
    world.end_well();
}

#[test]
fn requests_of_many_workers_do_not_wait_for_one() {
    let world = World::new(IDLE);
    let _shim = world.start_ready();
    thread::scope(|scope| {
        let slow = scope.spawn(|| world.knock(&["wait-for", "go"]));
        world.wait_for("served");
        let many: Vec<_> = (0..40)
            .map(|n| {
                let world = &world;
                scope.spawn(move || world.knock(&["say", &n.to_string()]).stdout == n.to_string())
            })
            .collect();
        assert!(many.into_iter().all(|one| one.join().unwrap()));
        fs::write(world.file("go"), "").unwrap();
        assert!(slow.join().unwrap().reported);
    });
    world.end_well();
}

#[test]
fn a_report_that_is_being_made_is_in_before_the_end_is() {
    let world = World::new("touch ready; while ! test -e leave; do sleep 0.01; done");
    let shim = world.start_ready();
    thread::scope(|scope| {
        let report = scope.spawn(|| world.knock(&["wait-for", "go"]));
        world.wait_for("served");
        fs::write(world.file("leave"), "").unwrap();
        // The agent is gone, its report is not in: the shim has not written its record.
        wait_until("the agent's end", || {
            let agent = world.folder.read_started().unwrap().unwrap().agent.unwrap();
            match wg_dispatch::supervise::linux::identity_of(agent.pid) {
                Ok(seen) if seen == agent => Err("alive"),
                _ => Ok(()),
            }
        });
        assert!(!shim.process().wait(Duration::from_millis(20)) && !world.folder.exit().exists());
        fs::write(world.file("go"), "").unwrap();
        assert!(report.join().unwrap().reported);
    });
    let record = world.exit_of(&shim);
    assert_eq!((record.ended_by, record.reported), (EndedBy::Process, true));
}

#[test]
fn a_supervisor_hears_how_things_stand() {
    let world = World::new(IDLE);
    let shim = world.start_ready();
    let mut client = greet(&world);
    client.send(&ShimRequest::Status, LONG).unwrap();
    let ShimAnswer::Status(status) = client.receive(LONG).unwrap() else { panic!("no status") };
    assert_eq!((&status.shim, status.phase), (shim.identity(), ShimPhase::Running));
    assert!(status.agent.is_some() && !status.reported);

    client.send(&ShimRequest::Tail { bytes: 3 }, LONG).unwrap();
    assert_eq!(
        client.receive::<ShimAnswer>(LONG).unwrap(),
        ShimAnswer::Tail { text: "lo\n".into(), seen: 6 }
    );

    client.send(&ShimRequest::Stop { grace: Duration::from_secs(1) }, LONG).unwrap();
    assert_eq!(client.receive::<ShimAnswer>(LONG).unwrap(), ShimAnswer::Stopping);
    let ShimAnswer::Gone(record) = client.receive(LONG).unwrap() else { panic!("not gone") };
    assert_eq!(world.folder.read_exit().unwrap().as_ref(), Some(&*record));
    assert!(matches!(client.receive_line(LONG), Err(ClientError::Closed)));
}

#[test]
fn whoever_means_another_run_is_refused() {
    let world = World::new(IDLE);
    let shim = world.start_ready();
    let mut client = Client::connect(&world.folder.door(), LINE_MAX).unwrap();
    let mut other = world.run();
    other.fence = other.fence.next();
    client.send(&ShimRequest::Hello { version: PROTOCOL_VERSION, run: other }, LONG).unwrap();
    assert!(matches!(client.receive(LONG).unwrap(), ShimAnswer::Refused { .. }));
    assert!(matches!(client.receive_line(LONG), Err(ClientError::Closed)));
    let mut rude = Client::connect(&world.folder.door(), LINE_MAX).unwrap();
    rude.send(&ShimRequest::Stop { grace: Duration::ZERO }, LONG).unwrap();
    assert!(matches!(rude.receive(LONG).unwrap(), ShimAnswer::Refused { .. }));
    assert!(!shim.process().has_ended());
    world.end_well();
}

#[test]
fn a_supervisor_that_dies_while_it_waits_stops_nothing() {
    let world = World::new(crate::endings::STUBBORN);
    let shim = world.start_ready();
    let mut client = greet(&world);
    client.send(&ShimRequest::Stop { grace: Duration::from_millis(100) }, LONG).unwrap();
    drop(client);
    assert_eq!(world.exit_of(&shim).ended_by, EndedBy::Stop);
    assert!(shim.process().signal(Signal::KILL).is_ok(), "one that has ended is left alone");
}
