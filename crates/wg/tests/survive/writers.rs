//! Many writing processes at once, and writers that die between their commit and telling the dispatcher.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::{Environment, Random, wait_within};

use crate::{count, graph};

#[test]
fn writers_at_once_are_all_there() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let writers = count(1_000);
    let next = AtomicUsize::new(0);
    let slowest = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let mut slowest = Duration::ZERO;
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= writers {
                            return slowest;
                        }
                        let began = Instant::now();
                        world.ok(&["add", &format!("task {n}"), "--id", &format!("w{n}")]);
                        slowest = slowest.max(began.elapsed());
                    }
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).max().unwrap()
    });
    eprintln!("{writers} writers, 50 at a time: the slowest took {slowest:?}");
    let there = graph::rows(&world.json(&["list", "--all"]), "tasks");
    assert_eq!(there.len(), writers);
    world.ok(&["doctor"]);
}

/// The dispatcher's socket is out of the writers' reach, so that every one of them is as one that died
/// before it could tell; some are killed besides, at any moment.
#[test]
fn a_commit_that_nobody_told_of_is_noticed() {
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let mut chance = Random::for_test("untold commits");
    let _dispatcher = world.dispatcher();
    let socket = world.graph().join("service/daemon.sock");
    fs::rename(&socket, socket.with_extension("away")).unwrap();
    let mut usual: Vec<Duration> = (0..9)
        .map(|n| {
            let began = Instant::now();
            world.ok(&["add", &format!("before {n}")]);
            began.elapsed()
        })
        .collect();
    usual.sort();
    let usual = usual[4];
    let (mut killed, mut survived) = (0, 0);
    for n in 0.. {
        if killed + survived >= count(200) {
            break;
        }
        let id = format!("u{n}");
        let mut writer = world.start(&["add", &id, "--id", &id, "--exec", "echo $WG_TASK >> told"]);
        let until = Instant::now() + usual * (60 + chance.below(60) as u32) / 100;
        while Instant::now() < until && writer.exited().is_none() {
            std::hint::spin_loop();
        }
        writer.signal(Signal::KILL);
        let died = writer.wait() != 0;
        let committed = world.wg(&["show", &id]).code == 0;
        if committed {
            wait_within(Duration::from_secs(2), "the task to be run", || {
                let told = world.runs("told");
                if told.contains(&id) { Ok(()) } else { Err(format!("{} were told", told.len())) }
            });
            *(if died { &mut killed } else { &mut survived }) += 1;
        }
    }
    let told = world.runs("told");
    let ids: BTreeSet<&String> = told.iter().collect();
    assert_eq!(ids.len(), told.len(), "each ran once");
    eprintln!(
        "{killed} writers died after their commit, {survived} did not: all {} were noticed",
        told.len()
    );
}
