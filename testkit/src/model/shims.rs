//! What shims and agents do: claim, lock, check, exec, record, each a step of its own.

use super::invariants::Invariant;
use super::moves::{Action, By, Moves};
use super::mutation::ModelMutation as Bug;
use super::rules::Saying;
use super::world::{Dispatcher, Given, Proc, Unread, World};

/// The start that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Main,
    Extra,
    Old,
}

impl Slot {
    fn of(self, world: &mut World) -> &mut Proc {
        match self {
            Self::Main => &mut world.main,
            Self::Extra => &mut world.extra,
            Self::Old => &mut world.old,
        }
    }

    /// Another start of the same attempt.
    fn other(self, world: &World) -> Proc {
        match self {
            Self::Main => world.extra,
            Self::Extra => world.main,
            Self::Old => Proc::None,
        }
    }
}

pub(super) fn moves(moves: &mut Moves<'_>) {
    for slot in [Slot::Main, Slot::Extra, Slot::Old] {
        let proc = *slot.of(&mut moves.from.clone());
        if proc != Proc::None {
            shim(moves, slot, proc);
            faults(moves, slot, proc);
        }
    }
    if moves.from.main == Proc::Alive && moves.view.live {
        agent(moves);
    }
}

/// Whether a process in this place holds its attempt's lock.
fn locks(moves: &Moves<'_>, proc: Proc) -> bool {
    match proc {
        Proc::Locked => !moves.is(Bug::CheckBeforeLock) && !moves.is(Bug::LockSkipped),
        Proc::Checked | Proc::Alive | Proc::Exited => !moves.is(Bug::LockSkipped),
        _ => false,
    }
}

/// Whether nothing of the current attempt is there: proved by holding its lock and finding no agent.
pub(super) fn are_gone(moves: &Moves<'_>) -> bool {
    [moves.from.main, moves.from.extra].into_iter().all(|proc| !locks(moves, proc) && !proc.agent())
}

fn shim(moves: &mut Moves<'_>, slot: Slot, proc: Proc) {
    let world = moves.from;
    let other = slot.other(&world);
    let go = |moves: &mut Moves<'_>, action, to: Proc, broken| {
        moves.add(By::Program, action, broken, |world| *slot.of(world) = to);
    };
    let free = !locks(moves, other);
    let started = other.started() && !moves.is(Bug::MarkIgnored);
    let answers = moves.view.turn && world.given == Given::Yes;
    match proc {
        Proc::Forked if moves.is(Bug::CheckBeforeLock) => check(moves, slot, Proc::Locked),
        Proc::Forked if free => go(moves, Action::ShimLocks, Proc::Locked, None),
        Proc::Forked => go(moves, Action::ShimFindsLock, Proc::None, None),
        Proc::Locked if moves.is(Bug::CheckBeforeLock) => {
            let to = if free { Proc::Checked } else { Proc::None };
            go(moves, Action::ShimLocks, to, None);
        }
        Proc::Locked => check(moves, slot, Proc::Checked),
        Proc::Checked if started => go(moves, Action::ShimMayNotStart, Proc::None, None),
        Proc::Checked => go(moves, Action::ShimStartsAgent, Proc::Alive, None),
        Proc::Exited => {
            let to = if slot == Slot::Old { Proc::None } else { Proc::Recorded };
            go(moves, Action::ShimRecords, to, None);
        }
        // Nobody follows: it leaves, unless it is at a turn.
        Proc::Alive if slot == Slot::Main && world.dispatcher == Dispatcher::Away && !answers => {
            moves.step(By::Others, Action::ShimLeavesUnfollowed, |world| world.main = Proc::Unfollowed);
        }
        _ => {}
    }
}

/// It reads whether it may start its agent.
fn check(moves: &mut Moves<'_>, slot: Slot, to: Proc) {
    let own = slot != Slot::Old && moves.view.live;
    let barred = (!own || moves.view.barred) && !moves.is(Bug::CheckSkipped);
    let started = slot.other(&moves.from).started() && !moves.is(Bug::MarkIgnored);
    if barred || started {
        moves.step(By::Program, Action::ShimMayNotStart, |world| *slot.of(world) = Proc::None);
        return;
    }
    let right = own && moves.view.state == "starting" && !moves.view.stop;
    let broken = (!right).then_some(Invariant::NothingBarredRuns);
    moves.add(By::Program, Action::ShimMayStart, broken, |world| *slot.of(world) = to);
}

fn faults(moves: &mut Moves<'_>, slot: Slot, proc: Proc) {
    let to = match proc {
        Proc::Forked | Proc::Locked | Proc::Checked => Proc::None,
        Proc::Alive => Proc::Orphan,
        Proc::Exited if slot == Slot::Old => Proc::None,
        Proc::Exited => Proc::Lost,
        _ => return,
    };
    moves.step(By::Others, Action::ShimDies, |world| *slot.of(world) = to);
}

/// What the agent of the current attempt may do.
fn agent(moves: &mut Moves<'_>) {
    let (world, view) = (moves.from, moves.view);
    moves.step(By::Agent, Action::AgentDies, |world| world.main = Proc::Exited);
    if world.unread != Unread::Nothing {
        return;
    }
    let starting = view.state == "starting";
    let answers = view.handler && view.turn && world.given == Given::Yes;
    if starting {
        moves.step(By::Agent, Action::AgentSays(Saying::Ready), |world| world.unread = Unread::Ready);
    }
    if answers {
        moves.step(By::Agent, Action::AgentSays(Saying::Answer), |world| world.unread = Unread::Answer);
    }
    if starting || answers {
        moves.step(By::Agent, Action::AgentSaysTrouble, |world| world.unread = Unread::Trouble);
    }
}
