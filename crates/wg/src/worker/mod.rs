//! The binary as a worker's owner: the shim of an attempt, and the door through which its worker speaks.

pub mod door;
pub mod shim;
