//! The task's machine: pure and total.
pub struct AttemptEvent;
pub struct AttemptStep;
/// x
pub fn step() {}
