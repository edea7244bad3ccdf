//! The rules of the domain through the one way in, `submit`, on the memory store: what each command does to
//! the graph, what it refuses, and what it leaves behind.

#![expect(clippy::unwrap_used, reason = "tests")]

mod attempts;
mod budget;
mod chats;
mod dependencies;
mod import;
mod schedule;
mod undo;
mod waiting;
mod worker;
mod world;
