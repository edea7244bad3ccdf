//! What may start, and what time brings: the top of the schedule, due tasks and due waits, all from indexes.
//!
//! A ready task is in `tasks_ready` (by lane and age) while its `not_before` is absent or was seen to have
//! passed, and in `tasks_due` (by time) while it is *held*. Whoever writes next after that time moves it over;
//! a reader who comes first takes both. So neither many tasks of the future nor many of the past cost.

use rusqlite::params;
use wg_core::id::TaskId;
use wg_core::port::{ReadyQuery, TagFilter};
use wg_core::task::Task;
use wg_core::time::Timestamp;

use super::changes::task_id;
use super::operations::rows_at_most;
use super::tasks::task_in;
use super::trouble::Trouble;
use super::view::View;
use crate::class::Class;
use crate::codec;

/// Tasks that one operation moves over at most: about 10 ms of work where all become due together.
const RELEASED: i64 = 1_000;

/// What a [`TagFilter`] takes: lists of tags as JSON, at least one of ?4 (empty: any task), none of ?5.
const TAGGED: &str = "AND (?4 = '[]' OR EXISTS \
                      (SELECT 1 FROM tags WHERE tag IN (SELECT value FROM json_each(?4)) AND task = n)) \
                      AND NOT EXISTS \
                      (SELECT 1 FROM tags WHERE tag IN (SELECT value FROM json_each(?5)) AND task = n)";

impl View<'_> {
    pub(super) fn read_ready(&mut self, query: &ReadyQuery) -> Result<Vec<Task>, Trouble> {
        let lanes = match &query.lane {
            Some(lane) => vec![codec::lane_key(lane.as_deref())],
            None => self.free_lanes()?,
        };
        let (now, limit) = (query.now.as_nanos(), rows_at_most(query.limit));
        let mut top: Vec<(i64, String, i64)> = Vec::new();
        // Without tags, as it mostly is, the statement knows nothing of them.
        let lists = [&query.tags.any, &query.tags.none].map(serde_json::to_string);
        let [any, none] = lists.map(Result::unwrap_or_default);
        let tagged = if query.tags == TagFilter::default() { "" } else { TAGGED };
        for lane in &lanes {
            for source in [
                "tasks INDEXED BY tasks_ready WHERE class = 0 AND held = 0 AND lane = ?1 \
                 AND (not_before IS NULL OR not_before <= ?2)",
                "tasks INDEXED BY tasks_due WHERE class = 0 AND held = 1 AND lane = ?1 AND not_before <= ?2",
            ] {
                let sql =
                    format!("SELECT age_key, id, n FROM {source} {tagged} ORDER BY age_key, id LIMIT ?3");
                let mut statement = self.statement(&sql)?;
                let mut rows = match tagged {
                    "" => statement.query(params![lane, now, limit])?,
                    _ => statement.query(params![lane, now, limit, any, none])?,
                };
                while let Some(row) = rows.next()? {
                    top.push((row.get(0)?, row.get(1)?, row.get(2)?));
                }
            }
        }
        top.sort_unstable();
        top.truncate(query.limit);
        let mut bodies = self.bodies()?;
        top.into_iter().map(|(_, _, n)| task_in(&mut bodies, n)).collect()
    }

    /// Lanes in which tasks stand that nothing but time holds back.
    fn free_lanes(&mut self) -> Result<Vec<String>, Trouble> {
        let rows = self.counted_rows()?;
        let free = |(class, lane, _): &(Class, String, u64)| *class == Class::FREE && lane != codec::CHATS;
        Ok(rows.into_iter().filter(free).map(|(_, lane, _)| lane).collect())
    }

    /// Moves tasks whose time has come to where the schedule finds them by age.
    pub(super) fn release_due(&self, now: Timestamp) -> Result<(), Trouble> {
        let sql = "UPDATE tasks SET held = 0 WHERE n IN (SELECT n FROM tasks INDEXED BY tasks_due \
                   WHERE class = 0 AND held = 1 AND not_before <= ?1 ORDER BY not_before LIMIT ?2)";
        self.statement(sql)?.execute(params![now.as_nanos(), RELEASED])?;
        Ok(())
    }

    pub(super) fn read_next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, Trouble> {
        // A clock that was set back puts tasks that are no longer held into the future again.
        let sql = "SELECT min(due) FROM (
            SELECT min(not_before) AS due FROM tasks INDEXED BY tasks_due
                WHERE class = 0 AND held = 1 AND not_before > ?1
            UNION ALL SELECT min(not_before) FROM tasks INDEXED BY tasks_due
                WHERE class = 0 AND held = 0 AND not_before > ?1
            UNION ALL SELECT min(wait_until) FROM tasks INDEXED BY tasks_wait_until WHERE wait_until > ?1)";
        let due: Option<i64> = self.statement(sql)?.query_row([now.as_nanos()], |row| row.get(0))?;
        Ok(due.map(Timestamp::from_nanos))
    }

    pub(super) fn read_waits_due(&self, now: Timestamp, limit: usize) -> Result<Vec<TaskId>, Trouble> {
        let sql = "SELECT id FROM tasks INDEXED BY tasks_wait_until WHERE wait_until <= ?1 \
                   ORDER BY wait_until, id LIMIT ?2";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![now.as_nanos(), rows_at_most(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(task_id(row.get_ref(0)?)?);
        }
        Ok(found)
    }

    pub(super) fn read_waiting_for(&self, id: &TaskId) -> Result<Vec<TaskId>, Trouble> {
        let sql = "SELECT id FROM tasks INDEXED BY tasks_wait_task WHERE wait_task = ?1 ORDER BY id";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([id.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(task_id(row.get_ref(0)?)?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use wg_core::command::Command;
    use wg_core::id::Actor;
    use wg_core::port::Store;

    use super::*;
    use crate::sqlite::{migrate, open};

    #[test]
    fn who_writes_after_a_task_became_due_moves_it_to_where_it_costs_nothing() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        drop(crate::sqlite::create(folder.path()).expect("a new graph"));
        let mut store = open::for_writing(folder.path(), migrate::MIGRATIONS).expect("a graph");
        let at = |second: i64| Timestamp::from_nanos(second * 1_000_000_000);
        let mut task = Task::new(TaskId::slug("later"), "Later", at(0));
        task.times.not_before = Some(at(10));
        for (now, held) in [(1, 1), (9, 1), (10, 0)] {
            let written = store.write(&mut |view| {
                view.begin_operation(at(now), &Actor::User("ann".into()), &Command::PauseDispatch)?;
                if now == 1 { view.put_task(&task) } else { Ok(()) }
            });
            assert_eq!(written, Ok(()));
            let looked = rusqlite::Connection::open(folder.path().join("wg.db"))
                .and_then(|connection| connection.query_row("SELECT held FROM tasks", [], |row| row.get(0)));
            assert_eq!(looked, Ok(held), "at {now}");
        }
    }
}
