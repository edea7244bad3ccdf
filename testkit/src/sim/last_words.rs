//! What an agent said last, taken in by a command that records its end: after `wg_dispatch`'s `recover`.

use wg_agents::{ChatFacts, Heard as Line, Registry};
use wg_core::attempt::{Attempt, AttemptKind};
use wg_core::command::{AttemptHeard, ChatCommand, Command, Heard};
use wg_core::id::{Actor, ChatNumber};
use wg_core::usage::Cap;

use super::world::World;

impl World {
    /// Takes in what is not taken in yet of an attempt that is over and whose end nobody asked for.
    pub(super) fn take_in_last_words(&mut self, actor: &Actor, attempt: &Attempt) {
        let Some(attempt) = self.oracle.attempt(attempt.reference).cloned() else { return };
        let registry = Registry::default();
        let Some(adapter) = registry.get(&attempt.adapter).filter(|_| attempt.stop.is_none()) else { return };
        let (agent, fence) = (attempt.reference, attempt.fence);
        let chat = ChatNumber::of_task(&attempt.task).and_then(|number| self.oracle.chats.chat(number));
        let chat = chat.filter(|chat| chat.handler() == Some(agent) && chat.fence == fence);
        let (from, conversation) = match (chat, attempt.kind) {
            (Some(chat), _) => (chat.parsed, adapter.conversation(&ChatFacts::of(chat))),
            (None, AttemptKind::Handler) => return,
            (None, AttemptKind::Work) => (attempt.progress.parsed, adapter.work(&attempt)),
        };
        let Some(mut conversation) = conversation else { return };
        let number = chat.map(|chat| chat.number);
        self.oracle.work.opened(agent);
        let events = self.host.folder(agent).events.clone();
        let mut place = usize::try_from(from).expect("a run says little");
        let mut said = Vec::new();
        while let Some(rest) = events.get(place..)
            && let Some(end) = rest.iter().position(|byte| *byte == b'\n')
        {
            place += end + 1;
            said.extend(conversation.line(&rest[..end]).into_iter().filter_map(|line| match line {
                Line::Kept(said) => Some(said),
                Line::Delta(_) | Line::Reply(_) | Line::Garbage(_) => None,
            }));
        }
        let parsed = place as u64;
        if parsed <= from {
            return;
        }
        let command = match number {
            Some(chat) => Command::Chat(ChatCommand::Heard(Heard {
                chat,
                handler: agent,
                fence,
                said,
                parsed,
                jitter: 0,
            })),
            None => {
                let cap = if adapter.is_paid() { self.config.cap } else { Cap::default() };
                Command::AttemptHeard(AttemptHeard { attempt: agent, fence, said, parsed, cap })
            }
        };
        self.submit(actor, command);
    }
}
