//! Who is attached to chats: each connection holds a lease, and letting go of it is enough to end it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wg_core::id::ChatNumber;

/// The leases there are.
#[derive(Clone, Default)]
pub(crate) struct Leases(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<BTreeMap<ChatNumber, usize>>,
    changed: Notify,
}

/// One lease; dropping it ends it.
pub(crate) struct Lease {
    leases: Leases,
    chat: ChatNumber,
}

impl Leases {
    /// Takes one.
    pub(crate) fn take(&self, chat: ChatNumber) -> Lease {
        *self.held().entry(chat).or_insert(0) += 1;
        self.0.changed.notify_one();
        Lease { leases: self.clone(), chat }
    }

    /// Waits until something has changed; gives how many hold which chat now.
    pub(crate) async fn changed(&self) -> BTreeMap<ChatNumber, usize> {
        self.0.changed.notified().await;
        self.held().clone()
    }

    /// How many hold a chat.
    pub(crate) fn held_by(&self, chat: ChatNumber) -> usize {
        self.held().get(&chat).copied().unwrap_or(0)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ChatNumber, usize>> {
        // Nothing in here can leave the counts half changed.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// How many hold the same chat.
    pub(crate) fn count(&self) -> usize {
        self.leases.held_by(self.chat)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut held = self.leases.held();
        if let Some(count) = held.get_mut(&self.chat) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.chat);
            }
        }
        drop(held);
        self.leases.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_with_its_holder() {
        let leases = Leases::default();
        let (one, other) = (leases.take(ChatNumber(3)), leases.take(ChatNumber(3)));
        assert_eq!(other.count(), 2);
        drop(one);
        assert_eq!(leases.held().get(&ChatNumber(3)), Some(&1));
        drop(other);
        assert!(leases.held().is_empty());
    }
}
