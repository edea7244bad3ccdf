//! The daemon of workgraph: the event loop, the supervision of processes, recovery, and the control socket.
//!
//! It sees the graph as `dyn Store` and changes it only through `wg_core::submit`. It prints nothing.

pub mod chat_history;
pub mod config;
pub mod control;
pub mod daemon_lock;
pub mod dispatcher;
pub mod files;
mod hear;
pub mod host;
mod interpret;
pub mod log_file;
pub mod programs;
pub mod prompt;
mod readiness;
pub mod recover;
pub mod repository;
pub mod retention;
mod run;
mod search_path;
pub mod serve;
pub mod socket;
mod spawner;
mod store_thread;
pub mod supervise;
mod talk;
mod timer;

pub use serve::{OpenStore, Reload, ServeError, ServeOptions, serve};
