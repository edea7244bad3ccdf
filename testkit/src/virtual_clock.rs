//! A clock that stands still until it is turned by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use wg_core::port::Clock;
use wg_core::time::Timestamp;

/// A clock turned by hand; clones show the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that shows this.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_nanos())))
    }

    /// Turns it forward and says what it shows then.
    pub fn advance(&self, span: Duration) -> Timestamp {
        let now = self.now().plus(span);
        self.set(now);
        now
    }

    /// Sets it, backward too: people do.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_nanos(), Ordering::SeqCst);
    }
}

impl Default for VirtualClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_nanos(1_767_225_600_000_000_000))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_by_hand_and_clones_move_along() {
        let clock = VirtualClock::default();
        let other = clock.clone();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00.000000000+00:00");
        let later = clock.advance(Duration::from_secs(90));
        assert_eq!(other.now(), later);
        clock.set(Timestamp::from_nanos(5));
        assert_eq!(other.now().as_nanos(), 5);
    }
}
