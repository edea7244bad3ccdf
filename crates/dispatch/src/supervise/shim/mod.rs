//! The shim: the small process that owns one agent's process tree, holds its lock and its door, and writes
//! how it ended.
//!
//! [`step`] decides; `run` does, in one loop without a runtime; `connections` and `desk` serve those who
//! knock at the [`Door`]. A shim reads the graph once, before it starts its agent, and lets go of it.

mod admission;
mod company;
mod connections;
mod desk;
mod door;
mod run;
pub mod step;
mod tree;

pub use admission::{Admission, Admit, ShimError, ShimPorts, admission};
pub use company::{Company, TalkLimits};
pub use door::{DOOR_VERSION, Door, DoorReply, DoorRequest, knock};
pub use run::shim_main;
