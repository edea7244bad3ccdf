//! What decides whether a chat's program can work, and whether that has changed since the chat gave up.

use wg_agents::{ChatFacts, ProgramFacts};
use wg_core::chat::{Chat, ChatState};
use wg_core::command::ChatCommand;
use wg_core::id::ChatNumber;

use super::super::Dispatcher;
use super::super::event::HostEffect;

impl Dispatcher {
    /// A chat as its adapter has to know it.
    pub(in super::super) fn facts_of(chat: &Chat) -> ChatFacts {
        ChatFacts::of(chat)
    }

    /// The hash over everything that decides whether a chat can be served, as last found. A chat whose adapter
    /// is not there, or serves no chats, has one too: it is started, and gives up with that reason.
    pub(super) fn chat_configuration(&self, chat: &Chat) -> Option<u64> {
        let facts = self.chats.facts.get(&chat.number)?;
        Some(match self.registry.get(&chat.run.adapter) {
            Some(adapter) => {
                self.config.sandbox.marked(adapter.chat_configuration(&Self::facts_of(chat), facts))
            }
            None => 1,
        })
    }

    /// Chats that gave up get another chance when what they were started with has changed.
    pub(super) fn gave_up(&mut self, chats: Vec<Chat>, ask: bool, commands: &mut Vec<ChatCommand>) {
        if chats.is_empty() {
            return;
        }
        self.chats.gave_up = true;
        for chat in chats {
            let ChatState::GaveUp { configuration, .. } = chat.state else { continue };
            match self.chat_configuration(&chat) {
                None if ask => self.ask(&chat),
                None => {}
                Some(found) => {
                    // Found once: the next change is found anew.
                    self.chats.facts.remove(&chat.number);
                    if found != configuration {
                        let chat = chat.number;
                        commands.push(ChatCommand::Configured { chat, configuration: found });
                    }
                }
            }
        }
    }

    /// Has a chat's program looked for.
    pub(super) fn ask(&mut self, chat: &Chat) {
        let program = match self.registry.get(&chat.run.adapter) {
            Some(adapter) => adapter.chat_program(&Self::facts_of(chat)),
            None => String::new(),
        };
        self.chats.asked.insert(chat.number, program);
    }

    /// Has the programs looked for that something waits for.
    pub(super) fn find_facts(&mut self) {
        let asked = std::mem::take(&mut self.chats.asked);
        if !asked.is_empty() {
            self.out.push(HostEffect::FindChatPrograms(asked.into_iter().collect()));
        }
    }

    /// What was found.
    pub(in super::super) fn chat_programs(&mut self, found: Vec<(ChatNumber, ProgramFacts)>) {
        self.chats.facts.extend(found);
        self.causes.found = true;
        self.causes.other = true;
    }
}
