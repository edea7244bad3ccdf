//! Who is with an agent that is talked to: until when it may stay where nobody is.
//!
//! Following is a connection, so its end is seen even when the follower dies; that a turn is in flight is only
//! said, and whoever said it may be gone. Time is an argument.

use std::time::Duration;

use crate::files::Talk;

/// The spans that are kept with an agent that is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalkLimits {
    /// From the farewell to SIGTERM.
    pub farewell_grace: Duration,
    /// How long it stays alone.
    pub alone: Duration,
    /// The longest turn of one that is alone.
    pub turn_limit: Duration,
}

impl From<&Talk> for TalkLimits {
    fn from(talk: &Talk) -> Self {
        Self { farewell_grace: talk.farewell_grace, alone: talk.alone, turn_limit: talk.turn_limit }
    }
}

/// Who is with the agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Company {
    /// Somebody follows it.
    pub followed: bool,
    /// A turn is in flight.
    pub turn: bool,
    /// Since when it has been like this, or since the agent was started.
    since: Duration,
}

impl Company {
    /// The agent was started just now: nobody has been away longer than that.
    pub(super) fn began(&mut self, now: Duration) {
        self.since = now;
    }

    /// Somebody follows it, or nobody does any more.
    pub(super) fn follow(&mut self, on: bool, now: Duration) {
        if self.followed != on {
            self.followed = on;
            self.since = now;
        }
    }

    /// A turn began, even if one was in flight; or it ended.
    pub(super) fn turn(&mut self, on: bool, now: Duration) {
        if self.turn || on {
            self.turn = on;
            self.since = now;
        }
    }

    /// How long the agent may be as it is, where that is limited.
    pub(super) fn patience(&self, limits: &TalkLimits) -> Option<Duration> {
        match (self.followed, self.turn) {
            (true, _) => None,
            (false, true) => Some(limits.turn_limit),
            (false, false) => Some(limits.alone),
        }
    }

    /// When it has been alone for too long.
    pub(super) fn leave_at(&self, limits: &TalkLimits) -> Option<Duration> {
        Some(self.since.saturating_add(self.patience(limits)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIMITS: TalkLimits =
        TalkLimits { farewell_grace: SECOND, alone: SECOND.saturating_mul(60), turn_limit: Duration::MAX };

    fn company(said: &[(&str, u32)]) -> Company {
        let mut company = Company::default();
        for (what, at) in said {
            let now = SECOND * *at;
            match *what {
                "began" => company.began(now),
                "follows" => company.follow(true, now),
                "left" => company.follow(false, now),
                "turn" => company.turn(true, now),
                "turn ended" => company.turn(false, now),
                other => panic!("nobody says {other}"),
            }
        }
        company
    }

    #[test]
    fn it_stays_while_it_is_followed_and_a_while_after() {
        let limits = TalkLimits { turn_limit: SECOND * 3600, ..LIMITS };
        for (said, leave_at) in [
            (&[("began", 5)][..], Some(65)),
            (&[("began", 5), ("follows", 7)], None),
            (&[("began", 5), ("follows", 7), ("left", 100)], Some(160)),
            // It left long ago, and again nobody is there.
            (&[("began", 5), ("follows", 7), ("left", 100), ("left", 120)], Some(160)),
            (&[("began", 5), ("turn", 10)], Some(3610)),
            (&[("began", 5), ("turn", 10), ("turn", 20)], Some(3620)),
            (&[("began", 5), ("turn", 10), ("turn ended", 30)], Some(90)),
            // There was none that could end.
            (&[("began", 5), ("turn ended", 30)], Some(65)),
            (&[("began", 5), ("follows", 7), ("turn", 10), ("turn ended", 30)], None),
            (&[("began", 5), ("follows", 7), ("turn", 10), ("left", 30)], Some(3630)),
            (&[("began", 5), ("follows", 7), ("turn", 10), ("left", 30), ("follows", 40)], None),
        ] {
            let expected = leave_at.map(|at| SECOND * at);
            assert_eq!(company(said).leave_at(&limits), expected, "{said:?}");
        }
        // A limit without an end is none, not an overflow.
        assert_eq!(company(&[("began", 5), ("turn", 9)]).leave_at(&LIMITS), Some(Duration::MAX));
    }
}
