//! Chats, what was said in them, and where their messages stand.

use std::sync::Arc;

use wg_core::chat::{Chat, ChatState, Entry, InboxRow, InboxState};
use wg_core::id::ChatNumber;
use wg_core::operation::RecordKey;
use wg_core::port::{Chats, StoreError};

use super::graph::{Body, Graph, Undo};

impl Graph {
    pub(super) fn inbox_of(&self, chat: ChatNumber) -> impl Iterator<Item = &InboxRow> {
        self.inbox.range((chat, 0)..=(chat, u64::MAX)).map(|(_, row)| row)
    }

    pub(super) fn last_entry_of(&self, chat: ChatNumber) -> u64 {
        self.entries.get(&chat).and_then(|entries| entries.last()).map_or(0, |entry| entry.number)
    }

    pub(super) fn is_among(&self, chat: &Chat, which: Chats) -> bool {
        match which {
            Chats::All => true,
            Chats::Unarchived => !chat.is_archived(),
            Chats::Awake => {
                let waits = |row: &InboxRow| row.state == InboxState::Waiting;
                let called = chat.state == ChatState::Dormant && self.inbox_of(chat.number).any(waits);
                chat.is_stirring() || called
            }
            Chats::GaveUp => matches!(chat.state, ChatState::GaveUp { .. }),
        }
    }

    pub(super) fn write_chat(&mut self, chat: &Chat) -> Result<(), StoreError> {
        let chat = Arc::new(chat.clone());
        let number = chat.number;
        self.record(RecordKey::Chat(number), Some(Body::Chat(Arc::clone(&chat))))?;
        let before = self.chats.insert(number, chat);
        self.undo.push(Undo::Chat(number, before));
        Ok(())
    }

    /// An error where there is no such chat: rows belong to something.
    fn require_chat(&self, number: ChatNumber) -> Result<(), StoreError> {
        self.current()?;
        let none = || StoreError::Failed(format!("there is no {number} to write to"));
        self.chats.get(&number).map(drop).ok_or_else(none)
    }

    pub(super) fn write_entry(&mut self, chat: ChatNumber, entry: &Entry) -> Result<(), StoreError> {
        self.require_chat(chat)?;
        let (next, number) = (self.last_entry_of(chat) + 1, entry.number);
        if number != next {
            let why = format!("the next entry of {chat} is number {next}, not {number}");
            return Err(StoreError::Failed(why));
        }
        self.entries.entry(chat).or_default().push(entry.clone());
        self.undo.push(Undo::Entry(chat));
        Ok(())
    }

    pub(super) fn write_inbox(&mut self, chat: ChatNumber, row: &InboxRow) -> Result<(), StoreError> {
        self.require_chat(chat)?;
        if row.number == 0 || row.number > self.last_entry_of(chat) {
            let why = format!("there is no message {} of {chat} that could stand anywhere", row.number);
            return Err(StoreError::Failed(why));
        }
        let key = (chat, row.number);
        if self.inbox.get(&key).is_some_and(|row| row.state == InboxState::Answered) {
            return Ok(());
        }
        let before = self.inbox.insert(key, row.clone());
        self.undo.push(Undo::Inbox(key, before));
        Ok(())
    }
}
