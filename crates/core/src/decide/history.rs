//! What was said in a chat elsewhere, taken into its history here.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::{Entry, InboxRow, InboxState, What};
use crate::decide::{Draft, Refusal};
use crate::id::ChatNumber;
use crate::time::Timestamp;

/// Appends the entries that are not there yet, under new numbers: messages that were answered stay answered,
/// the others are set aside. What was said here in a chat that came from no import is not mixed with it.
pub(super) fn take_in(
    draft: &mut Draft<'_>,
    chat: ChatNumber,
    entries: Vec<Entry>,
    unanswered: &BTreeSet<u64>,
) -> Result<(), Refusal> {
    let mut known: BTreeMap<Timestamp, Vec<Entry>> = BTreeMap::new();
    for entry in draft.read.entries_of(chat, 0, usize::MAX)? {
        known.entry(entry.at).or_default().push(entry);
    }
    if !known.is_empty() && draft.read.imported(&chat.task_id())?.is_none() {
        draft.notes.push(format!("{chat} has a history of its own: it stays as it is"));
        return Ok(());
    }
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    for entry in entries {
        let what = renumbered(entry.what, &numbers);
        let same = known.get_mut(&entry.at).and_then(|there| {
            let at = there.iter().position(|other| bare(&other.what) == bare(&what))?;
            Some(there.remove(at))
        });
        if let Some(same) = same {
            numbers.insert(entry.number, same.number);
            continue;
        }
        let is_message = matches!(what, What::Message { .. });
        let number = draft.entry_at(chat, entry.at, what)?;
        numbers.insert(entry.number, number);
        if is_message {
            let aside = unanswered.contains(&entry.number);
            let state = if aside { InboxState::SetAside } else { InboxState::Answered };
            draft.put_inbox(chat, InboxRow { number, kills: 0, deliveries: 0, state });
        }
    }
    Ok(())
}

/// With the number that its message has here; 0 where that is not there.
fn renumbered(what: What, numbers: &BTreeMap<u64, u64>) -> What {
    let new = |message: u64| numbers.get(&message).copied();
    match what {
        What::Tool { message, name, detail } => {
            What::Tool { message: new(message).unwrap_or_default(), name, detail }
        }
        What::Permission { message, what, answer, allowed, by } => {
            let message = new(message).unwrap_or_default();
            What::Permission { message, what, answer, allowed, by }
        }
        What::Answer { message, text, handler, usage } => {
            What::Answer { message: message.and_then(new), text, handler, usage }
        }
        What::TurnEnded { message, why, usage } => {
            What::TurnEnded { message: new(message).unwrap_or_default(), why, usage }
        }
        What::Message { .. } | What::Note { .. } => what,
    }
}

/// Without the handler, which no export tells.
fn bare(what: &What) -> What {
    match what {
        What::Answer { message, text, handler: _, usage } => {
            What::Answer { message: *message, text: text.clone(), handler: None, usage: usage.clone() }
        }
        What::Message { .. }
        | What::Tool { .. }
        | What::Permission { .. }
        | What::TurnEnded { .. }
        | What::Note { .. } => what.clone(),
    }
}
