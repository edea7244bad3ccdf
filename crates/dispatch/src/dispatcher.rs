//! The dispatcher's logic: what happened goes in, what is to be done on the host comes out.
//!
//! It owns the live attempts of this host as far as they have to be remembered between two events (and can
//! all be found again by [`crate::recover`]), and decides through `wg_core::submit` alone. It does no IO but
//! through the store it is given, reads no clock, and takes chance from its seed, so that a simulator can
//! drive it.
//!
//! - A shim is asked for only after its attempt is committed, and after its predecessor is proved gone.
//! - An attempt ends in the store only with an exit record, or with proof that its whole tree is gone.
//! - What can't be told is shown, and looked at again when something happens; it is never taken for dead.
//! - What follows from one batch of events is committed together: ends, starts and everything else.

mod chance;
mod chats;
mod day;
mod event;
mod look;
mod react;
mod requests;
mod settle;
mod slot;
mod state;
mod verdict;
mod work;

pub use event::{Consumers, Converse, Event, HostEffect, Launch, Level, Line, Whose};
pub(crate) use verdict::verdict;

use std::collections::BTreeMap;

use wg_agents::{Abilities, Registry};
use wg_core::budget::Bucket;
use wg_core::id::{Actor, AttemptRef, OpSeq};
use wg_core::policy::Policy;
use wg_core::port::{Store, StoreError};
use wg_core::time::Timestamp;

use crate::config::DispatchConfig;
use chance::Chance;
use chats::Chats;
use slot::Slot;
use state::{Causes, Leaving, Shown};
use work::Work;

/// Rounds of looking and committing in one call; then others get their turn.
const ROUNDS: usize = 16;

/// What a dispatcher decides with, and what it remembers.
pub struct Dispatcher {
    host: String,
    config: DispatchConfig,
    registry: Registry,
    policy: Policy,
    chance: Chance,
    slots: BTreeMap<AttemptRef, Slot>,
    /// The bucket of all `shell` starts.
    starts: Bucket,
    /// What is there of earlier attempts is known; nothing is decided before.
    recovered: bool,
    /// This dispatcher's own beginning is committed.
    begun: bool,
    causes: Causes,
    chats: Chats,
    work: Work,
    /// The last operation that was taken into account.
    seen: OpSeq,
    shown: Shown,
    /// Hashes of the adapters' configurations, as last found.
    configurations: BTreeMap<String, u64>,
    /// Attempts that ended since files were last removed.
    ended_since_prune: u32,
    leaving: Option<Leaving>,
    timer: Option<Timestamp>,
    out: Vec<HostEffect>,
}

impl Dispatcher {
    /// One for a host, with chance from `seed`. Its first event is to be [`Event::Recovered`].
    #[must_use]
    pub fn new(host: String, config: DispatchConfig, seed: u64) -> Self {
        let registry = Registry::new(config.adapters.clone());
        let policy = policy(&config, &registry);
        Self {
            host,
            config,
            registry,
            policy,
            chance: Chance::new(seed),
            slots: BTreeMap::new(),
            starts: Bucket::default(),
            recovered: false,
            begun: false,
            causes: Causes::default(),
            chats: Chats::default(),
            work: Work::default(),
            seen: OpSeq(0),
            shown: Shown::default(),
            configurations: BTreeMap::new(),
            ended_since_prune: requests::PRUNE_AFTER,
            leaving: None,
            timer: None,
            out: Vec::new(),
        }
    }

    /// Takes a batch of events and says what is to be done. After an error nothing is forgotten: the next
    /// call tries again, and [`Dispatcher::take_effects`] gives what can be done meanwhile.
    pub fn handle(
        &mut self,
        store: &mut dyn Store,
        events: Vec<Event>,
        now: Timestamp,
    ) -> Result<Vec<HostEffect>, StoreError> {
        for event in events {
            self.note(event, now);
        }
        self.work(store, now)?;
        self.set_timer();
        self.leave_if_done();
        Ok(self.take_effects())
    }

    /// What is to be done so far.
    pub fn take_effects(&mut self) -> Vec<HostEffect> {
        std::mem::take(&mut self.out)
    }

    /// The attempts of this host that it has in hand.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptRef> {
        self.slots.keys().copied()
    }

    fn work(&mut self, store: &mut dyn Store, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            if !self.has_cause(now) {
                return Ok(());
            }
            let Some(look) = self.look(store, now)? else { return Ok(()) };
            let read = look.read;
            let requests = self.requests(look, now);
            if requests.is_empty() {
                self.causes.clear();
                self.seen = read;
                return Ok(());
            }
            let commands: Vec<_> = requests.iter().map(|wanted| wanted.request.clone()).collect();
            let receipts = wg_core::submit::submit_batch(store, &commands, now)?;
            let ended = self.settle(read, requests, receipts);
            self.note_ends(store, &ended)?;
        }
        self.out.push(HostEffect::Again);
        Ok(())
    }

    fn actor(&self) -> Actor {
        Actor::Dispatcher(self.host.clone())
    }

    fn log(&mut self, level: Level, text: String) {
        self.out.push(HostEffect::Log(Line { level, text }));
    }
}

/// How a dispatcher of this configuration starts things.
#[must_use]
pub fn policy(config: &DispatchConfig, registry: &Registry) -> Policy {
    let Abilities { work, chats_only } = Abilities::of(registry);
    Policy {
        max_agents: config.max_agents,
        default_adapter: config.default_adapter.clone(),
        rules: config.rules.clone(),
        adapters: work,
        chats_only,
    }
}
