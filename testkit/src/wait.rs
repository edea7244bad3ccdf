//! Waiting for a state, with a deadline that a slow machine does not reach and a report of what was seen.

use std::fmt::Display;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for anything that comes at all, on a machine that does much else.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits until `look` finds what it looks for; an error is what it saw instead.
///
/// # Panics
/// After [`LONG`], with `what` was waited for and what was seen last.
#[track_caller]
pub fn wait_until<T, E: Display>(what: &str, look: impl FnMut() -> Result<T, E>) -> T {
    wait_within(LONG, what, look)
}

/// As [`wait_until`], with a deadline that is itself a requirement.
///
/// # Panics
/// After `deadline`.
#[track_caller]
pub fn wait_within<T, E: Display>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<T, E>,
) -> T {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        // The state is looked at once more after the deadline: a machine that slept is not a failed test.
        let late = began.elapsed() >= deadline;
        match look() {
            Ok(found) => return found,
            Err(seen) if late => panic!("waited {deadline:?} for {what}; last seen: {seen}"),
            Err(_) => sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::{wait_until, wait_within};
    use std::time::Duration;

    #[test]
    fn the_first_good_look_ends_the_waiting() {
        let mut looks = 0;
        let found = wait_until("the third look", || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err(format!("look {looks}")) }
        });
        assert_eq!(found, 3);
    }

    #[test]
    #[should_panic(expected = "for a state that never comes; last seen: nothing")]
    fn a_deadline_tells_what_was_seen_last() {
        wait_within(Duration::ZERO, "a state that never comes", || Err::<(), _>("nothing"));
    }
}
