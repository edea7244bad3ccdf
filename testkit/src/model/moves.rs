//! Everything that can happen next: what the dispatcher and the shims do, in steps that anything can come
//! between, what agents and people do, and what goes wrong.

use super::invariants::Invariant;
use super::judge::Counts;
use super::mutation::ModelMutation as Bug;
use super::rules::{End, Rule, Rules, Saying, View};
use super::shims;
use super::world::{Dispatcher, Given, Proc, Unread, World};

/// What happened, for the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It is committed, or time passed.
    Rule(Rule),
    Detach,
    /// Nothing did yet.
    Nothing,
    DispatcherDies,
    /// The dispatcher starts a shim.
    Fork,
    /// It gives the agent the message in flight.
    Give,
    /// Who wants the handler's end carries it out.
    KillTree,
    /// What an agent left whose shim is gone is ended.
    Sweep,
    ShimLocks,
    ShimFindsLock,
    ShimMayStart,
    ShimMayNotStart,
    ShimStartsAgent,
    ShimRecords,
    ShimLeavesUnfollowed,
    ShimDies,
    AgentSays(Saying),
    AgentSaysTrouble,
    AgentDies,
}

/// Who makes a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The program: it is certain to come, if nothing else comes first.
    Program,
    /// An agent: it may come.
    Agent,
    /// People, faults and the provider: not while things come to rest.
    Others,
}

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) action: Action,
    pub(super) by: By,
    pub(super) to: World,
    pub(super) broken: Option<Invariant>,
}

/// Collects moves from one world.
pub(super) struct Moves<'a> {
    pub(super) from: World,
    pub(super) view: View,
    pub(super) rules: &'a mut Rules,
    pub(super) found: &'a mut Vec<Move>,
}

/// All moves from a world.
pub(super) fn moves(from: World, rules: &mut Rules, found: &mut Vec<Move>) {
    let view = rules.view(from.code);
    let mut moves = Moves { from, view, rules, found };
    match from.dispatcher {
        Dispatcher::Away => moves.away(),
        Dispatcher::Sees => {
            moves.processes();
            moves.decisions();
            moves.service();
            moves.step(By::Others, Action::DispatcherDies, |world| {
                world.dispatcher = Dispatcher::Away;
                world.forked = false;
            });
        }
    }
    moves.time();
    moves.people();
    shims::moves(&mut moves);
}

impl Moves<'_> {
    pub(super) fn is(&self, bug: Bug) -> bool {
        self.rules.is(bug)
    }

    /// A move around the rows.
    pub(super) fn step(&mut self, by: By, action: Action, change: impl FnOnce(&mut World)) {
        self.add(by, action, None, change);
    }

    pub(super) fn add(
        &mut self,
        by: By,
        action: Action,
        broken: Option<Invariant>,
        change: impl FnOnce(&mut World),
    ) {
        let mut to = self.from;
        change(&mut to);
        // Which of two starts of one attempt is called which makes no difference.
        if !to.main.started() && to.extra > to.main {
            std::mem::swap(&mut to.main, &mut to.extra);
        }
        self.found.push(Move { action, by, to, broken });
    }

    /// A commit, and what it changes around the rows.
    fn commit(&mut self, by: By, rule: Rule, change: impl FnOnce(&mut World)) {
        self.commit_unless(by, rule, None, change);
    }

    /// A commit that may be wrong to make just now.
    fn commit_unless(
        &mut self,
        by: By,
        rule: Rule,
        wrong: Option<Invariant>,
        change: impl FnOnce(&mut World),
    ) {
        let ruled = self.rules.apply(self.from.code, rule);
        let Some(code) = ruled.code else { return };
        let mut tries = self.from.tries;
        match ruled.counts {
            Counts::Clear => tries = 0,
            Counts::Free if ruled.gone => tries = tries.saturating_sub(1),
            // The start of a handler that has answered since counts again from here.
            Counts::Failure => tries = tries.max(1),
            _ => {}
        }
        let view = self.rules.view(code);
        let mut broken = ruled.broken.or(wrong);
        if ruled.started {
            tries = (tries + 1).min(6);
            if tries > 5 {
                broken = broken.or(Some(Invariant::FiveTries));
            }
        }
        self.add(by, Action::Rule(rule), broken, |world| {
            (world.code, world.tries) = (code, tries);
            if ruled.started {
                over(world);
            }
            change(world);
            // What nothing depends on any more is as it was in the beginning.
            if !view.turn {
                world.given = Given::No;
            }
            if !view.handler {
                world.unread = Unread::Nothing;
            }
            world.forked &= view.live && !view.stop;
        });
    }

    /// A dispatcher comes back. Until it can tell what is there it does nothing, which is as if it were away.
    fn away(&mut self) {
        let world = self.from;
        let there = [world.main, world.extra].into_iter().any(|proc| proc > Proc::Forked);
        let believes = self.is(Bug::GivenByNobody) && self.view.turn && world.given == Given::No;
        self.commit(By::Program, Rule::Boot, |world| {
            world.dispatcher = Dispatcher::Sees;
            world.forked = there;
            if believes {
                world.given = Given::Believed;
            }
        });
        if self.is(Bug::UnknownTakenForDead) && self.view.live && world.main.process() {
            self.commit(By::Program, Rule::End(End::Lost), over);
        }
        if self.is(Bug::LossAtRestartIsFree) && self.view.live && shims::are_gone(self) && there {
            self.end(End::Unfollowed);
        }
        self.kill(By::Others);
    }

    /// Starting, ending, and telling of ends.
    fn processes(&mut self) {
        let (world, view) = (self.from, self.view);
        if view.live && !view.stop && !world.forked {
            // A launch that is tried again adopts what it finds.
            self.step(By::Program, Action::Fork, |world| {
                world.forked = true;
                match (world.main, world.extra) {
                    (Proc::None, _) => world.main = Proc::Forked,
                    (Proc::Forked, Proc::None) if world.old == Proc::None => world.extra = Proc::Forked,
                    _ => {}
                }
            });
        }
        if !self.is(Bug::KillOverlooked) {
            self.kill(By::Program);
        }
        if world.main == Proc::Orphan && !self.is(Bug::OrphanOverlooked) {
            self.step(By::Program, Action::Sweep, |world| world.main = Proc::Lost);
        }
        if !view.live || !shims::are_gone(self) {
            return;
        }
        match world.main {
            Proc::Recorded if view.stop => self.end(End::Badly),
            Proc::Recorded => {
                for end in [End::Clean, End::Badly, End::NoProgram] {
                    self.end(end);
                }
                // A provider is no part of coming to rest.
                let first = self.found.len();
                self.end(End::Provider);
                self.found[first..].iter_mut().for_each(|made| made.by = By::Others);
            }
            Proc::Unfollowed => self.end(End::Unfollowed),
            Proc::Lost => self.end(End::Lost),
            main if view.stop || world.forked && main == Proc::None => self.end(End::Lost),
            _ => {}
        }
    }

    /// Tells an end, once all that was said is read.
    fn end(&mut self, end: End) {
        let world = self.from;
        if world.unread != Unread::Nothing && !self.is(Bug::EndBeforeSaid) {
            return;
        }
        let told = match world.main {
            Proc::Unfollowed => end == End::Unfollowed,
            _ => end != End::Unfollowed,
        };
        let wrong = if world.unread != Unread::Nothing {
            Some(Invariant::SaidInTimeCounts)
        } else {
            (!told).then_some(Invariant::EndsAreTold)
        };
        self.commit_unless(By::Program, Rule::End(end), wrong, over);
    }

    /// The end that was asked for is brought about, by whoever asked or by the dispatcher.
    fn kill(&mut self, by: By) {
        let killable = |proc: Proc| proc.process() && proc != Proc::Forked;
        let there = killable(self.from.main) || killable(self.from.extra);
        if self.view.live && self.view.kill && there {
            self.step(by, Action::KillTree, |world| {
                for proc in [&mut world.main, &mut world.extra] {
                    *proc = match *proc {
                        Proc::Locked | Proc::Checked => Proc::None,
                        Proc::Alive | Proc::Exited => Proc::Recorded,
                        Proc::Orphan => Proc::Lost,
                        other => other,
                    };
                }
            });
        }
    }

    /// What the dispatcher hears and what time it is for the handler.
    fn service(&mut self) {
        let (world, view) = (self.from, self.view);
        let heard = |world: &mut World| world.unread = Unread::Nothing;
        match world.unread {
            Unread::Nothing => {}
            Unread::Ready => self.commit(By::Program, Rule::Hear(Saying::Ready), heard),
            Unread::Answer => self.commit(By::Program, Rule::Hear(Saying::Answer), heard),
            Unread::Trouble => {
                for saying in [Saying::Wrong, Saying::Interrupted, Saying::Unfit] {
                    self.commit(By::Program, Rule::Hear(saying), heard);
                }
                for saying in [Saying::RateLimited, Saying::Outage] {
                    self.commit(By::Others, Rule::Hear(saying), heard);
                }
            }
        }
        let late = self.is(Bug::TimeBeforeSaid).then_some(Invariant::SaidInTimeCounts);
        let read = world.unread == Unread::Nothing;
        let late = late.filter(|_| matches!(world.unread, Unread::Ready | Unread::Answer));
        if view.state == "starting" && world.forked && (read || late.is_some()) {
            self.commit_unless(By::Program, Rule::NotReady, late, |_| {});
        }
        if view.turn && view.interrupted && read {
            self.commit(By::Program, Rule::InterruptIgnored, |_| {});
        }
        let given = world.given != Given::No && world.main == Proc::Alive;
        if view.turn && !view.interrupted && given && (read || late.is_some()) {
            let nobody = (world.given == Given::Believed).then_some(Invariant::FreeIsFree);
            self.commit_unless(By::Program, Rule::TurnTimedOut, late.or(nobody), |_| {});
        }
        if view.turn && world.given == Given::No && world.main == Proc::Alive {
            self.step(By::Program, Action::Give, |world| world.given = Given::Yes);
        }
    }

    /// What the dispatcher decides by demand.
    fn decisions(&mut self) {
        let (world, view) = (self.from, self.view);
        let wanted = view.wanted(world.attached);
        let undemanded = (!wanted).then_some(Invariant::DemandDecides);
        let waits = matches!(view.state, "dormant" | "queued" | "backoff");
        let wants = wanted && !(self.is(Bug::DrainedForgotten) && view.state == "dormant")
            || self.is(Bug::StartIsDemand);
        if waits && wants && (!view.pausing || self.is(Bug::PauseIgnored)) {
            self.commit_unless(By::Program, Rule::Start, undemanded, |_| {});
            self.commit(By::Others, Rule::StartTooOften, |_| {});
            self.commit(By::Others, Rule::NoSlot, |_| {});
        }
        let keeps = self.is(Bug::BackoffWithoutDemand) && view.state == "backoff";
        if !wanted && matches!(view.state, "queued" | "backoff" | "live") && !keeps {
            self.commit(By::Program, Rule::Unwant, |_| {});
        }
        if view.state == "lingering" {
            let ignores = self.is(Bug::LingeringIgnoresDemand);
            if wanted && !ignores {
                self.commit(By::Program, Rule::Want, |_| {});
            }
            if (!wanted || ignores) && !self.is(Bug::LingersForEver) {
                let wrong = wanted.then_some(Invariant::DemandDecides);
                self.commit_unless(By::Program, Rule::DrainIdle, wrong, |_| {});
            }
            self.commit(By::Others, Rule::DrainRoom, |_| {});
        }
        if view.serves {
            self.commit(By::Others, Rule::DrainService, |_| {});
        }
        if view.state == "live" && view.next {
            self.commit(By::Program, Rule::Deliver, |world| world.given = Given::No);
        }
        if view.state == "gave-up" {
            self.commit(By::Program, Rule::Configured, |_| {});
            if self.is(Bug::GaveUpHasTimer) {
                self.commit(By::Program, Rule::PauseOver, |_| {});
            }
        }
    }

    /// Pauses end; where somebody waits for that, there is a timer.
    fn time(&mut self) {
        let (world, view) = (self.from, self.view);
        let watched = world.dispatcher == Dispatcher::Sees && view.wanted(world.attached);
        if view.pausing {
            let waits = matches!(view.state, "dormant" | "queued" | "backoff");
            let rings = watched && waits && !self.is(Bug::BackoffHasNoTimer);
            self.commit(if rings { By::Program } else { By::Others }, Rule::PauseOver, |_| {});
        }
        if view.adapter_away {
            let rings = watched && view.state == "queued";
            self.commit(if rings { By::Program } else { By::Others }, Rule::AdapterBack, |_| {});
        }
    }

    fn people(&mut self) {
        let (world, view) = (self.from, self.view);
        if world.attached {
            self.step(By::Others, Action::Detach, |world| world.attached = false);
        } else {
            self.commit(By::Others, Rule::Attach, |world| world.attached = true);
        }
        let asked = [
            (Rule::Send, view.room),
            (Rule::Resend, view.aside),
            (Rule::Interrupt, view.turn),
            (Rule::Hold, true),
            (Rule::Resume, true),
            (Rule::Archive, true),
            (Rule::Purge, true),
            (Rule::Restore, true),
            (Rule::Kill, view.live),
            (Rule::Configure, view.configured),
        ];
        for (rule, makes_sense) in asked {
            if makes_sense {
                self.commit(By::Others, rule, |_| {});
            }
        }
    }
}

/// The current attempt is over as far as the rows say: what is left of it is an old one's.
fn over(world: &mut World) {
    for proc in [world.main, world.extra] {
        if proc.process() && (world.old == Proc::None || proc.agent()) {
            world.old = proc;
        }
    }
    (world.main, world.extra) = (Proc::None, Proc::None);
    (world.unread, world.given, world.forked) = (Unread::Nothing, Given::No, false);
}
