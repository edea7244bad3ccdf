//! Unix sockets as every process of a graph uses them: only for their owner, in folders of any depth, one
//! JSON line at a time, and no line longer than its limit.
//!
//! Owns how a socket is made, reached and read; knows nothing of what is said over it (`control::message`,
//! `supervise::protocol`). Nothing here waits without a deadline.

mod address;
mod client;
mod line;
mod peer;

pub use address::{ListenError, connect, listen};
pub use client::{Client, ClientError};
pub use line::{LINE_MAX, LineBuffer, TooLong};
pub use peer::is_ours;
