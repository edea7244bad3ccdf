//! What a commit's receipts mean for the attempts in hand.

use wg_core::attempt::AttemptState;
use wg_core::id::{AttemptRef, OpSeq};
use wg_core::port::{Store, StoreError};
use wg_core::rejection::Rejection;
use wg_core::submit::Receipt;

use super::Dispatcher;
use super::event::Level;
use super::requests::{About, Wanted};
use super::slot::Phase;

impl Dispatcher {
    /// Takes in what came of `wanted`, which followed from a look that had seen everything up to `read`. Gives the
    /// attempts that are over now.
    pub(super) fn settle(
        &mut self,
        read: OpSeq,
        wanted: Vec<Wanted>,
        receipts: Vec<Result<Receipt, Rejection>>,
    ) -> Vec<AttemptRef> {
        let mut ended = Vec::new();
        let mut changed = false;
        let mut first = None;
        let mut last = read;
        for (wanted, receipt) in wanted.into_iter().zip(receipts) {
            let new = receipt.as_ref().is_ok_and(|receipt| receipt.operation > last);
            if let Ok(receipt) = &receipt {
                if new {
                    first = first.or(Some(receipt.operation));
                }
                last = last.max(receipt.operation);
            }
            match wanted.about {
                About::Begin => self.begun = true,
                About::Told => changed |= new,
                About::Heard(handler, parsed) => {
                    self.heard_committed(handler, parsed);
                    self.work_committed(handler, parsed);
                    changed |= new;
                }
                About::Consumed(chat) => self.chats.consumed(chat),
                About::Run(attempt) => {
                    if let Some(slot) = self.slots.get_mut(&attempt)
                        && let Phase::Up(up) = &mut slot.phase
                    {
                        up.untold = None;
                    }
                }
                About::End(attempt) => {
                    self.slots.remove(&attempt);
                    ended.push(attempt);
                    self.talk_ended(attempt);
                    self.work_ended(attempt);
                    self.ended_since_prune = self.ended_since_prune.saturating_add(1);
                    changed = true;
                }
                About::Change => changed |= new,
            }
            match receipt {
                Ok(receipt) => {
                    for note in receipt.notes {
                        self.log(Level::Warn, note);
                    }
                }
                Err(rejection) => self.log(Level::Info, format!("not done: {rejection}")),
            }
        }
        // Where somebody else's commit came in between, it has not been looked at yet.
        let alone = first.is_none_or(|first| first.0 == read.0 + 1);
        self.seen = if alone { last } else { read };
        self.causes.clear();
        self.causes.other = changed;
        self.causes.store_changed = !alone;
        ended
    }

    /// Notes how attempts ended: as it is in the graph, where a report counts for more than what was seen.
    pub(super) fn note_ends(
        &mut self,
        store: &mut dyn Store,
        ended: &[AttemptRef],
    ) -> Result<(), StoreError> {
        if ended.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        store.read(&mut |read| {
            lines.clear();
            for reference in ended {
                let Some((attempt, _)) = read.attempt(*reference)? else { continue };
                if let AttemptState::Finished { outcome, .. } = &attempt.state {
                    lines.push(format!("{reference} on {}: {outcome}", attempt.task));
                }
            }
            Ok(())
        })?;
        for line in lines {
            self.log(Level::Info, line);
        }
        Ok(())
    }
}
