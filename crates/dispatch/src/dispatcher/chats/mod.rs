//! Chats as their dispatcher sees them: who consumes them, what their handlers say, what is to be said to
//! them. What a chat may do next is the core's ([`wg_core::chat::step`]); here is when it is asked.
//!
//! - A handler is an attempt in a slot like any other; its conversation is opened when its shim is up, and its
//!   last words are taken in before its end is committed.
//! - Nothing here starts a handler but demand: an attached consumer, a ping, a message that waits.
//! - Everything can be found again from the store and the handlers' shims, but who is attached: they say so
//!   again.

mod facts;
mod look;
mod plan;
mod questions;
mod talk;

use std::collections::{BTreeMap, BTreeSet};

use wg_agents::ProgramFacts;
use wg_core::budget::Bucket;
use wg_core::chat::{ChatState, Said};
use wg_core::id::{AttemptRef, ChatNumber, Fence};
use wg_core::time::Timestamp;

use super::event::Consumers;

pub(super) use look::{ChatsView, Configurations};

/// What is remembered of chats.
#[derive(Default)]
pub(super) struct Chats {
    /// Who is attached to which.
    pub(super) attached: BTreeMap<ChatNumber, Consumers>,
    /// When the last one left who would have answered questions.
    left: BTreeMap<ChatNumber, Timestamp>,
    /// Until when a ping counts.
    pinged: BTreeMap<ChatNumber, Timestamp>,
    /// Consumption to be noted: a ping or not.
    consumed: BTreeMap<ChatNumber, bool>,
    /// States as last seen of those that stir, so that each change is told once.
    states: BTreeMap<ChatNumber, ChatState>,
    /// Last entries as last seen.
    entries: BTreeMap<ChatNumber, u64>,
    /// Conversations that are open, by handler.
    talks: BTreeMap<AttemptRef, Talk>,
    /// What was said, not committed yet, in order.
    heard: Vec<HeardOf>,
    /// What was found of chats' programs, for the next start.
    facts: BTreeMap<ChatNumber, ProgramFacts>,
    /// Chats whose programs are to be looked for.
    asked: BTreeMap<ChatNumber, String>,
    /// The bucket of starts of each adapter that calls a paid service.
    paid: BTreeMap<String, Bucket>,
    /// Histories that could not be written down.
    pub(super) unwritten: BTreeMap<ChatNumber, String>,
    /// When something about a chat is due.
    pub(super) due: Option<Timestamp>,
    /// The store was looked at once.
    looked: bool,
    /// Chats of which there may be some whose configuration is worth a look.
    gave_up: bool,
}

/// An open conversation.
#[derive(Debug)]
struct Talk {
    chat: ChatNumber,
    /// The turn whose message was handed to it last.
    delivered: Option<u64>,
    /// The turn that it was asked to end.
    interrupted: Option<u64>,
    /// What its turn has used is more than one may: in words.
    capped: Option<String>,
    /// Questions whose answers it was told.
    told: BTreeSet<String>,
}

/// What a handler said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeardOf {
    pub(super) chat: ChatNumber,
    pub(super) handler: AttemptRef,
    pub(super) fence: Fence,
    pub(super) said: Vec<Said>,
    pub(super) parsed: u64,
}

impl Chats {
    /// Who is attached now; notes who came and went.
    pub(super) fn attachments(&mut self, attached: BTreeMap<ChatNumber, Consumers>, now: Timestamp) {
        let before = std::mem::replace(&mut self.attached, attached);
        for (chat, _) in before.iter().filter(|(_, consumers)| consumers.answering > 0) {
            if !self.can_be_asked(*chat) {
                self.left.insert(*chat, now);
            }
        }
        for chat in before.keys().chain(self.attached.keys()) {
            if before.get(chat) != self.attached.get(chat) {
                self.consumed.entry(*chat).or_insert(false);
            }
        }
    }

    /// Whether somebody is there who can answer what its handler asks.
    fn can_be_asked(&self, chat: ChatNumber) -> bool {
        self.attached.get(&chat).is_some_and(|consumers| consumers.answering > 0)
    }

    pub(super) fn ping(&mut self, chat: ChatNumber, now: Timestamp) {
        self.pinged.insert(chat, now.plus(wg_core::chat::PING));
        self.consumed.insert(chat, true);
    }

    /// A consumption is noted.
    pub(super) fn consumed(&mut self, chat: ChatNumber) {
        self.consumed.remove(&chat);
    }

    /// Whether there is something to be committed before looking.
    pub(super) fn has_facts(&self) -> bool {
        !self.heard.is_empty() || !self.consumed.is_empty()
    }

    /// Whether a conversation with this handler is open.
    pub(super) fn is_open(&self, handler: AttemptRef) -> bool {
        self.talks.contains_key(&handler)
    }
}
