//! What handlers ask: who is there is waited for; where nobody is, the configuration says no.

use wg_core::chat::{ANSWER_WITHIN, Serving};
use wg_core::command::ChatCommand;
use wg_core::time::Timestamp;

use super::super::Dispatcher;
use super::super::event::HostEffect;
use super::look::ChatLook;
use super::plan::COMES_BACK;

impl Dispatcher {
    /// Tells a handler what was answered, and answers what nobody will.
    pub(super) fn questions(
        &mut self,
        look: &ChatLook,
        serving: &Serving,
        now: Timestamp,
        commands: &mut Vec<ChatCommand>,
    ) {
        let (chat, handler) = (look.chat.number, serving.handler);
        for question in &serving.questions {
            let Some(verdict) = &question.answer else {
                if self.nobody_answers(look, serving, question.at, now) {
                    let choice = question.refusal().map(|choice| choice.id.clone());
                    commands.push(ChatCommand::Answer { chat, question: question.id.clone(), choice });
                }
                continue;
            };
            let Some(talk) = self.chats.talks.get_mut(&handler) else { return };
            if talk.told.insert(question.id.clone()) {
                self.out.push(HostEffect::Answer {
                    attempt: handler,
                    question: question.id.clone(),
                    choice: verdict.choice.clone(),
                });
            }
        }
        if let Some(talk) = self.chats.talks.get_mut(&handler) {
            talk.told.retain(|told| serving.questions.iter().any(|question| question.id == *told));
        }
    }

    /// Whether nobody is there who could answer what was asked then, and nobody is expected back; or it was waited for
    /// long enough.
    fn nobody_answers(
        &mut self,
        look: &ChatLook,
        serving: &Serving,
        asked: Timestamp,
        now: Timestamp,
    ) -> bool {
        let chat = look.chat.number;
        if self.chats.can_be_asked(chat) {
            return self.is_due(asked.plus(ANSWER_WITHIN), ANSWER_WITHIN, now);
        }
        let adopted = self.slots.get(&serving.handler).and_then(|slot| slot.adopted);
        let left = self.chats.left.get(&chat).copied();
        adopted.max(left).is_none_or(|since| self.is_due(since.plus(COMES_BACK), COMES_BACK, now))
    }
}
