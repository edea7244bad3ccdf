//! Carrying out ends, and recording them: what a dispatcher does with its events, done at once by a command
//! that ends attempts itself, whether a dispatcher runs or not.

use std::sync::mpsc;
use std::thread;

use wg_agents::Registry;
use wg_core::attempt::{Attempt, Outcome};
use wg_core::command::{Command, Ended};
use wg_core::id::{Actor, AttemptRef};
use wg_core::port::{Clock, Store, StoreError};
use wg_core::submit::{Request, submit_batch};

use super::last_words::{Beside, Listener};
use super::{Repair, Step};
use crate::config::DispatchConfig;
use crate::dispatcher::verdict;
use crate::files::{ExitRecord, GraphFolder, Run};
use crate::supervise::{End, EndRequest, end_attempt};

/// What came of an attempt that was to be ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Conclusion {
    /// Nothing of it is left, and the graph says so.
    Gone(Outcome),
    /// It can't be shown that it is gone: nothing was recorded.
    Unknown(String),
}

/// What it takes to conclude attempts.
pub struct Concluder<'a> {
    /// The graph's folder.
    pub graph: &'a GraphFolder,
    /// This host, as in [`crate::host::host_name`].
    pub host: &'a str,
    /// Who ends them.
    pub actor: &'a Actor,
    /// How attempts are counted.
    pub config: &'a DispatchConfig,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Concluder<'_> {
    /// Ends attempts, all at the same time, and records each as soon as it is gone; `told` hears of each.
    /// That their end is wanted is committed already. Safe to do twice, and beside a dispatcher.
    pub fn conclude(
        &self,
        store: &mut dyn Store,
        attempts: &[AttemptRef],
        told: &mut dyn FnMut(AttemptRef, &Conclusion),
    ) -> Result<(), StoreError> {
        let mut found: Vec<Attempt> = Vec::new();
        store.read(&mut |read| {
            found.clear();
            for reference in attempts {
                found.extend(read.attempt(*reference)?.map(|(attempt, _)| attempt));
            }
            Ok(())
        })?;
        self.end_all(store, found, Beside::ADispatcher, told)
    }

    /// Puts right what a recovery plan says, as far as it needs no dispatcher: the caller holds the
    /// dispatcher's lock. What was decided and never started is undone: its task is open again.
    pub fn repair(
        &self,
        store: &mut dyn Store,
        repairs: &[Repair],
        told: &mut dyn FnMut(AttemptRef, &Conclusion),
    ) -> Result<(), StoreError> {
        let mut to_end = Vec::new();
        for repair in repairs {
            match &repair.step {
                Step::Adopt(_) => {}
                Step::Unknown { why } => told(repair.reference(), &Conclusion::Unknown(why.clone())),
                Step::Record(exit) => {
                    let conclusion = self.record(store, &repair.attempt, Some(exit), Beside::Nobody)?;
                    told(repair.reference(), &conclusion);
                }
                Step::End { .. } | Step::Launch => to_end.push(repair.attempt.clone()),
            }
        }
        self.end_all(store, to_end, Beside::Nobody, told)
    }

    fn end_all(
        &self,
        store: &mut dyn Store,
        attempts: Vec<Attempt>,
        beside: Beside,
        told: &mut dyn FnMut(AttemptRef, &Conclusion),
    ) -> Result<(), StoreError> {
        let (sender, ends) = mpsc::channel();
        thread::scope(|scope| {
            for attempt in attempts {
                let sender = sender.clone();
                scope.spawn(move || {
                    let end = self.end(&attempt);
                    // The receiver is only gone after an error of the store.
                    let _ = sender.send((attempt, end));
                });
            }
            drop(sender);
            for (attempt, end) in ends {
                let conclusion = match end {
                    End::Gone(exit) => self.record(store, &attempt, exit.as_ref(), beside)?,
                    End::Unknown(why) => Conclusion::Unknown(why),
                };
                told(attempt.reference, &conclusion);
            }
            Ok(())
        })
    }

    fn end(&self, attempt: &Attempt) -> End {
        if attempt.host != self.host {
            return End::Unknown(format!("it runs on {}", attempt.host));
        }
        let folder = self.graph.attempt(attempt.reference);
        end_attempt(&EndRequest {
            folder: &folder,
            run: Run::from(attempt),
            shim: attempt.shim.as_ref(),
            grace: self.config.kill_grace,
        })
    }

    fn record(
        &self,
        store: &mut dyn Store,
        attempt: &Attempt,
        exit: Option<&ExitRecord>,
        beside: Beside,
    ) -> Result<Conclusion, StoreError> {
        let registry = Registry::new(self.config.adapters.clone());
        let now = self.clock.now();
        if let Some(adapter) = registry.get(&attempt.adapter) {
            let (events, cap) = (self.graph.attempt(attempt.reference).events(), self.config.cap);
            Listener { adapter, events, cap, beside, actor: self.actor, now }.take_in(store, attempt)?;
        }
        let (seen, at) = match exit {
            Some(exit) => (verdict(registry.get(&attempt.adapter), attempt.kind, exit), exit.ended_at),
            None => (Outcome::Lost { reason: "its shim is gone and left no exit record".into() }, now),
        };
        let ended = Ended {
            attempt: attempt.reference,
            fence: attempt.fence,
            seen: seen.clone(),
            at,
            // Chance keeps retries of many tasks apart; what one person ends needs none.
            jitter: 0,
            first_pause: self.config.first_pause,
            max_attempts: self.config.max_attempts,
            configuration: 0,
        };
        let request = Request { actor: self.actor.clone(), command: Command::AttemptEnded(ended) };
        submit_batch(store, &[request], now)?;
        let mut outcome = seen;
        store.read(&mut |read| {
            if let Some(recorded) = read.attempt(attempt.reference)?.and_then(|(a, _)| a.outcome().cloned()) {
                outcome = recorded;
            }
            Ok(())
        })?;
        Ok(Conclusion::Gone(outcome))
    }
}
