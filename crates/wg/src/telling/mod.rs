//! How the graph is told: tasks, attempts, operations and reasons, in tables and sentences for people and in
//! documents for programs. Looks, never changes anything, and writes nothing by itself: what it makes goes to
//! `output`.

pub mod attempts;
pub mod budget;
pub mod chats;
pub mod conversation;
pub mod difference;
pub mod entries;
pub mod history;
pub mod listing;
pub mod next_prompt;
pub mod past;
pub mod picture;
pub mod questions;
pub mod reason;
pub mod receipt;
pub mod record;
pub mod relatives;
pub mod story;
pub mod works;
