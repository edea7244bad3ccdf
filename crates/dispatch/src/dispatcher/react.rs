//! What each event means for the attempts in hand. No look at the store here: that follows once for a whole
//! batch of events.

use wg_core::attempt::{Attempt, AttemptState, Outcome};
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;

use super::event::{Event, HostEffect, Level};
use super::slot::{Over, Phase, Slot, Up, Words};
use super::state::Leaving;
use super::verdict::verdict;
use super::{Dispatcher, policy};
use crate::config::DispatchConfig;
use crate::files::{ExitRecord, Run};
use crate::recover::{Finding, Findings, Step, decide};

/// How often what can't be told is looked at again because its lock is free: a lock that is released may say
/// nothing, and must not make the dispatcher go round in circles.
const LOOKS: u32 = 8;

impl Dispatcher {
    pub(super) fn note(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::StoreChanged => {
                self.causes.store_changed = true;
                self.causes.programs = true;
            }
            Event::Poked => self.causes.any(),
            Event::TimerDue => {
                self.causes.any();
                self.timer = None;
            }
            Event::ClockJumped => {
                self.causes.any();
                self.timer = None;
                self.try_unknown_again();
            }
            Event::Spawned { attempt, shim, at } => self.spawned(attempt, Up { untold: Some(shim), at }),
            Event::SpawnFailed { attempt, why } => self.spawn_failed(attempt, &why),
            Event::ExitSeen { attempt, exit } => {
                if let Some(exit) = self.own(attempt, Some(exit)).filter(|exit| exit.tree_gone) {
                    self.over(attempt, Some(exit), now);
                }
            }
            Event::ShimGone { attempt, exit } => {
                let exit = self.own(attempt, exit);
                self.shim_gone(attempt, exit, now);
            }
            Event::EndCarriedOut { attempt, result } => self.end_carried_out(attempt, result, now),
            Event::Examined(finding) => self.examined(&finding, now),
            Event::Recovered(findings) => {
                let Findings { attempts, strays } = *findings;
                for finding in attempts {
                    self.recovered(finding, now);
                }
                for stray in strays {
                    let attempt = stray.attempt.reference;
                    let why = "it is over, but has processes: they are ended";
                    self.log(Level::Warn, format!("{attempt}: {why}"));
                    self.stray(attempt, Some(why.into()));
                    self.out.push(HostEffect::End(Box::new(stray.attempt)));
                }
                self.recovered = true;
                self.causes.any();
            }
            Event::ConfigChanged(config) => self.configure(*config),
            Event::Programs(found) => self.programs(found),
            Event::Attached(attached) => {
                self.chats.attachments(attached, now);
                self.causes.other = true;
            }
            Event::ChatPinged(chat) => {
                self.chats.ping(chat, now);
                self.causes.other = true;
            }
            Event::Heard { attempt, fence, said, parsed } => {
                if self.slots.get(&attempt).is_some_and(Slot::is_handler) {
                    self.heard(attempt, fence, said, parsed);
                } else {
                    self.heard_of_work(attempt, fence, said, parsed);
                }
            }
            Event::TalkOver(attempt) => self.talk_over(attempt),
            Event::ChatPrograms(found) => self.chat_programs(found),
            Event::Stop { kill_agents, by, keep_chats } => {
                self.leaving = Some(Leaving { kill_agents, by, keep_chats, said: false });
                self.causes.any();
                self.try_unknown_again();
            }
        }
    }

    /// An exit record that is of this very run. After a backup was restored, attempts may be numbered as others
    /// were whose files are still there: what those say of their end says nothing of this one's.
    fn own(&self, attempt: AttemptRef, exit: Option<Box<ExitRecord>>) -> Option<Box<ExitRecord>> {
        let slot = self.slots.get(&attempt)?;
        exit.filter(|exit| exit.run == Run::from(&slot.attempt))
    }

    /// Puts a slot into another phase, if it is there and in a phase that this can happen in.
    fn if_phase(
        &mut self,
        attempt: AttemptRef,
        fits: impl Fn(&Phase) -> bool,
        next: impl FnOnce(&mut Slot) -> Option<Phase>,
    ) {
        if let Some(slot) = self.slots.get_mut(&attempt).filter(|slot| fits(&slot.phase))
            && let Some(phase) = next(slot)
        {
            slot.phase = phase;
        }
    }

    fn spawned(&mut self, attempt: AttemptRef, up: Up) {
        let Some(slot) = self.slots.get_mut(&attempt) else { return };
        if !matches!(slot.phase, Phase::Spawning) {
            return;
        }
        slot.phase = Phase::Up(up);
        // It is listened to from now on.
        self.causes.other |= slot.words == Words::Open;
        if slot.stop {
            self.end(attempt);
        }
    }

    /// No process came of this launch, but one of an earlier dispatcher may be there.
    fn spawn_failed(&mut self, attempt: AttemptRef, why: &str) {
        let reason = format!("its shim could not be started: {why}");
        self.log(Level::Warn, format!("{attempt}: {reason}"));
        if let Some(slot) = self.slots.get_mut(&attempt)
            && matches!(slot.phase, Phase::Spawning)
        {
            slot.phase = Phase::Examining;
            slot.unstarted = Some(reason);
            self.out.push(HostEffect::Examine(Box::new(slot.attempt.clone())));
        }
    }

    /// Has an attempt's end carried out.
    fn end(&mut self, attempt: AttemptRef) {
        if let Some(slot) = self.slots.get_mut(&attempt) {
            slot.phase = Phase::Ending(None);
            self.out.push(HostEffect::End(Box::new(slot.attempt.clone())));
        }
    }

    fn shim_gone(&mut self, attempt: AttemptRef, exit: Option<Box<ExitRecord>>, now: Timestamp) {
        if let Some(exit) = exit.clone().filter(|exit| exit.tree_gone) {
            self.over(attempt, Some(exit), now);
        } else if let Some(slot) = self.slots.get_mut(&attempt) {
            match (&slot.phase, exit) {
                (Phase::Up(_) | Phase::Spawning, None) => {
                    slot.phase = Phase::Examining;
                    self.out.push(HostEffect::Examine(Box::new(slot.attempt.clone())));
                }
                (Phase::Up(_) | Phase::Spawning, Some(_)) | (Phase::Unknown { held: None, .. }, _) => {
                    self.end(attempt);
                }
                (
                    Phase::Clearing(_)
                    | Phase::Examining
                    | Phase::Ending(_)
                    | Phase::Over(_)
                    | Phase::Unknown { held: Some(_), .. },
                    _,
                ) => {}
            }
        }
        self.clear_again(|held| held.reference == attempt);
    }

    /// An attempt is over and its tree is gone; without a record it is lost.
    fn over(&mut self, attempt: AttemptRef, exit: Option<Box<ExitRecord>>, now: Timestamp) {
        let fits = |phase: &Phase| {
            matches!(
                phase,
                Phase::Up(_)
                    | Phase::Spawning
                    | Phase::Examining
                    | Phase::Ending(_)
                    | Phase::Unknown { held: None, .. }
            )
        };
        let Some(slot) = self.slots.get_mut(&attempt).filter(|slot| fits(&slot.phase)) else { return };
        let over = match (exit, &mut slot.phase) {
            (Some(exit), _) => {
                let adapter = self.registry.get(&slot.attempt.adapter);
                Over { seen: verdict(adapter, slot.attempt.kind, &exit), at: exit.ended_at }
            }
            (None, Phase::Ending(Some(why))) => {
                Over { seen: Outcome::Cancelled { reason: std::mem::take(why) }, at: now }
            }
            (None, _) => {
                let gone = || "its shim is gone and left no exit record".to_owned();
                let reason = slot.unstarted.take().unwrap_or_else(gone);
                Over { seen: Outcome::Lost { reason }, at: now }
            }
        };
        slot.phase = Phase::Over(over);
        // What it said last is asked for.
        self.causes.other |= slot.words == Words::Open;
    }

    fn end_carried_out(
        &mut self,
        attempt: AttemptRef,
        result: Result<Option<Box<ExitRecord>>, String>,
        now: Timestamp,
    ) {
        match result {
            Ok(exit) => {
                self.over(attempt, exit, now);
                self.stray(attempt, None);
                self.cleared(attempt);
            }
            Err(why) => self.unknown(attempt, &why),
        }
    }

    /// A predecessor is gone: what waited for it starts.
    fn cleared(&mut self, before: AttemptRef) {
        for slot in self.slots.values_mut() {
            if slot.held().is_none_or(|held| held.before.reference != before) {
                continue;
            }
            let phase = std::mem::replace(&mut slot.phase, Phase::Spawning);
            if let Phase::Clearing(held) | Phase::Unknown { held: Some(held), .. } = phase {
                self.out.push(HostEffect::Spawn(Box::new(held.launch)));
            }
        }
    }

    fn unknown(&mut self, attempt: AttemptRef, why: &str) {
        self.log(Level::Warn, format!("{attempt}: it can't be told whether it lives: {why}"));
        let (mut known, mut watch) = (false, false);
        for (reference, slot) in &mut self.slots {
            let waits = slot.held().is_some_and(|held| held.before.reference == attempt);
            match &slot.phase {
                Phase::Ending(_) | Phase::Examining if *reference == attempt => {
                    slot.phase = Phase::Unknown { why: why.to_owned(), held: None };
                }
                Phase::Clearing(_) if waits => {
                    let why = format!("{attempt}, which came before it, can't be told gone: {why}");
                    // The phase in between is never seen: both happen here.
                    if let Phase::Clearing(held) = std::mem::replace(&mut slot.phase, Phase::Ending(None)) {
                        slot.phase = Phase::Unknown { why, held: Some(held) };
                    }
                }
                _ => continue,
            }
            slot.untold += 1;
            watch |= slot.untold < LOOKS;
            known = true;
        }
        // Of others that are in no slot somebody else has seen the end meanwhile.
        if !known && self.shown.strays.iter().any(|stray| stray.attempt == attempt) {
            self.stray(attempt, Some(why.to_owned()));
        }
        if watch {
            self.out.push(HostEffect::Watch { attempt, shim: None });
        }
    }

    fn try_unknown_again(&mut self) {
        self.slots.values_mut().for_each(|slot| slot.untold = 0);
        let again: Vec<AttemptRef> = self
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot.phase, Phase::Unknown { held: None, .. }))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in again {
            if let Some(slot) = self.slots.get_mut(&attempt) {
                slot.phase = Phase::Examining;
                self.out.push(HostEffect::Examine(Box::new(slot.attempt.clone())));
            }
        }
        self.clear_again(|_| true);
    }

    /// Has predecessors that could not be told gone looked at once more.
    fn clear_again(&mut self, which: impl Fn(&Attempt) -> bool) {
        for slot in self.slots.values_mut() {
            if let Phase::Unknown { held: held @ Some(_), .. } = &mut slot.phase
                && held.as_ref().is_some_and(|held| which(&held.before))
                && let Some(held) = held.take()
            {
                self.out.push(HostEffect::End(Box::new(held.before.clone())));
                slot.phase = Phase::Clearing(held);
            }
        }
    }

    /// Somebody wants an attempt's end, and it is noted in the store.
    pub(super) fn end_wanted(&mut self, attempt: Attempt) {
        let reference = attempt.reference;
        let understood = self.is_understood(&attempt);
        let slot = self.slots.entry(reference).or_insert_with(|| {
            let phase = Phase::Unknown { why: String::new(), held: None };
            Slot::new(attempt.clone(), phase, understood)
        });
        slot.stop = true;
        slot.attempt = attempt;
        match slot.phase {
            Phase::Clearing(_) | Phase::Unknown { held: Some(_), .. } => {
                // Gone for sure all the same: a shim of an earlier dispatcher may be about to look.
                self.out.push(HostEffect::End(Box::new(slot.attempt.clone())));
                slot.phase = Phase::Ending(Some("it was never started".into()));
            }
            Phase::Up(_) | Phase::Unknown { held: None, .. } => self.end(reference),
            // What is under way is waited for: it ends then.
            Phase::Spawning | Phase::Examining | Phase::Ending(_) | Phase::Over(_) => {}
        }
    }

    fn examined(&mut self, finding: &Finding, now: Timestamp) {
        let reference = finding.attempt.reference;
        let Some(slot) = self.slots.get(&reference) else { return };
        if !matches!(slot.phase, Phase::Examining) {
            return;
        }
        let stop = slot.stop;
        match decide(finding) {
            Step::Adopt(_) if stop => self.end(reference),
            // A shim was asked for and left without starting anything: asking again could go on for ever.
            Step::Launch => self.end(reference),
            step => self.follow(&finding.attempt, step, now),
        }
    }

    fn recovered(&mut self, finding: Finding, now: Timestamp) {
        let step = decide(&finding);
        if step == Step::Launch || self.slots.contains_key(&finding.attempt.reference) {
            // Its launch is an open effect: the next look finds it.
            return;
        }
        let attempt = finding.attempt;
        let understood = self.is_understood(&attempt);
        self.slots.insert(attempt.reference, Slot::new(attempt.clone(), Phase::Examining, understood));
        self.follow(&attempt, step, now);
    }

    fn follow(&mut self, attempt: &Attempt, step: Step, now: Timestamp) {
        let reference = attempt.reference;
        match step {
            Step::Adopt(shim) => {
                let told = attempt.state != AttemptState::Starting;
                let untold = (!told).then(|| shim.clone());
                let adopt = |slot: &mut Slot| {
                    slot.unstarted = None;
                    slot.adopted = Some(now);
                    Some(Phase::Up(Up { untold, at: now }))
                };
                self.if_phase(reference, |_| true, adopt);
                // It is listened to from now on.
                self.causes.other |= self.slots.get(&reference).is_some_and(|slot| slot.words == Words::Open);
                self.out.push(HostEffect::Watch { attempt: reference, shim: Some(shim) });
                self.log(Level::Info, format!("{reference} ({}) goes on: adopted", attempt.task));
            }
            Step::Record(exit) => self.over(reference, Some(exit), now),
            Step::End { why } => {
                self.log(Level::Info, format!("{reference} ({}) is ended: {why}", attempt.task));
                self.end(reference);
            }
            Step::Unknown { why } => self.unknown(reference, &why),
            Step::Launch => {}
        }
    }

    fn configure(&mut self, config: DispatchConfig) {
        self.registry = wg_agents::Registry::new(config.adapters.clone());
        self.policy = policy(&config, &self.registry);
        self.config = config;
        self.causes.any();
        self.try_unknown_again();
    }

    fn programs(&mut self, found: Vec<(String, wg_agents::ProgramFacts)>) {
        for (name, facts) in found {
            if let Some(adapter) = self.registry.get(&name) {
                let configuration = self.config.sandbox.marked(adapter.configuration(&facts));
                self.configurations.insert(name, configuration);
            }
        }
        self.causes.asked = false;
        self.causes.other = true;
    }
}
