//! The task's machine: pure and total.
pub struct TaskEvent;
pub struct TaskStep;
/// x
pub fn step() {}
