//! The part of the check that is about chats: their rows follow from them, and what is said in them can be
//! read and is as it was written.

use std::collections::BTreeMap;

use wg_core::chat::{Chat, InboxState};
use wg_core::id::ChatNumber;

use super::changes::present;
use super::chats::standing;
use super::trouble::Trouble;
use super::view::View;

/// What each chat's row should be, of every chat that is listed: standing and how many messages wait.
pub(super) fn chats(view: &View<'_>, found: &mut Vec<String>) -> Result<(), Trouble> {
    let mut statement = view.connection.prepare(
        "SELECT t.number, t.standing, t.waiting, c.body, c.sum, c.kind = 3 AND c.key = t.number \
         AND NOT EXISTS (SELECT 1 FROM changes l WHERE l.kind = 3 AND l.key = t.number AND l.op > c.op) \
         FROM chats t LEFT JOIN changes c ON c.n = t.change ORDER BY t.number",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (number, kept, waiting): (u64, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let number = ChatNumber(number);
        let chat: Chat = present(row, 3)?;
        let messages = said(view, number, found)?;
        let waits = messages.values().filter(|state| **state == InboxState::Waiting).count() as u64;
        let leads = row.get::<_, Option<bool>>(5)?.unwrap_or_default();
        if !leads || chat.number != number || kept != standing(&chat) || waiting != waits {
            found.push(format!("{number}: its row does not follow from it"));
        }
    }
    view.read_all_consumers()
}

/// Reads what was said in a chat, and gives where its messages stand.
fn said(
    view: &View<'_>,
    chat: ChatNumber,
    found: &mut Vec<String>,
) -> Result<BTreeMap<u64, InboxState>, Trouble> {
    const AT_ONCE: usize = 1_000;
    let inbox: BTreeMap<u64, InboxState> =
        view.read_inbox(chat)?.into_iter().map(|row| (row.number, row.state)).collect();
    let (mut last, mut there) = (0, 0);
    loop {
        let entries = view.read_entries(chat, last, AT_ONCE)?;
        let Some(newest) = entries.last() else { break };
        last = newest.number;
        there += entries.iter().filter(|entry| inbox.contains_key(&entry.number)).count();
    }
    if there != inbox.len() {
        found.push(format!("{chat}: messages stand somewhere that are not there"));
    }
    Ok(inbox)
}

/// Rows belong to a chat, and entries have no gaps: as SQL and what it finds.
pub(super) const BELONGING: [(&str, &str); 3] = [
    (
        "SELECT count(DISTINCT key) FROM changes WHERE kind = 3 AND key NOT IN (SELECT number FROM chats)",
        "chats that are recorded and not listed",
    ),
    (
        "SELECT count(*) FROM (SELECT chat FROM entries UNION SELECT chat FROM inbox) \
         WHERE chat NOT IN (SELECT number FROM chats)",
        "chats that are not there and have entries or messages",
    ),
    (
        "SELECT sum(n) FROM (SELECT max(number) - count(*) AS n FROM entries GROUP BY chat)",
        "entries of chats that are missing",
    ),
];
