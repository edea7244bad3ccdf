//! The machine's clock set forward and back by a day under a running dispatcher. Only where it is asked for,
//! and by itself, for every process of the machine sees it:
//! `WG_CLOCK=1 cargo test -p wg --test survive clock`.

use std::process::Command;

use testkit::{Environment, wait_until};

const DAY: i64 = 86_400;

/// The clock as far as this test has moved it; put right again when dropped.
struct Moved(i64);

impl Moved {
    fn by(&mut self, seconds: i64) {
        let now = Command::new("date").arg("+%s").output().unwrap();
        let now: i64 = String::from_utf8(now.stdout).unwrap().trim().parse().unwrap();
        let set = Command::new("date").args(["-s", &format!("@{}", now + seconds)]).output().unwrap();
        assert!(set.status.success(), "{set:?}");
        self.0 += seconds;
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        if self.0 != 0 {
            self.by(-self.0);
        }
    }
}

fn runs(world: &Environment, name: &str) -> usize {
    world.runs("runs").iter().filter(|line| *line == name).count()
}

fn wait_for(world: &Environment, name: &str, times: usize) {
    wait_until(name, || match runs(world, name) {
        seen if seen == times => Ok(()),
        seen => Err(format!("it ran {seen} times")),
    });
}

#[test]
fn a_clock_set_by_a_day_starts_what_is_due_and_ends_nothing() {
    if std::env::var_os("WG_CLOCK").is_none() {
        eprintln!("NOT CHECKED: WG_CLOCK=1 sets this machine's clock forward and back by a day");
        return;
    }
    let world = Environment::with_graph(env!("CARGO_BIN_EXE_wg"));
    let add = |name: &str, then: &str, more: &[&str]| {
        let exec = format!("echo {name} >> runs; {then}");
        world.ok(&[&["add", name, "--exec", exec.as_str()], more].concat());
    };
    let mut clock = Moved(0);
    add("long", "while ! test -e go; do sleep 0.1; done", &["--timeout", "1h"]);
    add("later", "true", &["--not-before", "1h"]);
    add("bad", "exit 1", &[]);
    let dispatcher = world.dispatcher();
    wait_for(&world, "long", 1);
    wait_for(&world, "bad", 1);

    // Nothing told the dispatcher but the clock itself: its timer is cancelled when that is set.
    clock.by(DAY);
    wait_for(&world, "later", 1);
    wait_for(&world, "bad", 2);

    clock.by(-2 * DAY);
    add("new", "true", &[]);
    wait_for(&world, "new", 1);

    clock.by(DAY);
    std::fs::write(world.path("go"), "").unwrap();
    wait_until("the long task to be done, not timed out", || {
        let shown = world.json(&["show", "long"]);
        if shown["task"]["state"] == "done" { Ok(()) } else { Err(shown["task"].to_string()) }
    });
    assert_eq!((runs(&world, "long"), runs(&world, "later"), runs(&world, "bad")), (1, 1, 2));
    assert_eq!(dispatcher.stop(), 0);
    world.ok(&["doctor"]);
}
