//! What the domain needs from the world: a store and a clock.

mod clock;
mod query;
mod store;

pub use self::query::CountRow;
pub use clock::Clock;
pub use query::{
    Artifact, Chats, Counts, LogEntry, Message, Page, ReadyQuery, TagFilter, TaskFilter, TaskOrder,
};
pub use store::{Read, Store, StoreError, WatchGuard, Write};
