//! What an agent writes stays within its cap, however much and however fast it is.

use std::fs;

use rustix::process::Signal;
use wg_dispatch::files::OutputCount;
use wg_dispatch::supervise::output::tail;

use crate::world::{World, wait_until};

/// A tenth of what was measured once by hand; the figures are the same.
const FLOOD: u64 = 100_000_000;

#[test]
fn a_flood_costs_neither_disk_nor_memory() {
    let script = format!(
        "echo first; yes 0123456789012345678 | head -c {FLOOD}; echo; echo last
        while read -r name kb unit; do test $name = VmHWM: && echo $kb > peak; done < /proc/$PPID/status"
    );
    let world = World::new(&script);
    let cap = world.spec.output_cap;
    let record = world.finish();
    let seen = FLOOD + "first\n".len() as u64 + "\nlast\n".len() as u64;
    assert_eq!(record.output, OutputCount { seen, kept: cap });
    let output = world.output();
    assert!(output.starts_with("first\n0123456789012345678\n") && output.ends_with("678\n\nlast\n"));
    assert!(output.contains(&format!("\n[wg: {} bytes of output are missing here]\n", seen - cap)));
    assert!(fs::metadata(world.folder.output()).unwrap().len() < cap + 100);
    let peak = crate::world::pid_in(&world.file("peak"));
    assert!(peak < 30_000, "the shim (a debug build, with the tests in it) took {peak} kB");
}

#[test]
fn both_outputs_come_in_the_order_they_were_written() {
    let world = World::new("for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf unfinished");
    world.finish();
    assert_eq!(world.output(), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nunfinished");
}

#[test]
fn what_is_written_just_before_the_end_is_kept() {
    for _ in 0..5 {
        let world = World::new("head -c 30000 /dev/zero");
        assert_eq!(world.finish().output, OutputCount { seen: 30_000, kept: 30_000 });
    }
}

#[test]
fn a_flood_of_a_killed_shim_is_put_in_order_when_it_is_ended() {
    let world = World::new("echo first; head -c 1000000 /dev/zero; echo last; touch ready; exec sleep 600");
    let shim = world.start_ready();
    let seen = 1_000_000 + "first\nlast\n".len() as u64;
    wait_until("all of it", || match tail(&world.folder, 5) {
        Ok((_, so_far)) if so_far == seen => Ok(()),
        other => Err(format!("{other:?}")),
    });
    shim.process().signal(Signal::KILL).unwrap();
    assert_eq!(world.end_well(), None);
    assert!(!world.folder.output_ring().exists());
    let output = world.output();
    assert!(output.starts_with("first\n") && output.ends_with("last\n"));
    assert!(
        output.contains(&format!("[wg: {} bytes of output are missing here]", seen - world.spec.output_cap))
    );
}
