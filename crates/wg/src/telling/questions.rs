//! What the handlers of chats ask, as it is told, and how it is answered.

use wg_core::chat::{Chat, Question};
use wg_core::command::{ChatCommand, Command};
use wg_core::id::{Actor, ChatNumber};

use crate::error::{Failure, Result};

/// The first open question; the choices are answered by their numbers, from 1.
#[must_use]
pub fn first(chat: &Chat) -> Option<&Question> {
    chat.open_questions().next()
}

/// `1 Allow once  2 Always allow  3 Reject`.
#[must_use]
pub fn choices(question: &Question) -> String {
    let numbered = question.choices.iter().enumerate();
    numbered.map(|(n, choice)| format!("{} {}", n + 1, choice.name)).collect::<Vec<_>>().join("  ")
}

/// The command that answers a question with the choice of this number.
pub fn answer(chat: ChatNumber, question: &Question, number: usize) -> Result<Command> {
    let choice = number
        .checked_sub(1)
        .and_then(|at| question.choices.get(at))
        .ok_or_else(|| Failure::refused(format!("there is no choice {number}")).because(choices(question)))?;
    let (question, choice) = (question.id.clone(), Some(choice.id.clone()));
    Ok(Command::Chat(ChatCommand::Answer { chat, question, choice }))
}

/// Who answered a question.
#[must_use]
pub fn judge(by: &Actor) -> String {
    match by {
        Actor::User(name) => name.clone(),
        Actor::Dispatcher(_) => "nobody was there to ask".to_owned(),
        other => other.to_string(),
    }
}
