//! The world around the rows: a dispatcher that may be away, shims with their lock, the agent, and somebody
//! who may be attached. All of it fits into one number.

use std::fmt;

use super::rules::Rules;

/// What is left of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proc {
    None,
    /// A shim without its lock.
    Forked,
    /// It has the lock.
    Locked,
    /// It has read that it may start its agent.
    Checked,
    /// Its agent runs.
    Alive,
    /// Its agent is gone, which it has not recorded yet.
    Exited,
    /// All are gone; the record says how the agent left.
    Recorded,
    /// All are gone; the record says that nobody followed.
    Unfollowed,
    /// All are gone, without a record.
    Lost,
    /// The agent runs, the shim is gone.
    Orphan,
}

impl Proc {
    const ALL: [Self; 10] = [
        Self::None,
        Self::Forked,
        Self::Locked,
        Self::Checked,
        Self::Alive,
        Self::Exited,
        Self::Recorded,
        Self::Unfollowed,
        Self::Lost,
        Self::Orphan,
    ];

    /// An agent runs.
    pub(super) fn agent(self) -> bool {
        matches!(self, Self::Alive | Self::Orphan)
    }

    /// Any process is there.
    pub(super) fn process(self) -> bool {
        self.agent() || matches!(self, Self::Forked | Self::Locked | Self::Checked | Self::Exited)
    }

    /// An agent was started: its mark is there.
    pub(super) fn started(self) -> bool {
        self >= Self::Alive
    }
}

/// The dispatcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispatcher {
    /// Not there, or not able yet to tell what is.
    Away,
    Sees,
}

/// What the agent said and nobody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    Nothing,
    Ready,
    Answer,
    /// An error; of which kind is seen when it is read.
    Trouble,
}

/// Whether the message in flight has come to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    No,
    Yes,
    /// The dispatcher believes so.
    Believed,
}

/// Everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct World {
    /// The rows.
    pub(super) code: u32,
    pub(super) dispatcher: Dispatcher,
    /// This dispatcher has started the shim of the current attempt, or found that there is one.
    pub(super) forked: bool,
    pub(super) attached: bool,
    /// What the current attempt's start left.
    pub(super) main: Proc,
    /// What a second start of it left.
    pub(super) extra: Proc,
    /// What an attempt left that is over as far as the rows say.
    pub(super) old: Proc,
    pub(super) unread: Unread,
    pub(super) given: Given,
    /// Starts since the last success or help, those aside that were no failure.
    pub(super) tries: u8,
}

impl World {
    /// In the beginning.
    pub(super) fn new(code: u32) -> Self {
        Self {
            code,
            dispatcher: Dispatcher::Sees,
            forked: false,
            attached: false,
            main: Proc::None,
            extra: Proc::None,
            old: Proc::None,
            unread: Unread::Nothing,
            given: Given::No,
            tries: 0,
        }
    }

    /// All of it in a number.
    pub(super) fn pack(&self) -> u64 {
        let mut bits = u64::from(self.code);
        for (value, width) in [
            (self.dispatcher as u64, 1),
            (u64::from(self.forked), 1),
            (u64::from(self.attached), 1),
            (self.main as u64, 4),
            (self.extra as u64, 4),
            (self.old as u64, 4),
            (self.unread as u64, 2),
            (self.given as u64, 2),
            (u64::from(self.tries), 3),
        ] {
            debug_assert!(value < 1 << width);
            bits = bits << width | value;
        }
        bits
    }

    /// What a number stands for.
    pub(super) fn unpack(mut bits: u64) -> Self {
        let mut take = |width: u32| {
            let value = bits & ((1 << width) - 1);
            bits >>= width;
            usize::try_from(value).expect("a few bits")
        };
        let tries = u8::try_from(take(3)).expect("three bits");
        let given = [Given::No, Given::Yes, Given::Believed][take(2)];
        let unread = [Unread::Nothing, Unread::Ready, Unread::Answer, Unread::Trouble][take(2)];
        let (old, extra, main) = (Proc::ALL[take(4)], Proc::ALL[take(4)], Proc::ALL[take(4)]);
        let (attached, forked) = (take(1) == 1, take(1) == 1);
        let dispatcher = [Dispatcher::Away, Dispatcher::Sees][take(1)];
        let code = u32::try_from(bits).expect("the rest");
        Self { code, dispatcher, forked, attached, main, extra, old, unread, given, tries }
    }

    /// All starts.
    pub(super) fn procs(&self) -> [Proc; 3] {
        [self.main, self.extra, self.old]
    }

    /// As people read it.
    pub(super) fn show(&self, rules: &mut Rules) -> String {
        let view = rules.view(self.code);
        let rows = super::code::decode(self.code);
        let messages: Vec<String> =
            rows.inbox.iter().skip(1).map(|row| format!("{:?}/{}", row.state, row.kills)).collect();
        let turn = match (view.turn, view.interrupted) {
            (true, true) => " at an interrupted turn",
            (true, false) => " at a turn",
            (false, _) => "",
        };
        let attempt = match (view.live, view.stop) {
            (true, true) => ", attempt to end",
            (true, false) => ", attempt live",
            (false, _) => "",
        };
        format!(
            "{}{turn}, {} failures, [{}]{attempt}{} | {self}",
            rows.chat.state.name(),
            rows.chat.failures,
            messages.join(", "),
            if view.pausing { ", pausing" } else { "" },
        )
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dispatcher {:?}, {:?}", self.dispatcher, self.main)?;
        for (name, proc) in [("second", self.extra), ("old", self.old)] {
            if proc != Proc::None {
                write!(f, ", {name} {proc:?}")?;
            }
        }
        if self.unread != Unread::Nothing {
            write!(f, ", unread {:?}", self.unread)?;
        }
        write!(f, ", given {:?}, {} tries", self.given, self.tries)?;
        f.write_str(if self.attached { ", attached" } else { "" })
    }
}
