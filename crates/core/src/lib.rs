//! The domain of workgraph: records, state machines, scheduling, graph algorithms, the `Store` and `Clock`
//! ports, and `submit`, the one way to change anything.
//!
//! This crate never reads a clock, a file, the environment or randomness, never starts a process or a
//! thread, and knows neither SQL nor JSON nor a terminal. Time, ids and chance come in as arguments.
//!
//! # Invariants
//! The simulator's oracle checks these (`testkit::sim`).
//! 1. State changes only through a `step`, committed only through `submit`.
//! 2. A task has at most one live attempt; a chat at most one live handler.
//! 3. A fence only grows; a report with an old fence changes nothing.
//! 4. A finished attempt never changes; a retry is a new attempt.
//! 5. Ready and blocked are derived, never stored as states; a maintained counter is an index.
//! 6. Every effect is pending, claimed or settled; settled once; safe to run twice. An agent program is
//!    started at most once per fence.
//! 7. Messages are delivered at least once and in order; the answered mark never goes back.
//! 8. An archived chat has no process and gets none, whatever else happens, until it is restored.
//! 9. Same commands, times and ids give the same state.

pub mod attempt;
pub mod budget;
pub mod chat;
pub mod command;
pub mod control;
mod decide;
pub mod diagram;
pub mod effect;
pub mod graph;
pub mod id;
pub mod operation;
pub mod policy;
pub mod port;
pub mod rejection;
pub mod retry;
pub mod schedule;
pub mod step;
pub mod submit;
pub mod task;
pub mod time;
pub mod usage;
pub mod used;
pub mod view;
