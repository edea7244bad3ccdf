//! Speaking with handlers of chats: one task for each, between its shim (which pumps bytes and knows no
//! protocol) and the dispatcher (which decides). The adapter's conversation says what bytes mean.
//!
//! - What a handler writes lies in a file of its shim. It is read from the place up to which everything that
//!   came of it is committed, so a restart of the dispatcher loses nothing and takes nothing in twice.
//! - Nothing is read on before what was read is committed: a flood waits where it is.
//! - A turn has a number that its shim remembers: a message given twice for it reaches the handler once.

mod line;
mod reader;
mod task;

pub(crate) use reader::Reader;
pub(crate) use task::{ChatNews, Order, TalkTask, start};
