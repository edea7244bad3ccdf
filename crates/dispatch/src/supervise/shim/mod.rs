//! The shim: the small process that owns one agent's process tree, holds its lock and its door, and writes
//! how it ended.
//!
//! [`step`] decides; `run` does, in one loop without a runtime; `door` serves those who connect; `pump`
//! takes the agent's output. A shim reads the graph once, before it starts its agent, and lets go of it.

pub mod step;
