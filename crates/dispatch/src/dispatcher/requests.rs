//! What is to be committed: everything that a batch of events has brought, as one batch of commands.

use std::time::Duration;

use wg_core::command::{ChatCommand, Command, Ended, Start};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::schedule::Planned;
use wg_core::submit::Request;
use wg_core::time::Timestamp;

use super::Dispatcher;
use super::look::Look;
use super::slot::{Phase, Slot};
use crate::config::DispatchConfig;

/// An agent that is gone within this time is recorded with its end alone: one commit instead of two.
pub(super) const TELL_AFTER: Duration = Duration::from_millis(200);
/// Attempts that end between two looks at what may be removed of their files.
pub(super) const PRUNE_AFTER: u32 = 500;

/// A command, and what its receipt means here.
pub(super) struct Wanted {
    pub(super) request: Request,
    pub(super) about: About,
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// An attempt's end.
    End(AttemptRef),
    /// An attempt's agent runs.
    Run(AttemptRef),
    /// That this dispatcher has begun.
    Begin,
    /// What an agent said, up to here.
    Heard(AttemptRef, u64),
    /// That somebody consumed a chat.
    Consumed(ChatNumber),
    /// What an agent was told, or its prompt will tell: then it is launched.
    Told,
    /// Anything else that may let something start.
    Change,
}

impl Dispatcher {
    /// Whether there is something to be committed before looking.
    pub(super) fn has_facts(&self, now: Timestamp) -> bool {
        self.slots.values().any(|slot| match &slot.phase {
            Phase::Over(_) => slot.is_settled(),
            Phase::Up(up) => up.untold.is_some() && self.is_told(up.at, now),
            _ => false,
        }) || self.chats.has_facts()
            || self.work.has_facts()
    }

    fn is_told(&self, at: Timestamp, now: Timestamp) -> bool {
        self.leaving.is_some() || at.plus(TELL_AFTER) <= now
    }

    pub(super) fn requests(&mut self, look: Look, now: Timestamp) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if !self.begun {
            let command = Command::DispatcherStarted { host: self.host.clone() };
            wanted.push(self.wanted(command, About::Begin));
        }
        for slot in self.slots.values() {
            let reference = slot.attempt.reference;
            match &slot.phase {
                Phase::Up(up) if self.is_told(up.at, now) => {
                    if let Some(shim) = up.untold.clone() {
                        let fence = slot.attempt.fence;
                        let command = Command::AttemptStarted { attempt: reference, fence, shim, at: up.at };
                        wanted.push(self.wanted(command, About::Run(reference)));
                    }
                }
                _ => {}
            }
        }
        self.work_facts(&mut wanted);
        for command in look.chats {
            let about = match &command {
                ChatCommand::Heard(heard) => About::Heard(heard.handler, heard.parsed),
                ChatCommand::Consumed { chat, .. } => About::Consumed(*chat),
                _ => About::Change,
            };
            wanted.push(self.wanted(Command::Chat(command), about));
        }
        let over: Vec<Ended> = {
            let Self { slots, chance, config, configurations, .. } = self;
            slots
                .values()
                .filter_map(|slot| {
                    let configuration = configurations.get(&slot.attempt.adapter).copied().unwrap_or(0);
                    ended(slot, chance.jitter(), config, configuration)
                })
                .collect()
        };
        for ended in over {
            let about = About::End(ended.attempt);
            wanted.push(self.wanted(Command::AttemptEnded(ended), about));
        }
        for task in look.waits {
            wanted.push(self.wanted(Command::WaitOver { task, never: None }, About::Change));
        }
        self.adapters_changed(&mut wanted);
        self.day_budget(now, &mut wanted);
        self.kills(&mut wanted);
        for Planned { task, adapter, model } in look.plan.starts {
            let (host, nonce) = (self.host.clone(), self.chance.number());
            let start = Start { task, adapter, model, host, nonce };
            wanted.push(self.wanted(Command::StartAttempt(start), About::Change));
        }
        wanted
    }

    fn adapters_changed(&self, wanted: &mut Vec<Wanted>) {
        for (adapter, pause) in &self.shown.control.adapters {
            let found = self.configurations.get(adapter);
            if pause.until.is_none() && found.is_some_and(|found| *found != pause.configuration) {
                let command = Command::AdapterChanged { adapter: adapter.clone() };
                wanted.push(self.wanted(command, About::Change));
            }
        }
    }

    /// Asked to leave with its agents, it asks for their end as anybody would.
    fn kills(&self, wanted: &mut Vec<Wanted>) {
        let Some(leaving) = self.leaving.as_ref().filter(|leaving| leaving.kill_agents) else { return };
        let actor = leaving.by.clone().map_or_else(|| self.actor(), Actor::from);
        for slot in self.slots.values().filter(|slot| slot.is_taken() && !slot.stop) {
            let attempts = vec![slot.attempt.reference];
            let command =
                Command::Kill { attempts, why: "the dispatcher was stopped with its agents".into() };
            let request = Request { actor: actor.clone(), command };
            wanted.push(Wanted { request, about: About::Change });
        }
    }

    pub(super) fn wanted(&self, command: Command, about: About) -> Wanted {
        Wanted { request: Request { actor: self.actor(), command }, about }
    }
}

fn ended(slot: &Slot, jitter: i16, config: &DispatchConfig, configuration: u64) -> Option<Ended> {
    let Phase::Over(over) = &slot.phase else { return None };
    if !slot.is_settled() {
        return None;
    }
    Some(Ended {
        attempt: slot.attempt.reference,
        fence: slot.attempt.fence,
        seen: over.seen.clone(),
        at: over.at,
        jitter,
        first_pause: config.first_pause,
        max_attempts: config.max_attempts,
        configuration,
    })
}
