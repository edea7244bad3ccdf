//! `counts`: how many tasks there are of each class and lane. Changes are gathered and written once a
//! transaction, or before somebody asks.

use rusqlite::params;
use wg_core::port::{CountRow, Counts};
use wg_core::task::StateName;

use super::tasks::{Columns, class};
use super::trouble::Trouble;
use super::view::View;
use crate::class::Class;
use crate::codec;

impl View<'_> {
    /// A task of these columns came or went.
    pub(super) fn count(&mut self, columns: &Columns, by: i64) {
        self.count_class(columns.class, &columns.lane, by);
    }

    pub(super) fn count_class(&mut self, class: Class, lane: &str, by: i64) {
        *self.counted.entry((class.number(), lane.to_owned())).or_default() += by;
    }

    pub(super) fn flush_counts(&mut self) -> Result<(), Trouble> {
        for ((class, lane), by) in std::mem::take(&mut self.counted) {
            if by == 0 {
                continue;
            }
            self.statement(
                "INSERT INTO counts (class, lane, tasks) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (class, lane) DO UPDATE SET tasks = tasks + excluded.tasks",
            )?
            .execute(params![class, lane, by])?;
            if by < 0 {
                self.statement("DELETE FROM counts WHERE class = ?1 AND lane = ?2 AND tasks = 0")?
                    .execute(params![class, lane])?;
            }
        }
        Ok(())
    }

    /// The counts: class, key of the lane, tasks.
    pub(super) fn counted_rows(&mut self) -> Result<Vec<(Class, String, u64)>, Trouble> {
        self.flush_counts()?;
        let mut statement = self.statement("SELECT class, lane, tasks FROM counts ORDER BY class, lane")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((class(row.get(0)?)?, row.get(1)?, row.get(2)?));
        }
        Ok(found)
    }

    pub(super) fn read_counts(&mut self) -> Result<Counts, Trouble> {
        let mut rows: Vec<(Class, u64)> = Vec::new();
        for (class, lane, tasks) in self.counted_rows()? {
            if lane == codec::CHATS {
                continue;
            }
            match rows.last_mut() {
                Some((last, sum)) if *last == class => *sum += tasks,
                _ => rows.push((class, tasks)),
            }
        }
        let row = |(class, tasks): (Class, u64)| CountRow {
            state: class.state(),
            blocked: class.is_blocked(),
            paused: class.is_paused(),
            used_up: class.is_used_up(),
            tasks,
        };
        Ok(Counts { rows: rows.into_iter().map(row).collect() })
    }

    pub(super) fn read_lanes(&mut self) -> Result<Vec<Option<String>>, Trouble> {
        let rows = self.counted_rows()?;
        let mut lanes: Vec<_> = rows
            .into_iter()
            .filter(|(class, lane, _)| class.state() == StateName::Open && lane != codec::CHATS)
            .map(|(_, lane, _)| codec::lane_of(&lane))
            .collect();
        lanes.sort();
        lanes.dedup();
        Ok(lanes)
    }
}
