//! What a task is listed under: its stored state, whether a dependency is not done, whether it is paused, and of an
//! open one whether its budget is used up. One small number, so that one index serves every combination of them.

use wg_core::port::TaskFilter;
use wg_core::task::{StateName, Task};

/// State, blocked and paused as one number. The numbers are in databases: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(u8);

/// Open with a budget that is used up: a state of its own here, so that no index of what is ready lists it.
const USED_UP: u8 = 7;
/// Numbers from here on mean nothing.
const END: u8 = (USED_UP + 1) * 4;

impl Class {
    /// Open, unblocked, not paused, with budget left.
    pub(crate) const FREE: Self = Self(0);

    pub(crate) fn of(task: &Task, unmet: u64) -> Self {
        let state = match task.state.name() {
            StateName::Open if task.used_up().is_some() => USED_UP,
            StateName::Open => 0,
            StateName::InProgress => 1,
            StateName::Waiting => 2,
            StateName::InReview => 3,
            StateName::Done => 4,
            StateName::Failed => 5,
            StateName::Abandoned => 6,
        };
        Self(state * 4 + u8::from(unmet > 0) * 2 + u8::from(task.paused))
    }

    /// The class that a stored number means.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|n| *n < END).map(Self)
    }

    pub(crate) fn number(self) -> i64 {
        i64::from(self.0)
    }

    pub(crate) fn state(self) -> StateName {
        match self.0 / 4 {
            0 | USED_UP => StateName::Open,
            1 => StateName::InProgress,
            2 => StateName::Waiting,
            3 => StateName::InReview,
            4 => StateName::Done,
            5 => StateName::Failed,
            _ => StateName::Abandoned,
        }
    }

    pub(crate) fn is_blocked(self) -> bool {
        self.0 & 2 != 0
    }

    pub(crate) fn is_paused(self) -> bool {
        self.0 & 1 != 0
    }

    pub(crate) fn is_used_up(self) -> bool {
        self.0 / 4 == USED_UP
    }

    pub(crate) fn is_done(self) -> bool {
        self.state() == StateName::Done
    }

    /// This class with so many dependencies that are not done.
    pub(crate) fn with_unmet(self, unmet: u64) -> Self {
        Self((self.0 & !2) | (u8::from(unmet > 0) * 2))
    }

    /// Whether a filter takes tasks of this class, as far as the class can tell.
    pub(crate) fn passes(self, filter: &TaskFilter) -> bool {
        (filter.states.is_empty() || filter.states.contains(&self.state()))
            && filter.paused.is_none_or(|paused| paused == self.is_paused())
            && filter.used_up.is_none_or(|used_up| used_up == self.is_used_up())
            && filter.blocked.is_none_or(|blocked| blocked == self.is_blocked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_gives_back_what_it_was_made_of() {
        for number in 0..32 {
            let class = Class::from_number(number).expect("32 classes");
            assert_eq!(class.number(), number);
            assert!(!class.with_unmet(0).is_blocked());
            assert_eq!(class.with_unmet(2).state(), class.state());
            assert_eq!(class.with_unmet(2).is_paused(), class.is_paused());
            assert_eq!(class.with_unmet(2).is_used_up(), class.is_used_up());
        }
        assert_eq!(Class::from_number(32), None);
        assert_eq!(Class::from_number(-1), None);
    }
}
