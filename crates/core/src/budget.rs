//! Start buckets: how often something may start, whatever else goes wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A token bucket that is stored with what it guards, so that a restart forgets nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When the bucket would be full again, had nothing more been taken: the whole state of it.
    pub full_at: Timestamp,
}

/// How large a bucket is and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Starts that are free at once.
    pub burst: u32,
    /// Time for one more.
    pub every: Duration,
}

/// Starts of one task: burst 5, then one a minute.
pub const PER_TASK: Rate = Rate { burst: 5, every: Duration::from_secs(60) };
/// Starts by an adapter that calls a paid service: burst 10, then one every 2 s.
pub const PAID: Rate = Rate { burst: 10, every: Duration::from_secs(2) };
/// Starts of `shell` attempts over the whole graph: 500 a second.
pub const SHELL: Rate = Rate { burst: 500, every: Duration::from_millis(2) };

impl Bucket {
    /// Takes one start, or says when there will be one. A clock that was set back can't make the wait
    /// longer than filling the whole bucket takes.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Timestamp> {
        let capacity = rate.every.saturating_mul(rate.burst);
        let full_at = self.full_at.max(now).min(now.plus(capacity));
        let after = full_at.plus(rate.every);
        if after > now.plus(capacity) {
            // Kept, so that after a clock was set back the waiting has an end.
            self.full_at = full_at;
            return Err(now.plus(after.since(now.plus(capacity))));
        }
        self.full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_an_interval() {
        let mut bucket = Bucket::default();
        let mut now = Timestamp::from_nanos(1_000_000_000_000);
        for _ in 0..5 {
            assert_eq!(bucket.take(PER_TASK, now), Ok(()));
        }
        let next = bucket.take(PER_TASK, now).expect_err("the burst is used up");
        assert_eq!(next.since(now), Duration::from_secs(60));
        now = next;
        assert_eq!(bucket.take(PER_TASK, now), Ok(()));
        assert!(bucket.take(PER_TASK, now).is_err());
    }

    #[test]
    fn a_clock_set_back_waits_no_longer_than_a_whole_bucket() {
        let mut bucket = Bucket { full_at: Timestamp::from_nanos(i64::MAX / 2) };
        let now = Timestamp::from_nanos(1_000);
        let next = bucket.take(PER_TASK, now).expect_err("full");
        assert!(next.since(now) <= Duration::from_secs(300));
        assert_eq!(bucket.take(PER_TASK, next), Ok(()), "found by the simulator, seed 16");
    }
}
