//! Who is connected: at most so many, and one that has said nothing makes room for the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Connections at a time: far more than any use needs, far fewer than a process may have open.
pub(super) const MOST: usize = 128;

/// The connections there are.
#[derive(Clone, Default)]
pub(super) struct Guests(Arc<Mutex<Seats>>);

#[derive(Default)]
struct Seats {
    next: u64,
    /// Those that have not sent a whole line yet, the oldest first.
    silent: BTreeMap<u64, Option<AbortHandle>>,
    /// Those that are being answered.
    answered: usize,
}

/// A connection's place; dropping it gives the place free.
pub(super) struct Seat {
    guests: Guests,
    number: u64,
    silent: bool,
}

impl Guests {
    /// A place for a new connection, where there is one or a silent one can be sent away.
    pub(super) fn admit(&self) -> Option<Seat> {
        let mut seats = self.seats();
        if seats.silent.len() + seats.answered >= MOST {
            let (_, oldest) = seats.silent.pop_first()?;
            if let Some(oldest) = oldest {
                oldest.abort();
            }
        }
        let number = seats.next;
        seats.next += 1;
        seats.silent.insert(number, None);
        Some(Seat { guests: self.clone(), number, silent: true })
    }

    /// Tells how a silent connection can be sent away.
    pub(super) fn removable(&self, number: u64, by: AbortHandle) {
        if let Some(handle) = self.seats().silent.get_mut(&number) {
            *handle = Some(by);
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        // Nothing in here can leave the counts half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Its number among all connections so far.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// It has sent its request: from now on it is not sent away.
    pub(super) fn spoke(&mut self) {
        let mut seats = self.guests.seats();
        seats.silent.remove(&self.number);
        seats.answered += 1;
        self.silent = false;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.guests.seats();
        if self.silent {
            seats.silent.remove(&self.number);
        } else {
            seats.answered -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn the_oldest_silent_one_makes_room_and_those_that_spoke_stay() {
        let guests = Guests::default();
        let mut seats: Vec<Seat> = (0..MOST).map(|_| guests.admit().unwrap()).collect();
        seats[0].spoke();
        let late = guests.admit().unwrap();
        assert!(!guests.seats().silent.contains_key(&1), "the oldest silent one was sent away");
        assert_eq!(guests.seats().answered, 1);
        drop(seats);
        drop(late);
        let left = guests.seats();
        assert_eq!((left.silent.len(), left.answered), (0, 0));
    }

    #[test]
    fn where_all_are_being_answered_nobody_is_let_in() {
        let guests = Guests::default();
        let mut seats: Vec<Seat> = (0..MOST).map(|_| guests.admit().unwrap()).collect();
        seats.iter_mut().for_each(Seat::spoke);
        assert!(guests.admit().is_none());
        seats.pop();
        assert!(guests.admit().is_some());
    }
}
