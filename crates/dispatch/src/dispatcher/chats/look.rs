//! What a look at the store shows of chats: only of those that stir or are wanted.

use std::collections::BTreeMap;

use wg_core::attempt::Attempt;
use wg_core::chat::{Chat, Entry, InboxRow};
use wg_core::id::{AttemptRef, ChatNumber};
use wg_core::port::{Chats as Which, Read, StoreError};
use wg_core::time::Timestamp;

use super::Chats;

/// A chat as it is looked at.
#[derive(Debug)]
pub(in super::super) struct ChatLook {
    pub(super) chat: Chat,
    /// The first message that waits, with its entry where it is to be given to the handler now.
    pub(super) next: Option<(InboxRow, Option<Entry>)>,
    /// Its last handler, where that may still have a process.
    pub(super) leaving: Option<AttemptRef>,
    /// The number of its last entry.
    pub(super) last_entry: u64,
}

/// Why the configurations of chats that gave up are worth a look.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Configurations {
    /// Programs may have changed.
    pub(in super::super) ask: bool,
    /// Something was found of those that were asked for.
    pub(in super::super) found: bool,
}

/// What a look shows of chats.
#[derive(Debug, Default)]
pub(in super::super) struct ChatsView {
    /// Those that stir or are wanted, by number.
    pub(super) awake: Vec<ChatLook>,
    /// Those that were looked at the last time and no more are: told once.
    pub(super) settled: Vec<Chat>,
    /// Those that gave up, where their configuration is worth a look.
    pub(super) gave_up: Vec<Chat>,
    /// Programs of these that are not known are worth a look.
    pub(super) ask: bool,
    /// Those a ping still counts for, where that had to be read.
    pub(super) pinged: Option<Vec<(ChatNumber, Timestamp)>>,
}

impl Chats {
    /// Looks.
    pub(in super::super) fn view(
        &self,
        read: &mut dyn Read,
        configurations: Configurations,
        now: Timestamp,
    ) -> Result<ChatsView, StoreError> {
        let mut view = ChatsView::default();
        let first = !self.looked;
        if first {
            view.pinged = Some(read.pinged(now)?);
        }
        let mut awake: BTreeMap<ChatNumber, Chat> =
            read.chats(Which::Awake)?.into_iter().map(|chat| (chat.number, chat)).collect();
        let pinged = view.pinged.iter().flatten().map(|(chat, _)| *chat);
        let named: Vec<ChatNumber> =
            self.attached.keys().chain(self.pinged.keys()).copied().chain(pinged).collect();
        for number in named.into_iter().chain(self.states.keys().copied()) {
            if awake.contains_key(&number) {
                continue;
            }
            let Some((chat, _)) = read.chat(number)? else { continue };
            let consumed = self.attached.contains_key(&number) || self.pinged.contains_key(&number);
            if consumed || view.pinged.as_ref().is_some_and(|all| all.iter().any(|(n, _)| *n == number)) {
                awake.insert(number, chat);
            } else {
                view.settled.push(chat);
            }
        }
        for (_, chat) in awake {
            view.awake.push(self.one(read, chat)?);
        }
        view.ask = configurations.ask;
        if (configurations.ask || configurations.found) && (first || self.gave_up) {
            view.gave_up = read.chats(Which::GaveUp)?;
        }
        Ok(view)
    }

    fn one(&self, read: &mut dyn Read, chat: Chat) -> Result<ChatLook, StoreError> {
        let number = chat.number;
        let row = match chat.turn() {
            Some(turn) => read.inbox_row(number, turn.message)?,
            None => read.inbox_next(number)?,
        };
        let talk = chat.handler().and_then(|handler| self.talks.get(&handler));
        let to_hand_over =
            chat.turn().is_some_and(|turn| talk.is_none_or(|talk| talk.delivered != Some(turn.number)));
        let next = match row {
            Some(row) if to_hand_over => {
                let entry = read.entries_of(number, row.number - 1, 1)?.pop();
                Some((row, entry))
            }
            row => row.map(|row| (row, None)),
        };
        let leaving = match chat.last.filter(|last| chat.handler() != Some(*last)) {
            Some(last) => read.attempt(last)?.filter(|(attempt, _)| Attempt::is_live(attempt)).map(|_| last),
            None => None,
        };
        let last_entry = read.last_entry(number)?;
        Ok(ChatLook { chat, next, leaving, last_entry })
    }
}
