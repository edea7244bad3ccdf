//! The composition root: which store, which clock, which adapters, and how a dispatcher is told.

use std::path::Path;

use wg_core::id::AttemptRef;
use wg_core::policy::Policy;
use wg_core::port::{Clock, Store, StoreError};
use wg_core::time::Timestamp;

use crate::config::{self, Config};
use crate::context::Access;

/// The clock of the system.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

/// The time now.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// Makes the store of a new graph.
pub fn create(folder: &Path) -> Result<Box<dyn Store>, StoreError> {
    wg_store::sqlite::create(folder)
}

/// Opens the store of a graph.
pub fn open(folder: &Path, access: Access) -> Result<Box<dyn Store>, StoreError> {
    match access {
        Access::Read => wg_store::sqlite::open_read_only(folder),
        Access::Write => wg_store::sqlite::open(folder),
    }
}

/// What the configuration says about starting.
#[must_use]
pub fn policy(config: &Config) -> Policy {
    wg_dispatch::dispatcher::policy(&config::dispatch_config(config), &wg_agents::Registry::default())
}

/// The adapters that serve chats, by name.
#[must_use]
pub fn chat_adapters() -> Vec<String> {
    let registry = wg_agents::Registry::default();
    let serving = registry.iter().filter(|adapter| adapter.serves_chats());
    serving.map(|adapter| adapter.name().to_owned()).collect()
}

/// Tells a dispatcher that listens that the graph has changed. One that is not told finds it by itself, so
/// nothing can go wrong here that matters.
pub fn poke(folder: &Path, worker: Option<AttemptRef>) {
    wg_dispatch::control::client::poke(folder, worker);
}

/// Whether a dispatcher listens for this graph.
#[must_use]
pub fn dispatcher_listens(folder: &Path) -> bool {
    wg_dispatch::control::client::listens(folder)
}
