//! How long to wait before the next attempt.

use std::time::Duration;

/// Before the second attempt, where the configuration does not say otherwise.
pub const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Lost so many times in a row, a task waits for a person.
pub const LOST_IN_A_ROW: u32 = 3;
/// Attempts over a task's life where neither it nor the configuration says otherwise.
pub const MAX_ATTEMPTS: u32 = 3;

/// `min(first · 2^(n-1), 15 min)` after the `spent`-th failed attempt, moved by `jitter` per mille, at most
/// ± 200 (`supervision.md`, *Back-off*, where `first` is [`FIRST`]).
#[must_use]
pub fn back_off(first: Duration, spent: u32, jitter: i16) -> Duration {
    let doublings = spent.saturating_sub(1).min(10);
    let base = first.saturating_mul(1 << doublings).min(LONGEST);
    let mille = u32::try_from(1_000 + i32::from(jitter.clamp(-200, 200))).expect("800 to 1200");
    base * mille / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = (1..8).map(|n| back_off(FIRST, n, 0).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(back_off(FIRST, 1, 200).as_secs(), 36);
        assert_eq!(back_off(FIRST, 1, -32_000).as_secs(), 24);
        assert_eq!(back_off(FIRST, u32::MAX, 0).as_secs(), 900);
        assert_eq!(back_off(Duration::from_secs(1), 3, 0).as_secs(), 4);
        assert_eq!(back_off(Duration::MAX, 9, 0).as_secs(), 900);
    }
}
