//! A shim's life as a pure machine: events in, actions out, time as an argument.
//!
//! ```text
//! fresh ─lock→ locked ─check→ checked ─started→ marked ─exec→ running ─→ ending ─→ verifying ─→ recording ─→ over
//!   │ another has it            │ refused          │ was there                                      │
//!   └──────→ over               │                  └──→ over                       exit record, then told, then poke
//!                               └──→ refusing ─started→ recording; over where it was there
//! ```
//!
//! It is total: whatever comes whenever, it answers. What it promises for any sequence of events (tested
//! below): nothing is executed without lock, check and `started`, in this order; at most one execution; the
//! exit record before anybody is told; an agent that is talked to is told farewell before it is signalled; and
//! once the tree is gone it ends.

use std::time::Duration;

use wg_core::attempt::ExitStatus;
use wg_core::time::format_span;

pub use self::ending::{Ending, How};
use self::ending::{LEFT_GRACE, ask, ending_on, record, recording, verifying};
use super::company::Company;
pub use super::company::TalkLimits;
use crate::files::{EndedBy, LaunchSpec};

mod ending;

/// How often a lock that is held is tried: whoever looks at an attempt holds it for less than this in all.
const LOCK_TRIES: u32 = 100;
/// Between two tries of the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Why nothing is started where a stop came first.
const STOPPED: &str = "its end was asked for before it started";

/// What happened. Times are counted from the shim's start, on a clock that nobody sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The lock is ours.
    Locked,
    /// Another process has the lock.
    LockBusy,
    /// The agent may start.
    Admitted,
    /// It may not, or what it needs could not be set up.
    Refused(String),
    /// The `started` mark was made.
    Marked,
    /// It was there already.
    MarkThere,
    /// The agent's first process runs.
    Spawned,
    /// It could not be executed.
    SpawnFailed {
        /// As a number.
        errno: Option<i32>,
        /// In words.
        text: String,
    },
    /// The sandbox that it is to be in can't be had.
    Unconfined(String),
    /// The agent's first process ended.
    Exited {
        /// How.
        status: ExitStatus,
        /// Others of its tree are still there.
        others: bool,
    },
    /// No process of the tree is a child of ours any more.
    Childless,
    /// It was looked whether anything is left anywhere.
    Verified {
        /// Nothing is.
        gone: bool,
    },
    /// Somebody wants it ended.
    Stop {
        /// From SIGTERM to SIGKILL.
        grace: Duration,
    },
    /// Whether somebody follows an agent that is talked to.
    Followed(bool),
    /// Whether it is in the middle of a turn.
    Turn(bool),
    /// The worker has reported.
    Reported,
    /// Nothing more will be said to an agent that is talked to.
    LetGo,
    /// The exit record is written.
    Recorded,
    /// It could not be written.
    RecordFailed,
    /// Time went by.
    Time,
}

/// What is to be done, in this order. Those that say so answer with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Try the lock: `Locked` or `LockBusy`, or `Refused` where it can't be tried.
    Lock,
    /// Open the door and read the store: `Admitted` or `Refused`.
    Check,
    /// Make the `started` mark: `Marked`, `MarkThere`, or `Refused` where it can't be written.
    Mark,
    /// Execute the agent: `Spawned`, `SpawnFailed` or `Unconfined`.
    Spawn,
    /// Write a line into the output.
    Announce(String),
    /// Write the farewell to the agent's standard input, behind what is to be written there, and close it.
    Farewell,
    /// SIGTERM to the agent's process group.
    TermGroup,
    /// SIGTERM to everything that is left.
    TermAll,
    /// SIGKILL to everything.
    KillAll,
    /// Look twice whether anything is left: `Verified`.
    Verify,
    /// Write the exit record: `Recorded` or `RecordFailed`.
    Record(Ending),
    /// Tell those who wait that it is over.
    Tell,
    /// Tell the dispatcher to look.
    Poke,
    /// End the shim.
    Leave,
}

/// Where a shim stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has no lock yet.
    Fresh {
        /// Tries so far.
        tries: u32,
        /// The next one.
        again_at: Duration,
    },
    /// It has the lock, and may it start?
    Locked,
    /// It may, and nobody has yet?
    Checked,
    /// It may not; and has nobody started it before?
    Refusing(String),
    /// The agent is about to be executed; a stop that came meanwhile follows at once.
    Marked {
        /// The stop's grace.
        stop: Option<Duration>,
    },
    /// The agent runs.
    Running {
        /// It is ended then.
        deadline: Option<Duration>,
        /// It is to leave; the deadline no longer counts.
        leave: Option<Leave>,
    },
    /// It is being ended.
    Ending {
        /// What is known of its end.
        ending: Ending,
        /// How.
        how: How,
    },
    /// It is being looked whether anything is left.
    Verifying(Ending),
    /// The exit record is being written.
    Recording {
        /// What goes into it.
        ending: Ending,
        /// Tries so far.
        tries: u32,
        /// The next one.
        again_at: Option<Duration>,
    },
    /// Nothing more happens.
    Over,
}

/// That an agent has nothing more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    /// It is ended then.
    pub by: Duration,
    /// It has reported.
    pub reported: bool,
}

/// The spans that a shim keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The agent's longest run.
    pub timeout: Option<Duration>,
    /// From SIGTERM to SIGKILL.
    pub kill_grace: Duration,
    /// From a report to the end.
    pub leave_grace: Duration,
    /// Those of an agent that is talked to.
    pub talk: Option<TalkLimits>,
}

impl From<&LaunchSpec> for Limits {
    fn from(spec: &LaunchSpec) -> Self {
        Self {
            timeout: spec.timeout,
            kill_grace: spec.kill_grace,
            leave_grace: spec.leave_grace,
            talk: spec.talk.as_ref().map(TalkLimits::from),
        }
    }
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    state: State,
    limits: Limits,
    company: Company,
}

impl Machine {
    /// A new shim, and what it does first.
    #[must_use]
    pub fn begin(limits: Limits) -> (Self, Vec<Action>) {
        let state = State::Fresh { tries: 1, again_at: LOCK_PAUSE };
        (Self { state, limits, company: Company::default() }, vec![Action::Lock])
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Who is with its agent.
    #[must_use]
    pub fn company(&self) -> Company {
        self.company
    }

    /// When it wants to hear of the time, if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        match &self.state {
            State::Fresh { again_at, .. } => Some(*again_at),
            State::Running { deadline, leave } => {
                let end = leave.map(|leave| leave.by).or(*deadline);
                [end, self.alone_until()].into_iter().flatten().min()
            }
            State::Ending { how, .. } => Some(how.wake_at()),
            State::Recording { again_at, .. } => *again_at,
            State::Locked
            | State::Checked
            | State::Refusing(_)
            | State::Marked { .. }
            | State::Verifying(_)
            | State::Over => None,
        }
    }

    /// When an agent that is talked to has been alone for too long.
    fn alone_until(&self) -> Option<Duration> {
        self.company.leave_at(self.limits.talk.as_ref()?)
    }

    /// Takes an event; gives what is to be done.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Followed(on) => self.company.follow(on, now),
            Event::Turn(on) => self.company.turn(on, now),
            _ => {}
        }
        let state = std::mem::replace(&mut self.state, State::Over);
        let (state, actions) = match state {
            State::Fresh { tries, again_at } => fresh(tries, again_at, &event, now),
            State::Locked => locked(event),
            State::Checked => checked(event),
            State::Refusing(why) => refusing(why, &event),
            State::Marked { stop } => self.marked(stop, event, now),
            State::Running { deadline, leave } => self.running(deadline, leave, &event, now),
            State::Ending { ending, how } => ending_on(ending, how, &event, now),
            State::Verifying(ending) => verifying(ending, &event),
            State::Recording { ending, tries, again_at } => recording(ending, tries, again_at, &event, now),
            State::Over => (State::Over, Vec::new()),
        };
        self.state = state;
        actions
    }

    fn marked(&mut self, stop: Option<Duration>, event: Event, now: Duration) -> (State, Vec<Action>) {
        match event {
            Event::Spawned => match stop {
                Some(grace) => self.ask(Ending::new(EndedBy::Stop), grace, None, now),
                None => {
                    self.company.began(now);
                    let deadline = self.limits.timeout.map(|timeout| now.saturating_add(timeout));
                    (State::Running { deadline, leave: None }, Vec::new())
                }
            },
            Event::SpawnFailed { errno, text } => record(Ending::new(EndedBy::SpawnFailed { errno, text })),
            Event::Unconfined(why) => record(Ending::new(EndedBy::Unconfined { why })),
            Event::Stop { grace } => {
                (State::Marked { stop: Some(stop.map_or(grace, |first| first.min(grace))) }, Vec::new())
            }
            _ => (State::Marked { stop }, Vec::new()),
        }
    }

    fn running(
        &self,
        deadline: Option<Duration>,
        leave: Option<Leave>,
        event: &Event,
        now: Duration,
    ) -> (State, Vec<Action>) {
        let reported = leave.is_some_and(|leave| leave.reported);
        let ending = |because| Ending { reported, ..Ending::new(because) };
        match *event {
            Event::Exited { status, others } => {
                let ending = Ending { status: Some(status), ..ending(EndedBy::Process) };
                if others {
                    let how = How::Asked { kill_at: now + LEFT_GRACE };
                    (State::Ending { ending, how }, vec![Action::TermAll])
                } else {
                    // Nothing was left behind: having no child proves it, and the scans have nothing to add.
                    record(ending)
                }
            }
            Event::Childless => (State::Verifying(ending(EndedBy::Process)), vec![Action::Verify]),
            Event::Stop { grace } => self.ask(ending(EndedBy::Stop), grace, None, now),
            Event::Reported | Event::LetGo => {
                let by = leave.map_or(now.saturating_add(self.limits.leave_grace), |leave| leave.by);
                let leave = Leave { by, reported: reported || *event == Event::Reported };
                (State::Running { deadline, leave: Some(leave) }, Vec::new())
            }
            Event::Time => match self.overdue(deadline, leave, now) {
                Some((because, line)) => self.ask(ending(because), self.limits.kill_grace, Some(line), now),
                None => (State::Running { deadline, leave }, Vec::new()),
            },
            _ => (State::Running { deadline, leave }, Vec::new()),
        }
    }

    /// Why an agent that runs is to be ended now, and what is said of it.
    fn overdue(
        &self,
        deadline: Option<Duration>,
        leave: Option<Leave>,
        now: Duration,
    ) -> Option<(EndedBy, String)> {
        let past = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        if let Some(leave) = leave.filter(|leave| past(Some(leave.by))) {
            let what = if leave.reported { "reported" } else { "its turn is over" };
            let waited = format_span(self.limits.leave_grace);
            return Some((EndedBy::Lingered, format!("{what}, but still there {waited} later: ending it")));
        }
        if leave.is_none() && past(deadline) {
            let timeout = format_span(self.limits.timeout.unwrap_or_default());
            return Some((
                EndedBy::Deadline,
                format!("still running after its timeout of {timeout}: ending it"),
            ));
        }
        if past(self.alone_until()) {
            let patience = self.limits.talk.as_ref().and_then(|talk| self.company.patience(talk));
            let waited = format_span(patience.unwrap_or_default());
            let turn = if self.company.turn { ", in the middle of a turn" } else { "" };
            return Some((EndedBy::Alone, format!("nobody has been there for {waited}{turn}: ending it")));
        }
        None
    }

    fn ask(
        &self,
        ending: Ending,
        grace: Duration,
        announce: Option<String>,
        now: Duration,
    ) -> (State, Vec<Action>) {
        ask(ending, self.limits.talk.as_ref(), grace, announce, now)
    }
}

fn fresh(tries: u32, again_at: Duration, event: &Event, now: Duration) -> (State, Vec<Action>) {
    match *event {
        Event::Locked => (State::Locked, vec![Action::Check]),
        // Whoever holds the lock owns the attempt, with its record.
        Event::LockBusy if tries >= LOCK_TRIES => over(),
        Event::Refused(_) => over(),
        Event::LockBusy => (State::Fresh { tries, again_at: now + LOCK_PAUSE }, Vec::new()),
        Event::Time if now >= again_at => {
            (State::Fresh { tries: tries + 1, again_at: now + LOCK_PAUSE }, vec![Action::Lock])
        }
        _ => (State::Fresh { tries, again_at }, Vec::new()),
    }
}

fn locked(event: Event) -> (State, Vec<Action>) {
    match event {
        Event::Admitted => (State::Checked, vec![Action::Mark]),
        Event::Refused(why) => (State::Refusing(why), vec![Action::Mark]),
        Event::Stop { .. } => (State::Refusing(STOPPED.to_owned()), vec![Action::Mark]),
        _ => (State::Locked, Vec::new()),
    }
}

fn checked(event: Event) -> (State, Vec<Action>) {
    match event {
        Event::Marked => (State::Marked { stop: None }, vec![Action::Spawn]),
        // An earlier shim executed the agent, or somebody gave the attempt up: theirs is the record.
        Event::MarkThere => over(),
        Event::Refused(why) => refuse(why),
        // The mark is being made.
        Event::Stop { .. } => (State::Refusing(STOPPED.to_owned()), Vec::new()),
        _ => (State::Checked, Vec::new()),
    }
}

/// A refusal says that nothing was executed, so it takes the mark to be the one who says it: an earlier shim
/// may have executed the agent and died.
fn refusing(why: String, event: &Event) -> (State, Vec<Action>) {
    match *event {
        Event::Marked | Event::Refused(_) => refuse(why),
        Event::MarkThere => over(),
        _ => (State::Refusing(why), Vec::new()),
    }
}

fn refuse(why: String) -> (State, Vec<Action>) {
    record(Ending::new(EndedBy::Refused { why }))
}

fn over() -> (State, Vec<Action>) {
    (State::Over, vec![Action::Poke, Action::Leave])
}

#[cfg(test)]
mod tests;
