//! The clock port.

use crate::time::Timestamp;

/// Tells the time. The real one stands in the binary; tests have one that they turn by hand.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}
