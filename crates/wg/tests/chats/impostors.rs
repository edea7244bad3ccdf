//! Numbers of processes are used again: what now has the number of a dead handler or shim is never signalled.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use testkit::wait_until;

use crate::world::World;

/// Where the system keeps the number of the newest process, to be set by root.
const LAST: &str = "/proc/sys/kernel/ns_last_pid";

/// A process of somebody else with this very number; absent: the system does not let us choose it.
fn with_number(pid: u32) -> Option<Child> {
    for _ in 0..50 {
        fs::write(LAST, (pid - 1).to_string()).ok()?;
        let mut child = Command::new("/bin/sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        if child.id() == pid {
            return Some(child);
        }
        // Somebody was faster.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    None
}

#[test]
fn a_process_that_has_the_number_of_a_dead_shim_or_agent_is_never_signalled() {
    for verb in [&["service", "purge-chats"][..], &["chat", "stop", "1"], &["service", "start"]] {
        let mut world = World::new();
        world.set("WG_STOP_GRACE", "200ms");
        let chat = world.chat(&["pid agent", "chat hold never"]);
        let dispatcher = world.dispatcher();
        let message = world.send(&chat, "hello");
        world.until(&chat, "a turn", |record| record["answering"] == message);
        // Recorded, too.
        let shim = wait_until("the shim's number to be recorded", || {
            world.attempts()[0]["pid"].as_u64().ok_or("not yet")
        });
        let shim = u32::try_from(shim).unwrap();
        let agent: u32 = fs::read_to_string(world.path("agent")).unwrap().parse().unwrap();
        dispatcher.kill();
        for pid in [shim, agent] {
            // An agent may die with its shim.
            world.marks().signal(pid, Signal::KILL);
            wait_until("its end", || match fs::exists(format!("/proc/{pid}")) {
                Ok(false) => Ok(()),
                _ => Err("it is there"),
            });
        }
        let others = [shim, agent].map(with_number);
        let [Some(mut one), Some(mut other)] = others else {
            for mut child in others.into_iter().flatten() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            println!("skipped: numbers can't be chosen here");
            return;
        };
        world.ok(verb);
        if verb[1] == "start" {
            // The dispatcher finds that it is lost, and gives the message to the next.
            wait_until("another handler", || match world.attempts().len() {
                2 => Ok(()),
                attempts => Err(attempts),
            });
            world.ok(&["service", "purge-chats"]);
        }
        world.until_nothing_lives();
        let (one_left, other_left) = (one.try_wait().unwrap(), other.try_wait().unwrap());
        for child in [&mut one, &mut other] {
            let _ = child.kill();
            child.wait().unwrap();
        }
        assert_eq!((one_left, other_left), (None, None), "{verb:?}: a stranger was signalled");
    }
}
