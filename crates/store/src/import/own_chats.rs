//! Chats in this program's own format: what a chat's line says beyond its place in the graph, and the lines
//! of its history.

use serde_json::{Map, Value};
use wg_core::chat::{self, COMMAND_ADAPTER, ChatRun, ChatState, What};
use wg_core::id::{Actor, ChatNumber};
use wg_core::usage::Usage;

use super::chats::{ChatDraft, Said};
use super::fields::{Fields, wrong};
use super::problem::Unreadable;
use super::record::Draft;
use crate::export::IMPORTER;

/// An entry of a chat's history, and the names of its fields that are not kept.
pub(super) type Entry = (ChatNumber, Said, Vec<String>);

/// Whether an object is a line of a chat's history.
pub(super) fn is_entry(fields: &Fields) -> bool {
    fields.0.get("chat").is_some_and(Value::is_string) && !fields.0.contains_key("id")
}

/// What a chat's line says of the chat itself.
pub(super) fn chat(fields: &mut Fields, draft: &mut Draft) -> Result<(), Unreadable> {
    let mut told = fields.object("chat")?.unwrap_or_else(|| Fields(Map::new()));
    let run = ChatRun {
        adapter: told.text("adapter")?.unwrap_or_else(|| COMMAND_ADAPTER.to_owned()),
        exec: told.text("exec")?,
        model: told.text("model")?,
    };
    let session = told.text("session")?;
    let created_at = told.time("created_at")?;
    let (archived, held) = (told.object("archived")?, told.object("held")?);
    let seen = draft.last_seen();
    let who = |by: Option<String>| Actor::from(by.unwrap_or_else(|| IMPORTER.to_owned()));
    let state = match (archived, held) {
        (Some(mut archived), _) => {
            let state = ChatState::Archived {
                by: who(archived.text("by")?),
                at: archived.time("at")?.unwrap_or(seen),
                purged_at: archived.time("purged_at")?,
                held: archived.flag("held")?,
            };
            draft.drop_rest("chat.archived", archived);
            state
        }
        (None, Some(mut held)) => {
            let state = ChatState::Held { by: who(held.text("by")?), at: held.time("at")?.unwrap_or(seen) };
            draft.drop_rest("chat.held", held);
            state
        }
        (None, None) => ChatState::Dormant,
    };
    draft.drop_rest("chat", told);
    draft.chat = Some(Box::new(ChatDraft { run, state, session, created_at }));
    Ok(())
}

/// One line of a history.
pub(super) fn entry(mut fields: Fields) -> Result<Entry, Unreadable> {
    let name = text(&mut fields, "chat")?;
    let chat = name.parse::<ChatNumber>().map_err(|_| Unreadable::word("chat", &name))?;
    let none = |name, wanted| wrong(name, wanted, &Value::Null);
    let number =
        fields.count("number")?.filter(|n| *n > 0).ok_or_else(|| none("number", "a number from 1"))?;
    let at = fields.time("at")?.ok_or_else(|| none("at", "a time"))?;
    let unanswered = fields.flag("unanswered")?;
    let what = what(&mut fields)?;
    let rest = fields.rest().map(|(name, _)| format!("entries.{name}")).collect();
    let unanswered = unanswered && matches!(what, What::Message { .. });
    Ok((chat, Said { entry: chat::Entry { number, at, what }, unanswered }, rest))
}

fn what(fields: &mut Fields) -> Result<What, Unreadable> {
    let kind = text(fields, "kind")?;
    Ok(match kind.as_str() {
        "message" => What::Message { from: Actor::from(text(fields, "from")?), text: text(fields, "text")? },
        "tool" => What::Tool {
            message: fields.count("message")?.unwrap_or_default(),
            name: text(fields, "name")?,
            detail: text(fields, "detail")?,
        },
        "permission" => What::Permission {
            message: fields.count("message")?.unwrap_or_default(),
            what: text(fields, "what")?,
            answer: text(fields, "answer")?,
            allowed: fields.flag("allowed")?,
            by: Actor::from(text(fields, "by")?),
        },
        "answer" => What::Answer {
            message: fields.count("message")?,
            text: text(fields, "text")?,
            handler: None,
            usage: usage(fields)?,
        },
        "turn-ended" => What::TurnEnded {
            message: fields.count("message")?.unwrap_or_default(),
            why: text(fields, "why")?,
            usage: usage(fields)?,
        },
        "note" => What::Note { text: text(fields, "text")? },
        _ => return Err(Unreadable::word("kind", &kind)),
    })
}

fn text(fields: &mut Fields, name: &str) -> Result<String, Unreadable> {
    Ok(fields.text(name)?.unwrap_or_default())
}

fn usage(fields: &mut Fields) -> Result<Usage, Unreadable> {
    match fields.value("usage") {
        None => Ok(Usage::default()),
        Some(value) => {
            let kind = wrong("usage", "an object of token counts", &value);
            serde_json::from_value(value).map_err(|_| kind)
        }
    }
}
