//! Chats in an export.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Map, Value, json};
use wg_core::chat::{ARCHIVED_TAG, Chat, ChatState, What};
use wg_core::id::ChatNumber;
use wg_core::port::Read;
use wg_core::task::Task;

use super::{ExportError, Line, Rows, from, line as task_line, time, write_line};

/// Entries that are held at a time.
const PAGE: usize = 1_000;

/// A chat's place with the chat; what of the place follows from the chat is left out.
pub(super) fn line(mut place: Task, rows: &Rows, chat: &Chat) -> Value {
    place.tags.remove(ARCHIVED_TAG);
    place.times.completed_at = None;
    place.paused = false;
    let mut line = task_line(&place, rows);
    line.put("kind", "chat");
    let mut own = Line(Map::new());
    own.put("adapter", &*chat.run.adapter);
    own.put("exec", chat.run.exec.clone());
    own.put("model", chat.run.model.clone());
    own.put("session", chat.session.clone());
    own.put("created_at", time(chat.created_at));
    match &chat.state {
        ChatState::Archived { by, at, purged_at, held } => {
            let mut archived = Line(Map::new());
            archived.put("by", from(by));
            archived.put("at", time(*at));
            archived.put("purged_at", purged_at.map(time));
            if *held {
                archived.put("held", true);
            }
            own.put("archived", archived.0);
        }
        ChatState::Held { by, at } => own.put("held", json!({"by": from(by), "at": time(*at)})),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. }
        | ChatState::GaveUp { .. } => {}
    }
    line.put("chat", own.0);
    line.whole()
}

/// What was said in a chat, an entry a line.
pub(super) fn history(read: &mut dyn Read, chat: ChatNumber, out: &mut dyn Write) -> Result<(), ExportError> {
    let open: BTreeSet<u64> = read.inbox_open(chat)?.into_iter().map(|row| row.number).collect();
    let mut last = 0;
    loop {
        let entries = read.entries_of(chat, last, PAGE)?;
        let Some(newest) = entries.last() else { return Ok(()) };
        last = newest.number;
        for mut entry in entries {
            // It means nothing where the attempts are not.
            if let What::Answer { handler, .. } = &mut entry.what {
                *handler = None;
            }
            let Ok(Value::Object(told)) = serde_json::to_value(&entry) else {
                unreachable!("an entry is an object");
            };
            let mut line = Line(told);
            line.put("chat", chat.to_string());
            if open.contains(&entry.number) {
                line.put("unanswered", true);
            }
            write_line(out, &line.whole())?;
        }
    }
}
