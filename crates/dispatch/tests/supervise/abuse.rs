//! Peers that do what they should not: others are served all the same, and soon.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use wg_dispatch::socket::connect;
use wg_dispatch::supervise::ShimRequest;

use crate::world::{LONG, World, peak_of, wait_until};

/// In which others are served, whatever one does.
const SOON: Duration = Duration::from_millis(50);

fn idle() -> World {
    World::new("touch ready; exec sleep 600").with(|spec| spec.kill_grace = Duration::from_millis(100))
}

fn stranger(world: &World) -> UnixStream {
    // With very many at once the kernel's queue is full for a moment.
    wait_until("a place in the queue", || connect(&world.folder.door()))
}

/// The median of a few: the machine does other things too.
fn assert_others_are_served(world: &World, meanwhile: &str) {
    let mut times: Vec<_> = (0..11)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(world.knock(&["say", "hello"]).stdout, "hello");
            began.elapsed()
        })
        .collect();
    times.sort();
    assert!(times[5] < SOON, "with {meanwhile} others waited {times:?}");
}

#[test]
fn garbage_and_half_lines() {
    let world = idle();
    let _shim = world.start_ready();
    let mut half = stranger(&world);
    half.write_all(b"{\"version\":1,\"args\":[\"sa").unwrap();
    for garbage in [&b"\0\xff\xfe\n"[..], b"{}\n", b"GET / HTTP/1.1\r\n\r\n", b"\n\n\n", b"[[[[[[[[[\n"] {
        let mut peer = stranger(&world);
        peer.write_all(garbage).unwrap();
        let mut answer = String::new();
        // It may have more to read than it takes, which closes the connection without ceremony.
        let _ = peer.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.contains("error: "), "{answer}");
    }
    let deep = [b"[".repeat(500_000), b"\n".to_vec()].concat();
    let _ = stranger(&world).write_all(&deep);
    assert_others_are_served(&world, "half a line");
    half.write_all(b"y\",\"whole\"]}\n").unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("whole"), "{answer}");
    world.end_well();
}

#[test]
fn ten_megabytes_without_a_newline() {
    let world = idle();
    let shim = world.start_ready();
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..3 {
        let mut peer = stranger(&world);
        let sent = (0..160).take_while(|_| peer.write_all(&piece).is_ok()).count();
        assert!(sent < 160, "it was listened to all along");
    }
    // Many that stay below the limit together are bounded too.
    let mut many: Vec<_> = (0..40).map(|_| stranger(&world)).collect();
    for peer in &mut many {
        let _ = (0..15).try_for_each(|_| peer.write_all(&piece));
    }
    assert_others_are_served(&world, "unfinished lines");
    let peak = peak_of(shim.identity().pid);
    assert!(peak < 40_000, "{peak} kB");
    world.end_well();
}

#[test]
fn five_hundred_that_say_nothing() {
    let world = idle();
    let _shim = world.start_ready();
    let silent: Vec<_> = (0..500).map(|_| stranger(&world)).collect();
    assert_others_are_served(&world, "500 silent connections");
    drop(silent);
    assert_others_are_served(&world, "none of them left");
    world.end_well();
}

#[test]
fn readers_that_do_not_read_and_workers_that_hang_up() {
    let world = idle();
    let shim = world.start_ready();
    let mut deaf: Vec<_> = (0..8).map(|_| stranger(&world)).collect();
    for peer in &mut deaf {
        peer.write_all(b"{\"version\":1,\"args\":[\"big\",\"4000000\"]}\n").unwrap();
    }
    for _ in 0..20 {
        let mut peer = stranger(&world);
        peer.write_all(b"{\"version\":1,\"args\":[\"say\",\"nobody listens\"]}\n").unwrap();
    }
    // A supervisor that asks on and on and never reads.
    let mut curious = stranger(&world);
    let hello = ShimRequest::Hello { version: 1, run: world.run() };
    let mut line = serde_json::to_vec(&hello).unwrap();
    line.push(b'\n');
    curious.write_all(&line).unwrap();
    curious.set_nonblocking(true).unwrap();
    for _ in 0..20_000 {
        if curious.write_all(b"{\"ask\":\"tail\",\"bytes\":262144}\n").is_err() {
            break;
        }
    }
    assert_others_are_served(&world, "those who do not read");
    shim.process().signal(Signal::TERM).unwrap();
    assert!(shim.process().wait(LONG), "it leaves all the same");
}
