//! Talking to a chat from a terminal: what is typed, what is shown, and the connection that says that somebody is
//! there. What is said is committed and read like everything else; what comes over the connection are hints.

mod editor;
mod keys;
pub mod lines;
pub mod link;
mod said;
mod screen;
mod stream;
pub mod talk;
pub mod waiting;
