//! Who is attached to chats: each connection holds a lease, and letting go of it is enough to end it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wg_core::id::ChatNumber;

use crate::dispatcher::Consumers;

/// The leases there are.
#[derive(Clone, Default)]
pub(crate) struct Leases(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: Mutex<BTreeMap<ChatNumber, Consumers>>,
    changed: Notify,
}

/// One lease; dropping it ends it.
pub(crate) struct Lease {
    leases: Leases,
    chat: ChatNumber,
    answers: bool,
}

impl Leases {
    /// Takes one, for somebody who answers questions or not.
    pub(crate) fn take(&self, chat: ChatNumber, answers: bool) -> Lease {
        let mut held = self.held();
        let consumers = held.entry(chat).or_default();
        consumers.all += 1;
        consumers.answering += usize::from(answers);
        drop(held);
        self.0.changed.notify_one();
        Lease { leases: self.clone(), chat, answers }
    }

    /// Waits until something has changed; gives who holds which chat now.
    pub(crate) async fn changed(&self) -> BTreeMap<ChatNumber, Consumers> {
        self.0.changed.notified().await;
        self.held().clone()
    }

    /// How many hold a chat.
    pub(crate) fn held_by(&self, chat: ChatNumber) -> usize {
        self.held().get(&chat).map_or(0, |consumers| consumers.all)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ChatNumber, Consumers>> {
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
        if let Some(consumers) = held.get_mut(&self.chat) {
            consumers.all -= 1;
            consumers.answering -= usize::from(self.answers);
            if consumers.all == 0 {
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
        let (one, other) = (leases.take(ChatNumber(3), true), leases.take(ChatNumber(3), false));
        assert_eq!(other.count(), 2);
        assert_eq!(leases.held().get(&ChatNumber(3)), Some(&Consumers { all: 2, answering: 1 }));
        drop(one);
        assert_eq!(leases.held().get(&ChatNumber(3)), Some(&Consumers { all: 1, answering: 0 }));
        drop(other);
        assert!(leases.held().is_empty());
    }
}
