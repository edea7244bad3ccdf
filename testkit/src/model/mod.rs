//! The exhaustive check of chats (`chats.md`): every way that one chat, its handlers, its dispatcher and its
//! people can go, with the real rules of core.
//!
//! A commit is the real `submit` of a real command on the rows of one chat, and what a shim reads before it
//! starts its agent is the real `barred`. Around them a model: a dispatcher that dies and comes back and can't
//! tell at once what is there; shims that fork, lock, check and exec in steps of their own and may die between
//! them; an agent that says what it likes; people. Rows and world together are one number of 50 bits, and all
//! that can be reached are visited, the nearest first, so that the trace of a violation is a shortest one.
//!
//! # What is left away
//! Times are due or not due; fences count from the current one; at most two messages are open. Of shims that
//! have not yet asked for their lock there is at most one beside the first: a second start of the same attempt,
//! or one that an earlier attempt left. Whether the bucket of starts is empty or a slot is free is chance, and
//! the adapter is paused or not; other chats are no more than that.

mod code;
mod invariants;
mod judge;
mod moves;
mod mutation;
mod rows;
mod rules;
mod search;
mod shims;
mod world;

pub use invariants::Invariant;
pub use mutation::ModelMutation;
pub use search::{Searched, Violation, search};
