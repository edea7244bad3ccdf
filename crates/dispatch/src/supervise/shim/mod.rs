//! The shim: the small process that owns one agent's process tree, holds its lock and its door, and writes
//! how it ended.
//!
//! [`step`] decides; `run` does, in one loop without a runtime; `connections` and `desk` serve those who
//! knock at the [`Door`]; `talk` holds the pipes of an agent that is talked to. A shim reads the graph once, before it starts its agent, and lets go of it.

mod admission;
mod company;
mod connections;
mod desk;
mod door;
mod events;
mod heard;
mod input;
mod run;
pub mod step;
mod talk;
mod tree;

pub use admission::{Admission, Admit, ShimError, ShimPorts, admission};
pub use company::{Company, TalkLimits};
pub use door::{DOOR_VERSION, Door, DoorReply, DoorRequest, knock};
pub use run::shim_main;

/// Bytes of output that are taken before anybody else's turn.
const OUTPUT_TURN: usize = 1024 * 1024;
/// Turns that are taken once the tree is gone: a pipe holds less, and one that goes on is not the agent's.
const LAST_TURNS: usize = 4;
