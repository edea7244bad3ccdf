//! Shims, agents and those who end them, as real processes.
//!
//! The shim is this very test binary, started again with the arguments that the real one gets: the test named
//! `__shim` then runs [`shim_main`](wg_dispatch::supervise::shim_main) with a check and a door made for tests.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod abuse;
mod door;
mod endings;
mod killed;
mod launches;
mod output;
mod sandbox;
mod shim;
mod talk;
mod world;
