//! What was said in a chat, entry by entry, as people read it.

use wg_core::chat::{Entry, What};

use crate::context::Context;
use crate::error::Result;
use crate::telling::{entries, questions};

/// Prints an entry: its number, when, who, and what was said.
pub fn print(ctx: &mut Context, entry: &Entry) -> Result<()> {
    let mut head = vec![entry.number.to_string(), ctx.time(entry.at)];
    let body = match &entry.what {
        What::Message { from, text } => {
            head.push(from.to_string());
            text.clone()
        }
        What::Tool { name, detail, .. } => {
            head.push("tool".to_owned());
            format!("{name} {detail}").trim_end().to_owned()
        }
        What::Permission { what, answer, by, .. } => {
            head.push("asked".to_owned());
            format!("{what}: {answer} ({})", questions::judge(by))
        }
        What::Answer { message, text, handler, usage } => {
            let who = handler.map_or_else(|| "the chat".to_owned(), |handler| handler.to_string());
            let to = message.map(|message| format!(" to {message}")).unwrap_or_default();
            head.push(format!("{who}{to}"));
            head.extend((!usage.is_empty()).then(|| usage.to_string()));
            text.clone()
        }
        What::TurnEnded { message, why, .. } => {
            head.push(format!("no answer to {message}"));
            why.clone()
        }
        What::Note { text } => {
            head.push("note".to_owned());
            text.clone()
        }
    };
    entries::one(ctx, "", &head, body.trim_end())
}
