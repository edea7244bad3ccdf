//! The graph in memory: the reference that the other stores are compared with. Everything that they keep an
//! index for is derived here from the records, each time anew; so it is for tests and small graphs.
//!
//! A transaction changes the one graph in place and notes how to take each change back; an error takes all
//! of them back. A clone is another handle of the same graph.

mod chats;
mod graph;
mod read;
mod used;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wg_core::port::{Read, Store, StoreError, WatchGuard, Write};

use graph::Graph;

/// A graph in memory.
#[derive(Clone, Default)]
pub struct MemoryStore {
    graph: Arc<Mutex<Graph>>,
    listeners: Arc<Mutex<Vec<Weak<Listener>>>>,
}

struct Listener {
    notify: Mutex<Box<dyn Fn() + Send>>,
}

/// Its listener lives as long as it does.
struct Guard {
    _listener: Arc<Listener>,
}

impl WatchGuard for Guard {}

/// A panic within a transaction of one test must not hide what went wrong from its other threads.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listeners are called when the graph is free again: they may read it.
    fn tell(&self) {
        let listeners: Vec<_> = {
            let mut listeners = lock(&self.listeners);
            listeners.retain(|listener| listener.strong_count() > 0);
            listeners.iter().filter_map(Weak::upgrade).collect()
        };
        for listener in listeners {
            lock(&listener.notify)();
        }
    }
}

impl Store for MemoryStore {
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        work(&mut *lock(&self.graph))
    }

    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        {
            let mut graph = lock(&self.graph);
            if let Err(error) = work(&mut *graph) {
                graph.roll_back();
                return Err(error);
            }
            graph.commit();
        }
        self.tell();
        Ok(())
    }

    fn watch(&self, notify: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError> {
        let listener = Arc::new(Listener { notify: Mutex::new(notify) });
        lock(&self.listeners).push(Arc::downgrade(&listener));
        Ok(Box::new(Guard { _listener: listener }))
    }
}
