//! What an agent has truly told of what it used, and of what kept it from working, by how far one has read what it
//! printed.

use super::speech::{Failure, Speech};

/// Of one agent.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Bytes that it printed, and how many of them are in its file.
    printed: u64,
    pub(super) on_disk: u64,
    /// How often somebody began to listen to it.
    pub(super) opened: u32,
    /// What turns used that are over, and the one in flight, as [`Speech::Used`] has it.
    turns: u64,
    in_flight: u64,
    trouble: Option<Trouble>,
    told: Vec<Told>,
}

/// What kept an agent from working, by its last turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Limited,
    Away,
    Unfit,
}

/// Tokens of an agent that has used one of [`Speech::Used`].
const TOKENS: u64 = 3;

/// What was told up to a place.
#[derive(Debug, Clone, Copy)]
struct Told {
    end: u64,
    used: u64,
    /// No turn is in flight.
    over: bool,
    trouble: Option<Trouble>,
}

impl Meter {
    /// It is about to say something; gives what its turn has used in all.
    pub(super) fn says(&mut self, speech: &Speech) -> u64 {
        let (more, over) = match speech {
            Speech::Used(more) => (*more, false),
            Speech::Answer { more, .. } => (*more, true),
            Speech::Failed { .. } | Speech::Unfit(_) => (0, true),
            Speech::Ready { .. } | Speech::Tool { .. } | Speech::Half => return 0,
        };
        self.in_flight += more;
        let used = self.in_flight;
        self.trouble = match speech {
            Speech::Failed { failure: Failure::Limited(_), .. } => Some(Trouble::Limited),
            Speech::Failed { failure: Failure::Away, .. } => Some(Trouble::Away),
            Speech::Unfit(_) => Some(Trouble::Unfit),
            _ if over => None,
            _ => self.trouble,
        };
        if over {
            self.turns += std::mem::take(&mut self.in_flight);
        }
        used
    }

    /// It has, in so many bytes.
    pub(super) fn said(&mut self, bytes: u64) {
        self.printed += bytes;
        let (used, over) = (self.turns + self.in_flight, self.in_flight == 0);
        self.told.push(Told { end: self.printed, used, over, trouble: self.trouble });
    }

    /// What had kept it from working up to a place.
    pub(super) fn trouble_at(&self, place: u64) -> Option<Trouble> {
        self.told.iter().rev().find(|told| told.end <= place)?.trouble
    }

    /// How many tokens it had told up to a place, and whether one who has read that far must know all of it: what a turn in
    /// flight had used before somebody else began to listen, he does not.
    pub(super) fn at(&self, place: u64) -> (u64, bool) {
        let told = self.told.iter().rev().find(|told| told.end <= place);
        told.map_or((0, true), |told| (told.used * TOKENS, told.over || self.opened < 2))
    }
}
