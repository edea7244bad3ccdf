//! What people do with chats: they attach and leave, write, stop and let go, archive and bring back. Those
//! that are attached tell each dispatcher anew.

use std::collections::BTreeSet;

use wg_core::chat::{ChatRun, ChatState};
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::id::{Actor, ChatNumber};
use wg_dispatch::dispatcher::{Consumers, Event};

use super::speech::CLAUDE;
use super::world::World;

/// Chats that a run has at most.
const CHATS: usize = 4;

impl World {
    /// Somebody does something about chats; gives the command, where it is one.
    pub(super) fn some_chat_command(&mut self) -> Option<Command> {
        if self.oracle.chats.numbers().len() < 2 {
            return Some(self.some_new_chat());
        }
        let chat = self.some_chat()?;
        let chats = vec![chat];
        if self.mood.gentle && self.random.per_mille(600) {
            return Some(Command::Chat(ChatCommand::Send { chat, text: "and then?".into() }));
        }
        Some(Command::Chat(
            match self.random.weighted(&[3, 30, 4, 8, 4, 10, 4, 6, 2, 5, 12, 10, 5, 4, 3, 1, 3, 3]) {
                0 if self.oracle.chats.numbers().len() < CHATS => return Some(self.some_new_chat()),
                0 | 1 => ChatCommand::Send { chat, text: "well?".into() },
                2 => ChatCommand::Resend { chat, messages: Vec::new() },
                3 => ChatCommand::Interrupt { chat, why: None },
                4 => ChatCommand::Hold { chats },
                5 => ChatCommand::Resume { chats },
                6 => ChatCommand::Archive { chats },
                7 => ChatCommand::Restore { chats },
                8 => {
                    let keep =
                        if self.random.per_mille(300) { BTreeSet::from([chat]) } else { BTreeSet::new() };
                    ChatCommand::Purge { keep, include_self: true }
                }
                9 => {
                    let handler = self.oracle.chats.chat(chat)?.handler()?;
                    return Some(Command::Kill { attempts: vec![handler], why: "enough".into() });
                }
                10 => {
                    *self.chats.consumers.entry(chat).or_default() += 1;
                    return None;
                }
                11 => {
                    self.chats.consumers.remove(&chat);
                    return None;
                }
                12 => {
                    self.tell(Event::ChatPinged(chat));
                    return None;
                }
                13 => {
                    self.chats.programs += 1;
                    if self.random.per_mille(500) {
                        self.tell(Event::Poked);
                    }
                    return None;
                }
                14 => return Some(Command::Undo { operation: self.some_operation() }),
                15 => return Some(Command::PauseDispatch),
                16 => return Some(Command::ResumeDispatch),
                _ => return Some(Command::ResumeAdapter { adapter: "command".into() }),
            },
        ))
    }

    fn some_chat(&mut self) -> Option<ChatNumber> {
        let numbers = self.oracle.chats.numbers();
        self.random.pick(&numbers).copied()
    }

    fn some_new_chat(&mut self) -> Command {
        let paid = self.mood.paid > 0 && self.random.per_mille(600);
        let adapter = match self.random.per_mille(20) {
            true => "nobody",
            false if paid => CLAUDE,
            false => "command",
        };
        let exec = (!paid && !self.random.per_mille(20)).then(|| "talk".to_owned());
        let run = ChatRun { adapter: adapter.into(), exec, model: None };
        Command::Chat(ChatCommand::Create(NewChat { name: None, run }))
    }

    /// Whether the dispatcher does not know who is attached.
    pub(super) fn consumers_unheard(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| daemon.attached != self.chats.consumers)
    }

    /// It hears who is attached now; the latest counts.
    pub(super) fn consumers_tell(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        daemon.attached.clone_from(&self.chats.consumers);
        daemon.inbox.retain(|event| !matches!(event, Event::Attached(_)));
        let consumers = self.chats.consumers.iter();
        let attached = consumers.map(|(chat, &all)| (*chat, Consumers { all, answering: 0 })).collect();
        daemon.inbox.push(Event::Attached(attached));
    }

    /// At the end of a run: some stay, most go, and some stopped chats are let go.
    pub(super) fn consumers_let_go(&mut self) {
        let actor = Actor::User("ann".into());
        self.command(&actor, Command::ResumeAdapter { adapter: "command".into() });
        for chat in self.oracle.chats.numbers() {
            if self.random.per_mille(600) {
                self.chats.consumers.remove(&chat);
            }
            let stopped =
                self.oracle.chats.chat(chat).is_some_and(|chat| {
                    matches!(chat.state, ChatState::Held { .. } | ChatState::GaveUp { .. })
                });
            if stopped && self.random.per_mille(500) {
                self.command(&actor, Command::Chat(ChatCommand::Resume { chats: vec![chat] }));
            }
        }
    }
}
