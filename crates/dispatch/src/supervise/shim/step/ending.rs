//! The end of an agent: asked for, forced, looked for, written down.

use std::time::Duration;

use wg_core::attempt::ExitStatus;

use super::{Action, Event, State, over};
use crate::files::EndedBy;
use crate::supervise::shim::company::TalkLimits;

/// From SIGTERM to SIGKILL for what the first process left behind when it ended.
pub(super) const LEFT_GRACE: Duration = Duration::from_secs(1);
/// Between the first two SIGKILL sweeps; each later pause is twice as long, up to [`SWEEP_PAUSE_MAX`]. The
/// end of the last process is heard of at once; a sweep is for those that were forked meanwhile.
const SWEEP_PAUSE: Duration = Duration::from_millis(10);
const SWEEP_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the exit record is tried on a disk that does not take it.
pub(super) const RECORD_TRIES: u32 = 40;
/// Between two tries of it.
const RECORD_PAUSE: Duration = Duration::from_millis(250);

/// What goes into the exit record of what the machine knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What brought the end.
    pub because: EndedBy,
    /// How the first process left.
    pub status: Option<ExitStatus>,
    /// The worker had reported.
    pub reported: bool,
    /// Nothing is left.
    pub gone: bool,
}

impl Ending {
    pub(super) fn new(because: EndedBy) -> Self {
        Self { because, status: None, reported: false, gone: true }
    }
}

/// How far the ending is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Told farewell; SIGTERM follows then.
    Farewell {
        /// When.
        term_at: Duration,
        /// From there to SIGKILL.
        grace: Duration,
    },
    /// Asked with SIGTERM; SIGKILL follows then.
    Asked {
        /// When.
        kill_at: Duration,
    },
    /// Killed; again then, for what was forked meanwhile.
    Killing {
        /// When.
        again_at: Duration,
        /// How long after the last time.
        pause: Duration,
    },
}

impl How {
    /// When it goes further.
    pub(super) fn wake_at(self) -> Duration {
        match self {
            Self::Farewell { term_at, .. } => term_at,
            Self::Asked { kill_at } => kill_at,
            Self::Killing { again_at, .. } => again_at,
        }
    }

    /// The next stage, where it is time for it.
    fn further(self, now: Duration) -> Option<(Self, Action)> {
        if self.wake_at() > now {
            return None;
        }
        let kill_again = |pause| Self::Killing { again_at: now + pause, pause };
        Some(match self {
            Self::Farewell { grace, .. } => {
                (Self::Asked { kill_at: now.saturating_add(grace) }, Action::TermGroup)
            }
            Self::Asked { .. } => (kill_again(SWEEP_PAUSE), Action::KillAll),
            Self::Killing { pause, .. } => (kill_again((pause * 2).min(SWEEP_PAUSE_MAX)), Action::KillAll),
        })
    }

    /// The same with a grace that may be shorter.
    fn hurried(self, shorter: Duration, now: Duration) -> Self {
        match self {
            Self::Farewell { term_at, grace } => Self::Farewell { term_at, grace: grace.min(shorter) },
            Self::Asked { kill_at } => Self::Asked { kill_at: kill_at.min(now.saturating_add(shorter)) },
            Self::Killing { .. } => self,
        }
    }

    /// The first process left, and others did not: they are told once, and have little time.
    fn left_behind(self, now: Duration) -> (Self, Option<Action>) {
        match self {
            Self::Farewell { grace, .. } => {
                (Self::Asked { kill_at: now + LEFT_GRACE.min(grace) }, Some(Action::TermAll))
            }
            Self::Asked { kill_at } => {
                (Self::Asked { kill_at: kill_at.min(now + LEFT_GRACE) }, Some(Action::TermAll))
            }
            Self::Killing { .. } => (self, None),
        }
    }
}

/// Begins the end of an agent that runs: with the farewell where it is talked to, else with SIGTERM.
pub(super) fn ask(
    ending: Ending,
    talk: Option<&TalkLimits>,
    grace: Duration,
    announce: Option<String>,
    now: Duration,
) -> (State, Vec<Action>) {
    let mut actions: Vec<_> = announce.map(Action::Announce).into_iter().collect();
    let how = match talk {
        Some(talk) => {
            actions.push(Action::Farewell);
            How::Farewell { term_at: now.saturating_add(talk.farewell_grace), grace }
        }
        None => {
            actions.push(Action::TermGroup);
            How::Asked { kill_at: now.saturating_add(grace) }
        }
    };
    (State::Ending { ending, how }, actions)
}

pub(super) fn ending_on(
    mut ending: Ending,
    mut how: How,
    event: &Event,
    now: Duration,
) -> (State, Vec<Action>) {
    let mut actions = Vec::new();
    match *event {
        Event::Exited { status, others } => {
            ending.status = Some(status);
            if !others {
                return (State::Verifying(ending), vec![Action::Verify]);
            }
            let (next, action) = how.left_behind(now);
            how = next;
            actions.extend(action);
        }
        Event::Childless => return (State::Verifying(ending), vec![Action::Verify]),
        Event::Reported => ending.reported = true,
        Event::Stop { grace } => how = how.hurried(grace, now),
        Event::Time => {
            if let Some((next, action)) = how.further(now) {
                how = next;
                actions.push(action);
            }
        }
        _ => {}
    }
    (State::Ending { ending, how }, actions)
}

pub(super) fn verifying(mut ending: Ending, event: &Event) -> (State, Vec<Action>) {
    match *event {
        Event::Verified { gone } => {
            ending.gone = gone;
            record(ending)
        }
        Event::Exited { status, .. } => {
            ending.status = Some(status);
            (State::Verifying(ending), Vec::new())
        }
        Event::Reported => {
            ending.reported = true;
            (State::Verifying(ending), Vec::new())
        }
        _ => (State::Verifying(ending), Vec::new()),
    }
}

pub(super) fn recording(
    ending: Ending,
    tries: u32,
    again_at: Option<Duration>,
    event: &Event,
    now: Duration,
) -> (State, Vec<Action>) {
    match *event {
        Event::Recorded => (State::Over, vec![Action::Tell, Action::Poke, Action::Leave]),
        // Without a record the attempt counts as lost: nobody is told that it ended in a certain way.
        Event::RecordFailed if tries >= RECORD_TRIES => over(),
        Event::RecordFailed => {
            (State::Recording { ending, tries, again_at: Some(now + RECORD_PAUSE) }, Vec::new())
        }
        Event::Time if again_at.is_some_and(|at| at <= now) => {
            let action = Action::Record(ending.clone());
            (State::Recording { ending, tries: tries + 1, again_at: None }, vec![action])
        }
        _ => (State::Recording { ending, tries, again_at }, Vec::new()),
    }
}

pub(super) fn record(ending: Ending) -> (State, Vec<Action>) {
    let action = Action::Record(ending.clone());
    (State::Recording { ending, tries: 1, again_at: None }, vec![action])
}
