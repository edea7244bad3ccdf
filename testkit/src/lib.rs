//! What the tests of every crate stand on: a hermetic environment for the real program, graphs from one
//! line of text, an agent that does as scripted, a clock turned by hand, the simulator,
//! and the exhaustive check of chats.
//!
//! Nothing here ships. It never signals a process that it can't prove to be its own, and never sleeps for
//! a time where it can wait for a state.

mod builders;
mod environment;
pub mod model;
mod processes;
mod program;
mod random;
mod scripted_model;
pub mod sim;
mod started;
mod terminal;
mod tmpfs;
mod virtual_clock;
mod wait;

pub use builders::{GraphPlan, graph};
pub use environment::{Environment, shell_word};
pub use processes::{Marked, Marks};
pub use program::{copy_program, write_program};
pub use random::Random;
pub use scripted_model::ScriptedModel;
pub use started::{Dispatcher, Output, Started};
pub use terminal::Terminal;
pub use tmpfs::{NoTmpfs, Tmpfs};
pub use virtual_clock::VirtualClock;
pub use wait::{LONG, wait_until, wait_within};
