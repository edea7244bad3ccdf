//! What a dispatcher remembers beside its slots, and what it shows of itself.

use wg_core::control::Control;
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;

use super::Dispatcher;
use super::event::HostEffect;
use super::requests::TELL_AFTER;
use super::slot::{Phase, Slot};
use crate::control::message::{Running, Status, Unknown};

/// Why to look at the store.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// Somebody may have committed something: worth a look if there is an operation not seen yet.
    pub(super) store_changed: bool,
    /// Something else happened.
    pub(super) other: bool,
    /// Paused adapters' programs are worth a look.
    pub(super) programs: bool,
    /// Something was found of chats' programs. No reason to look for others: two chats that gave up would have
    /// each other's looked for without end.
    pub(super) found: bool,
    /// What was found of them is on its way.
    pub(super) asked: bool,
}

impl Causes {
    pub(super) fn any(&mut self) {
        self.other = true;
        self.programs = true;
    }

    pub(super) fn clear(&mut self) {
        self.store_changed = false;
        self.other = false;
    }
}

/// That the dispatcher was asked to leave.
#[derive(Debug)]
pub(super) struct Leaving {
    /// With its agents.
    pub(super) kill_agents: bool,
    /// Who asked.
    pub(super) by: Option<String>,
    /// Another dispatcher takes the handlers of chats up.
    pub(super) keep_chats: bool,
    /// It was said that nothing holds it.
    pub(super) said: bool,
}

/// What is shown but decides nothing, as of the last look.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// What is stopped.
    pub(super) control: Control,
    /// When something that time alone holds back may start.
    pub(super) look_again: Option<Timestamp>,
    /// Attempts that are over with processes that can't be told gone.
    pub(super) strays: Vec<Unknown>,
}

impl Dispatcher {
    /// Whether there is any reason to look at the store.
    pub(super) fn has_cause(&self, now: Timestamp) -> bool {
        self.recovered && (self.causes.store_changed || self.causes.other || self.has_facts(now))
    }

    pub(super) fn set_timer(&mut self) {
        let tell = self.slots.values().filter_map(|slot| match &slot.phase {
            Phase::Up(up) if up.untold.is_some() => Some(up.at.plus(TELL_AFTER)),
            _ => None,
        });
        let timer = tell.chain(self.shown.look_again).chain(self.chats.due).min();
        if timer != self.timer {
            self.timer = timer;
            self.out.push(HostEffect::SetTimer(timer));
        }
    }

    pub(super) fn leave_if_done(&mut self) {
        let here = |slot: &&Slot| !matches!(slot.phase, Phase::Unknown { .. });
        let held = self.slots.values().any(|slot| here(&slot));
        let serving = self.slots.values().filter(here).any(Slot::is_handler);
        if let Some(leaving) = &mut self.leaving
            && !leaving.said
            && !(leaving.kill_agents && held)
            && (leaving.keep_chats || !serving)
        {
            leaving.said = true;
            self.out.push(HostEffect::Leave);
        }
    }

    /// How things stand; who it is is filled in by who runs it.
    #[must_use]
    pub fn status(&self) -> Status {
        let running = self.slots.values().map(|slot| Running {
            attempt: slot.attempt.reference,
            task: slot.attempt.task.clone(),
            adapter: slot.attempt.adapter.clone(),
            stage: slot.stage(),
            since: slot.attempt.created_at,
        });
        let unknown = self.slots.values().filter_map(|slot| match &slot.phase {
            Phase::Unknown { why, .. } => Some(Unknown { attempt: slot.attempt.reference, why: why.clone() }),
            _ => None,
        });
        Status {
            host: self.host.clone(),
            slots: self.config.max_agents,
            running: running.collect(),
            next_timer: self.timer,
            paused: self.shown.control.paused.clone(),
            adapters: self.shown.control.adapters.clone(),
            unknown: unknown.chain(self.shown.strays.iter().cloned()).collect(),
            attached: self.chats.attached.iter().map(|(chat, consumers)| (*chat, consumers.all)).collect(),
            unwritten: self.chats.unwritten.clone(),
            stopping: self.leaving.is_some(),
            ..Status::default()
        }
    }

    pub(super) fn stray(&mut self, attempt: AttemptRef, left: Option<String>) {
        self.shown.strays.retain(|stray| stray.attempt != attempt);
        if let Some(why) = left {
            self.shown.strays.push(Unknown { attempt, why });
        }
    }
}
