//! The control socket, `.wg/service/daemon.sock`: how a `wg` command speaks to the dispatcher.
//!
//! One JSON line in, JSON lines out (`docs/control-protocol.md`). The messages are in [`message`]; the
//! dispatcher's side is `server`, the other one [`client`]. Nothing here changes the graph: what a client
//! wants done it commits itself, and then pokes.

pub mod client;
mod guests;
pub(crate) mod leases;
pub mod message;
pub(crate) mod server;
