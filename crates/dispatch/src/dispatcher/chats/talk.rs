//! Conversations with handlers: when they are opened, what comes of them, and what is told of a chat.

use std::collections::BTreeSet;

use wg_core::chat::{ChatState, Said};
use wg_core::id::{AttemptRef, ChatNumber, Fence};

use super::super::Dispatcher;
use super::super::event::{Converse, HostEffect, Level, Whose};
use super::super::slot::{Phase, Words};
use super::look::ChatLook;
use super::{HeardOf, Talk};

impl Dispatcher {
    /// Tells a change of state once: in the log, and to those who are attached.
    pub(super) fn tell_state(&mut self, chat: ChatNumber, state: &ChatState, settled: bool) {
        let before = if settled {
            self.chats.states.remove(&chat)
        } else {
            self.chats.states.insert(chat, state.clone())
        };
        let gave_up = matches!(state, ChatState::GaveUp { .. });
        self.chats.gave_up |= gave_up;
        let Some(before) = before.filter(|before| before != state) else { return };
        if before.name() != state.name() {
            let level = if gave_up { Level::Warn } else { Level::Info };
            self.log(level, format!("{chat}: {} -> {state}", before.name()));
        }
        if self.chats.attached.contains_key(&chat) {
            self.out.push(HostEffect::ChatNews { chat });
        }
    }

    /// New entries: to be written down, and told to those who are attached.
    pub(super) fn tell_entries(&mut self, look: &ChatLook) {
        let chat = look.chat.number;
        if self.chats.entries.insert(chat, look.last_entry) == Some(look.last_entry) {
            return;
        }
        self.mirror(chat);
        if self.chats.attached.contains_key(&chat) {
            self.out.push(HostEffect::ChatNews { chat });
        }
    }

    pub(super) fn mirror(&mut self, chat: ChatNumber) {
        let effect = HostEffect::Mirror { chat };
        if !self.out.contains(&effect) {
            self.out.push(effect);
        }
    }

    /// Opens the conversation with a handler whose shim is up.
    pub(super) fn converse(&mut self, look: &ChatLook) {
        let Some(handler) = look.chat.handler() else { return };
        let up = self.slots.get(&handler).is_some_and(|slot| matches!(slot.phase, Phase::Up(_)));
        if up && !self.chats.is_open(handler) {
            self.open(look, handler, false);
        }
    }

    fn open(&mut self, look: &ChatLook, handler: AttemptRef, over: bool) {
        let Some(slot) = self.slots.get(&handler) else { return };
        let converse = Converse {
            attempt: slot.attempt.clone(),
            whose: Whose::Chat(Self::facts_of(&look.chat)),
            from: look.chat.parsed,
            over,
        };
        let chat = look.chat.number;
        let talk = Talk { chat, delivered: None, interrupted: None, capped: None, told: BTreeSet::new() };
        self.chats.talks.insert(handler, talk);
        self.out.push(HostEffect::Converse(Box::new(converse)));
    }

    /// Handlers that are over: what they said last is taken in before their end is committed, as far as it
    /// still counts.
    pub(super) fn last_words(&mut self, awake: &[ChatLook]) {
        let over: Vec<AttemptRef> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.is_handler() && slot.words == Words::Open)
            .filter(|(_, slot)| matches!(slot.phase, Phase::Over(_)))
            .map(|(handler, _)| *handler)
            .collect();
        for handler in over {
            let look = awake.iter().find(|look| look.chat.handler() == Some(handler));
            let words = match look {
                None => Words::Taken,
                Some(_) if self.chats.is_open(handler) => {
                    self.out.push(HostEffect::Finish { attempt: handler });
                    Words::Asked
                }
                Some(look) => {
                    self.open(look, handler, true);
                    Words::Asked
                }
            };
            if let Some(slot) = self.slots.get_mut(&handler) {
                slot.words = words;
            }
        }
    }

    /// A handler said something: it is committed with the next batch.
    pub(in super::super) fn heard(
        &mut self,
        handler: AttemptRef,
        fence: Fence,
        said: Vec<Said>,
        parsed: u64,
    ) {
        let cap = self.cap_of(handler);
        let Some(talk) = self.chats.talks.get_mut(&handler) else { return };
        for said in &said {
            match said {
                Said::Used { usage } => talk.capped = cap.reached(usage),
                said if said.ends_turn() => talk.capped = None,
                _ => {}
            }
        }
        self.chats.heard.push(HeardOf { chat: talk.chat, handler, fence, said, parsed });
    }

    /// Everything that a handler said was heard.
    pub(in super::super) fn talk_over(&mut self, handler: AttemptRef) {
        if let Some(slot) = self.slots.get_mut(&handler) {
            slot.words = Words::Taken;
        }
        self.causes.other = true;
    }

    /// What was said is committed: it need not be kept any more.
    pub(in super::super) fn heard_committed(&mut self, handler: AttemptRef, parsed: u64) {
        self.chats.heard.retain(|heard| heard.handler != handler || heard.parsed > parsed);
        self.out.push(HostEffect::Parsed { attempt: handler, to: parsed });
    }

    /// A handler's end is committed.
    pub(in super::super) fn talk_ended(&mut self, handler: AttemptRef) {
        if let Some(talk) = self.chats.talks.remove(&handler) {
            self.mirror(talk.chat);
        }
    }

    /// Whether a history could be written down.
    pub fn mirrored(&mut self, chat: ChatNumber, result: Result<(), String>) {
        match result {
            Ok(()) => drop(self.chats.unwritten.remove(&chat)),
            Err(why) => {
                if self.chats.unwritten.insert(chat, why.clone()).as_ref() != Some(&why) {
                    self.log(Level::Warn, format!("{chat}: its history can't be written down: {why}"));
                }
            }
        }
    }
}
