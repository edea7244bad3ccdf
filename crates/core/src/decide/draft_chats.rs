//! The part of a [`Draft`] that is about chats.

use std::collections::BTreeMap;

use crate::chat::{Chat, ChatEvent, Consumer, Entry, InboxRow, InboxState, Situation, What, step};
use crate::decide::{Draft, Refusal};
use crate::effect::EffectKind;
use crate::id::ChatNumber;
use crate::port::{StoreError, Write};
use crate::rejection::Rejection;
use crate::step::Step;

/// Rows of chats to be written.
#[derive(Default)]
pub(super) struct ChatRows {
    chats: BTreeMap<ChatNumber, Chat>,
    entries: Vec<(ChatNumber, Entry)>,
    inbox: BTreeMap<(ChatNumber, u64), InboxRow>,
    consumers: BTreeMap<ChatNumber, Consumer>,
}

impl ChatRows {
    /// Whether there is nothing that belongs to an operation.
    pub(super) fn is_empty(&self) -> bool {
        self.chats.is_empty() && self.entries.is_empty() && self.inbox.is_empty()
    }

    pub(super) fn write(&self, to: &mut dyn Write) -> Result<(), StoreError> {
        for chat in self.chats.values() {
            to.put_chat(chat)?;
        }
        for (chat, entry) in &self.entries {
            to.append_entry(*chat, entry)?;
        }
        for ((chat, _), row) in &self.inbox {
            to.put_inbox(*chat, row)?;
        }
        Ok(())
    }

    pub(super) fn write_consumers(&self, to: &mut dyn Write) -> Result<(), StoreError> {
        self.consumers.iter().try_for_each(|(chat, consumer)| to.put_consumer(*chat, consumer))
    }
}

impl Draft<'_> {
    /// A chat as it will be.
    pub(super) fn find_chat(&mut self, number: ChatNumber) -> Result<Option<Chat>, StoreError> {
        match self.chats.chats.get(&number) {
            Some(chat) => Ok(Some(chat.clone())),
            None => Ok(self.read.chat(number)?.map(|(chat, _)| chat)),
        }
    }

    /// A chat as it will be; its absence is a rejection.
    pub(super) fn chat(&mut self, number: ChatNumber) -> Result<Chat, Refusal> {
        self.find_chat(number)?.ok_or_else(|| Rejection::NoChat(number).into())
    }

    /// Puts a chat, and its place in the graph where that changes.
    pub(super) fn put_chat(&mut self, chat: Chat) -> Result<(), StoreError> {
        let before = self.find_task(&chat.number.task_id())?;
        let task = chat.as_task(before.clone());
        if before.as_ref() != Some(&task) {
            self.put_task(task);
        }
        self.chats.chats.insert(chat.number, chat);
        Ok(())
    }

    /// Where a message will stand.
    pub(super) fn inbox_row(
        &mut self,
        chat: ChatNumber,
        number: u64,
    ) -> Result<Option<InboxRow>, StoreError> {
        match self.chats.inbox.get(&(chat, number)) {
            Some(row) => Ok(Some(row.clone())),
            None => self.read.inbox_row(chat, number),
        }
    }

    pub(super) fn put_inbox(&mut self, chat: ChatNumber, row: InboxRow) {
        self.chats.inbox.insert((chat, row.number), row);
    }

    /// Messages that will wait or be set aside.
    pub(super) fn inbox_open(&mut self, chat: ChatNumber) -> Result<Vec<InboxRow>, StoreError> {
        let mut rows: BTreeMap<u64, InboxRow> =
            self.read.inbox_open(chat)?.into_iter().map(|row| (row.number, row)).collect();
        rows.extend(
            self.chats
                .inbox
                .range((chat, 0)..=(chat, u64::MAX))
                .map(|((_, number), row)| (*number, row.clone())),
        );
        Ok(rows.into_values().filter(|row| row.state != InboxState::Answered).collect())
    }

    /// Appends to a chat's history; gives the entry's number.
    pub(super) fn entry(&mut self, chat: ChatNumber, what: What) -> Result<u64, StoreError> {
        let at = self.now;
        self.entry_at(chat, at, what)
    }

    /// As [`Draft::entry`], of what was said at another time.
    pub(super) fn entry_at(
        &mut self,
        chat: ChatNumber,
        at: crate::time::Timestamp,
        what: What,
    ) -> Result<u64, StoreError> {
        let drafted = self.chats.entries.iter().rev().find(|(of, _)| *of == chat);
        let last = match drafted {
            Some((_, entry)) => entry.number,
            None => self.read.last_entry(chat)?,
        };
        let number = last + 1;
        self.chats.entries.push((chat, Entry { number, at, what }));
        Ok(number)
    }

    /// Notes that somebody consumed a chat now.
    pub(super) fn consumed(&mut self, chat: ChatNumber, ping: bool) -> Result<(), StoreError> {
        let mut consumer = match self.chats.consumers.get(&chat) {
            Some(consumer) => *consumer,
            None => self.read.consumer(chat)?,
        };
        consumer.last_at = Some(self.now);
        if ping {
            consumer.ping_until = Some(self.now.plus(crate::chat::PING));
        }
        self.chats.consumers.insert(chat, consumer);
        Ok(())
    }

    /// Steps a chat's machine and follows what comes of it: the message of its turn, the log, the end of the
    /// handler that it had. Gives the chat as it was and as it is.
    pub(super) fn step_chat(&mut self, chat: Chat, event: ChatEvent) -> Result<(Chat, Chat), Refusal> {
        self.step_chat_at(chat, None, event)
    }

    /// As [`Draft::step_chat`], with the message that a turn begins with.
    pub(super) fn step_chat_at(
        &mut self,
        chat: Chat,
        message: Option<InboxRow>,
        event: ChatEvent,
    ) -> Result<(Chat, Chat), Refusal> {
        let number = chat.number;
        let message = match (message, chat.turn()) {
            (None, Some(turn)) => self.inbox_row(number, turn.message)?,
            (message, _) => message,
        };
        let before = Situation { chat, message };
        let Step { state: after, effects, log } = step(before.clone(), event, self.now)?;
        for line in log {
            self.log(&number.task_id(), line);
        }
        if let Some(row) = after.message.filter(|row| Some(row) != before.message.as_ref()) {
            self.put_inbox(number, row);
        }
        if let Some(handler) = before.chat.handler().filter(|_| effects.contains(&EffectKind::Kill))
            && self.attempt(handler)?.is_some_and(|attempt| attempt.is_live())
        {
            self.ask_to_stop(handler, format!("{number} is {}", after.chat.state))?;
        }
        if after.chat != before.chat {
            self.put_chat(after.chat.clone())?;
        }
        Ok((before.chat, after.chat))
    }
}
