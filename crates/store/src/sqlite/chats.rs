//! `chats`: one row for each, with where it stands as a number, so that those that a dispatcher has to look
//! at are found whatever the number of the others.

use rusqlite::{OptionalExtension, params};
use wg_core::chat::{Chat, ChatState};
use wg_core::id::ChatNumber;
use wg_core::port::{Chats, StoreError};
use wg_core::used::Told;

use super::changes::{Key, present};
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

/// Where a chat stands, as a column. The numbers are in databases: they never change.
pub(super) fn standing(chat: &Chat) -> i64 {
    match &chat.state {
        ChatState::Dormant => 0,
        ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. } => 1,
        ChatState::GaveUp { .. } => 2,
        ChatState::Held { .. } => 3,
        ChatState::Archived { .. } => 4,
    }
}

/// Bodies of chats, by number, each kind from its index.
fn query(which: Chats) -> String {
    let which = match which {
        Chats::All => "",
        Chats::Unarchived => "INDEXED BY chats_unarchived WHERE standing < 4",
        Chats::Awake => "INDEXED BY chats_awake WHERE standing = 1 OR standing = 0 AND waiting > 0",
        Chats::GaveUp => "INDEXED BY chats_gave_up WHERE standing = 2",
    };
    format!(
        "SELECT c.body, c.sum FROM (SELECT number, change FROM chats {which}) t \
         CROSS JOIN changes c ON c.n = t.change ORDER BY t.number"
    )
}

impl View<'_> {
    pub(super) fn read_chat(&self, number: ChatNumber) -> Result<Option<(Chat, u64)>, Trouble> {
        let sql = "SELECT c.body, c.sum, c.version FROM chats t JOIN changes c ON c.n = t.change \
                   WHERE t.number = ?1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([number.0.cast_signed()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((present(row, 0)?, row.get(2)?)))
    }

    pub(super) fn read_chats(&self, which: Chats) -> Result<Vec<Chat>, Trouble> {
        let mut statement = self.statement(&query(which))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(present(row, 0)?);
        }
        Ok(found)
    }

    pub(super) fn read_last_chat(&self) -> Result<ChatNumber, Trouble> {
        let sql = "SELECT coalesce(max(number), 0) FROM chats";
        Ok(ChatNumber(self.statement(sql)?.query_row([], |row| row.get(0))?))
    }

    pub(super) fn write_chat(&mut self, chat: &Chat) -> Result<(), Trouble> {
        self.note_put()?;
        let key = Key::Chat(chat.number.0);
        let newest = self.newest(key)?;
        self.count_used(key, newest, &Told::of_chat(chat), Told::of_chat)?;
        let change = self.record(key, newest, Some(&codec::encode(chat)))?;
        self.statement(
            "INSERT INTO chats (number, change, standing, waiting) VALUES (?1, ?2, ?3, 0) \
             ON CONFLICT (number) DO UPDATE SET change = excluded.change, standing = excluded.standing",
        )?
        .execute(params![chat.number.0.cast_signed(), change, standing(chat)])?;
        Ok(())
    }

    /// An error where there is no such chat: rows belong to something.
    pub(super) fn require_chat(&self, number: ChatNumber) -> Result<(), Trouble> {
        self.current()?;
        let mut statement = self.statement("SELECT 1 FROM chats WHERE number = ?1")?;
        let found: Option<i64> =
            statement.query_row([number.0.cast_signed()], |row| row.get(0)).optional()?;
        let none = || StoreError::Failed(format!("there is no {number} to write to"));
        Ok(found.map(drop).ok_or_else(none)?)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;
    use wg_core::chat::ChatRun;
    use wg_core::command::Command;
    use wg_core::id::Actor;
    use wg_core::port::Store;
    use wg_core::time::Timestamp;

    use super::*;
    use crate::sqlite::{migrate, open};

    /// Steps of SQLite's machine that a question costs, and its answers.
    fn cost(folder: &std::path::Path, which: Chats) -> (i32, usize) {
        let connection = rusqlite::Connection::open(folder.join("wg.db")).expect("a database");
        let mut statement = connection.prepare(&query(which)).expect("an index");
        let mut rows = statement.query([]).expect("rows");
        let mut found = 0;
        while rows.next().expect("a row").is_some() {
            found += 1;
        }
        drop(rows);
        (statement.get_status(StatementStatus::VmStep), found)
    }

    #[test]
    fn those_that_are_awake_cost_the_same_whatever_the_number_of_the_others() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        drop(crate::sqlite::create(folder.path()).expect("a new graph"));
        let mut store = open::for_writing(folder.path(), migrate::MIGRATIONS).expect("a graph");
        let (at, by) = (Timestamp::from_nanos(1), Actor::User("ann".into()));
        let archived = ChatState::Archived { by: by.clone(), at, purged_at: None, held: false };
        let gave_up = wg_core::chat::GiveUp::Auth;
        let gave_up = ChatState::GaveUp { reason: gave_up, detail: String::new(), at, configuration: 1 };
        let mut last = 0;
        let mut put = |state: &ChatState, times: u64| {
            let written = store.write(&mut |view| {
                view.begin_operation(at, &by, &Command::PauseDispatch)?;
                for number in last + 1..=last + times {
                    let mut chat = Chat::new(ChatNumber(number), "a chat", ChatRun::default(), at);
                    chat.state = state.clone();
                    view.put_chat(&chat)?;
                }
                last += times;
                Ok(())
            });
            assert_eq!(written, Ok(()));
        };
        put(&ChatState::Backoff { until: at }, 3);
        put(&gave_up, 2);
        let alone = [Chats::Awake, Chats::GaveUp].map(|which| cost(folder.path(), which));
        assert_eq!(alone.map(|(_, found)| found), [3, 2]);
        put(&ChatState::Dormant, 500);
        put(&archived, 500);
        assert_eq!([Chats::Awake, Chats::GaveUp].map(|which| cost(folder.path(), which)), alone);
        let unarchived = cost(folder.path(), Chats::Unarchived);
        put(&archived, 500);
        assert_eq!(cost(folder.path(), Chats::Unarchived), unarchived);
    }
}
