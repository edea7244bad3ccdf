//! The dispatcher's logic over the store in memory: what happened goes in, what is to be done comes out, and
//! the graph says what became of it. No process, no clock, no file.

#![expect(clippy::unwrap_used, reason = "tests")]

mod chats;
mod day;
mod endings;
mod pauses;
mod questions;
mod recovery;
mod starts;
mod stopping;
mod unknown;
mod work;
mod world;
