//! What a commit's receipts mean for the attempts in hand.

use wg_core::attempt::Stop;
use wg_core::id::OpSeq;
use wg_core::rejection::Rejection;
use wg_core::submit::Receipt;

use super::Dispatcher;
use super::event::Level;
use super::requests::{About, Wanted};
use super::slot::Phase;

impl Dispatcher {
    /// Takes in what came of `wanted`, which followed from a look that had seen everything up to `read`.
    pub(super) fn settle(
        &mut self,
        read: OpSeq,
        wanted: Vec<Wanted>,
        receipts: Vec<Result<Receipt, Rejection>>,
    ) {
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
                About::Told => {}
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
                    if let Some(slot) = self.slots.remove(&attempt)
                        && let Phase::Over(over) = slot.phase
                    {
                        let task = slot.attempt.task;
                        let asked = |stop: &Stop| format!("; its end was asked for: {}", stop.why);
                        let asked = slot.attempt.stop.as_ref().map(asked).unwrap_or_default();
                        self.log(Level::Info, format!("{attempt} on {task}: {}{asked}", over.seen));
                    }
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
    }
}
