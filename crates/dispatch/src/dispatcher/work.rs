//! Agents at work whose output means something: they are told their task, listened to, and let go when their turn
//! is over. A task's agent that is not understood (`shell`) has none of this.
//!
//! - What an agent said is committed with the place up to which its output was taken in, and before its end is.
//! - Its prompt is handed over once it is ready; a shim knows a repeat, so a restart hands it over once more.

use std::collections::BTreeMap;

use wg_core::attempt::AttemptKind;
use wg_core::chat::{Entry, Said, What};
use wg_core::command::{AttemptHeard, Command};
use wg_core::id::{AttemptRef, Fence, TaskId};
use wg_core::port::Message;
use wg_core::usage::Cap;

use super::Dispatcher;
use super::event::{Converse, HostEffect, Whose};
use super::requests::{About, Wanted};
use super::slot::{Phase, Words};

/// What is remembered of agents at work.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Those that are listened to.
    talks: BTreeMap<AttemptRef, Talk>,
    /// What they said, not committed yet, in order.
    heard: Vec<AttemptHeard>,
    /// Up to which message the prompts will tell that are about to be made: noted before they are.
    pub(super) to_tell: Vec<(AttemptRef, Fence, u64)>,
}

#[derive(Debug, Default)]
struct Talk {
    /// It was told its task.
    began: bool,
    /// The number of the last message of its task that it was told, and up to where that is committed.
    told: u64,
    noted: u64,
    /// It was let go.
    let_go: bool,
}

impl Work {
    /// Whether there is something to be committed before looking.
    pub(super) fn has_facts(&self) -> bool {
        !self.heard.is_empty()
    }
}

impl Dispatcher {
    /// Whether what an attempt's agent prints means something.
    pub(super) fn is_understood(&self, attempt: &wg_core::attempt::Attempt) -> bool {
        let adapter = || self.registry.get(&attempt.adapter);
        attempt.kind == AttemptKind::Handler
            || adapter().is_some_and(|adapter| adapter.work(attempt).is_some())
    }

    /// Listens to agents whose shims are up, and to the end to those that are over.
    pub(super) fn listen_to_work(&mut self) {
        let mut news = Vec::new();
        for (attempt, slot) in &mut self.slots {
            if slot.is_handler() || slot.words != Words::Open {
                continue;
            }
            let over = match &slot.phase {
                Phase::Up(_) => false,
                Phase::Over(_) => true,
                _ => continue,
            };
            if over {
                slot.words = Words::Asked;
            }
            let open = self.work.talks.contains_key(attempt);
            if open && over {
                self.out.push(HostEffect::Finish { attempt: *attempt });
            } else if !open {
                let progress = &slot.attempt.progress;
                let from = progress.parsed;
                news.push((*attempt, progress.ready, progress.over));
                let converse = Converse { attempt: slot.attempt.clone(), whose: Whose::Work, from, over };
                self.out.push(HostEffect::Converse(Box::new(converse)));
                // What its prompt says of messages is told.
                let told = progress.told;
                self.work.talks.insert(*attempt, Talk { told, noted: told, ..Talk::default() });
            }
        }
        for (attempt, ready, over) in news {
            self.speak_to_work(attempt, ready, over);
        }
    }

    /// Tells an agent that is ready its task, and lets one go whose turn is over: each once.
    fn speak_to_work(&mut self, attempt: AttemptRef, ready: bool, over: bool) {
        let Some(talk) = self.work.talks.get_mut(&attempt) else { return };
        if ready && !std::mem::replace(&mut talk.began, true) {
            self.out.push(HostEffect::Prompt { attempt });
        }
        if over && !std::mem::replace(&mut talk.let_go, true) {
            self.out.push(HostEffect::LetGo { attempt });
        }
    }

    /// Whether there is anybody at work who would hear a message now; gives of which task.
    pub(super) fn hearers(&self) -> Vec<(AttemptRef, TaskId)> {
        let hears = |(attempt, talk): (&AttemptRef, &Talk)| {
            let slot = self.slots.get(attempt).filter(|slot| matches!(slot.phase, Phase::Up(_)))?;
            let adapter = self.registry.get(&slot.attempt.adapter)?;
            let hears = talk.began && !talk.let_go && adapter.hears_in_flight();
            hears.then(|| (*attempt, slot.attempt.task.clone()))
        };
        self.work.talks.iter().filter_map(hears).collect()
    }

    /// Tells agents at work what was said to their tasks meanwhile.
    pub(super) fn tell_messages(&mut self, messages: Vec<(AttemptRef, Message)>) {
        for (attempt, message) in messages {
            let Some(talk) = self.work.talks.get_mut(&attempt).filter(|talk| talk.told < message.number)
            else {
                continue;
            };
            talk.told = message.number;
            let text = format!("A message to your task, from {}:\n\n{}", message.from, message.body);
            let what = What::Message { from: message.from, text };
            // The prompt was the first.
            let number = message.number.saturating_add(1);
            let entry = Box::new(Entry { number, at: message.at, what });
            self.out.push(HostEffect::Deliver { attempt, turn: number, entry, again: false });
        }
    }

    /// An agent at work said something: it is committed with the next batch.
    pub(super) fn heard_of_work(&mut self, attempt: AttemptRef, fence: Fence, said: Vec<Said>, parsed: u64) {
        if self.work.talks.contains_key(&attempt) {
            let cap = self.cap_of(attempt);
            self.work.heard.push(AttemptHeard { attempt, fence, said, parsed, cap });
        }
    }

    /// What an attempt at a task may use, and a turn of a handler: only what costs money is bounded.
    pub(super) fn cap_of(&self, attempt: AttemptRef) -> Cap {
        let paid = self.slots.get(&attempt).is_some_and(|slot| self.is_paid(&slot.attempt.adapter));
        if paid { self.config.cap } else { Cap::default() }
    }

    /// What was said, to be committed whatever the look has shown.
    pub(super) fn work_facts(&mut self, wanted: &mut Vec<Wanted>) {
        let mut told = std::mem::take(&mut self.work.to_tell);
        for (attempt, talk) in &mut self.work.talks {
            if talk.began && talk.noted < talk.told {
                talk.noted = talk.told;
                let slot = self.slots.get(attempt);
                told.extend(slot.map(|slot| (*attempt, slot.attempt.fence, talk.told)));
            }
        }
        for (attempt, fence, through) in told {
            let command = Command::AttemptTold { attempt, fence, through };
            wanted.push(self.wanted(command, About::Told));
        }
        for heard in &self.work.heard {
            let about = About::Heard(heard.attempt, heard.parsed);
            wanted.push(self.wanted(Command::AttemptHeard(heard.clone()), about));
        }
    }

    /// What was said is committed: what follows from it is done.
    pub(super) fn work_committed(&mut self, attempt: AttemptRef, parsed: u64) {
        let mut rest = Vec::new();
        for heard in std::mem::take(&mut self.work.heard) {
            if heard.attempt != attempt || heard.parsed > parsed {
                rest.push(heard);
                continue;
            }
            let ready = heard.said.contains(&Said::Ready);
            let over = heard.said.iter().any(Said::ends_turn);
            self.speak_to_work(attempt, ready, over);
        }
        self.work.heard = rest;
    }

    /// An attempt's end is committed.
    pub(super) fn work_ended(&mut self, attempt: AttemptRef) {
        self.work.talks.remove(&attempt);
        self.work.heard.retain(|heard| heard.attempt != attempt);
    }
}
