//! The part of [`super::derived`] that is about chats: what may be written, and all that can be asked.

use proptest::prelude::*;
use wg_core::chat::{Chat, Consumer, InboxRow, InboxState};
use wg_core::id::ChatNumber;
use wg_core::port::{Chats, Read, StoreError, Write};
use wg_core::usage::Usage;

use super::at;
use super::chat::{chat, every_state, said};
use super::derived::Answers;
use super::used::any_usage;

/// Chats that are used.
pub(super) const CHATS: std::ops::Range<u64> = 1..4;

#[derive(Debug, Clone)]
pub(super) enum ChatStep {
    /// A chat in one of the states, that used so much.
    Put(u64, usize, Usage),
    /// Something is said, and stands somewhere.
    Say(u64, u8),
    /// A message, counted from the last one, stands otherwise.
    Stand(u64, u64, u8, u32),
    /// Somebody consumed it.
    Consume(u64, Option<i64>, Option<i64>),
}

pub(super) fn any_chat_step() -> impl Strategy<Value = ChatStep> {
    let time = || proptest::option::of(0_i64..90);
    prop_oneof![
        3 => (CHATS, 0_usize..10, any_usage()).prop_map(|(n, state, usage)| ChatStep::Put(n, state, usage)),
        3 => (CHATS, 0_u8..4).prop_map(|(n, state)| ChatStep::Say(n, state)),
        3 => (CHATS, 0_u64..3, 0_u8..3, 0_u32..3)
            .prop_map(|(n, back, state, kills)| ChatStep::Stand(n, back, state, kills)),
        1 => (CHATS, time(), time()).prop_map(|(n, last, ping)| ChatStep::Consume(n, last, ping)),
    ]
}

fn state(number: u8) -> InboxState {
    [InboxState::Waiting, InboxState::SetAside, InboxState::Answered][usize::from(number) % 3]
}

pub(super) fn perform(view: &mut dyn Write, step: &ChatStep) -> Result<(), StoreError> {
    match step {
        ChatStep::Put(n, which, usage) => {
            view.put_chat(&Chat { usage: usage.clone(), ..chat(*n, every_state()[*which].clone()) })
        }
        ChatStep::Say(n, stands) => {
            let n = ChatNumber(*n);
            if view.chat(n)?.is_none() {
                return Ok(());
            }
            let number = view.last_entry(n)? + 1;
            view.append_entry(n, &said(number, &format!("line {number}")))?;
            if *stands == 3 {
                return Ok(());
            }
            view.put_inbox(n, &InboxRow { number, kills: 0, deliveries: 0, state: state(*stands) })
        }
        ChatStep::Stand(n, back, stands, kills) => {
            let n = ChatNumber(*n);
            match view.last_entry(n)?.checked_sub(*back).filter(|number| *number > 0) {
                Some(number) => view
                    .put_inbox(n, &InboxRow { number, kills: *kills, deliveries: 1, state: state(*stands) }),
                None => Ok(()),
            }
        }
        ChatStep::Consume(n, last, ping) => {
            let consumer = Consumer { last_at: last.map(at), ping_until: ping.map(at) };
            view.put_consumer(ChatNumber(*n), &consumer)
        }
    }
}

pub(super) fn ask(view: &mut dyn Read, said: &mut Answers) -> Result<(), StoreError> {
    for which in [Chats::All, Chats::Unarchived, Chats::Awake, Chats::GaveUp] {
        said.note(which, view.chats(which)?);
    }
    said.note("last chat", view.last_chat()?);
    for now in [0, 10, 40] {
        said.note(("pinged", now), view.pinged(at(now))?);
    }
    for n in CHATS.map(ChatNumber) {
        said.note(n, (view.chat(n)?, view.consumer(n)?));
        let entries = (view.entries_of(n, 0, 99)?, view.entries_of(n, 1, 1)?, view.last_entry(n)?);
        said.note(("entries", n), entries);
        let inbox = (view.inbox_next(n)?, view.inbox_open(n)?, view.inbox_counts(n)?);
        said.note(("inbox", n), (inbox, view.inbox_row(n, 1)?, view.inbox_row(n, 2)?));
    }
    Ok(())
}
