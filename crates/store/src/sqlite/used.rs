//! `used`: what was used on which day, by whom. What a record tells more than its last version is added when it is
//! written; `used_by_history` says what must be there, for the check and for counting anew.

use std::path::Path;

use rusqlite::{Row, params};
use serde::de::DeserializeOwned;
use wg_core::control::Day;
use wg_core::port::StoreError;
use wg_core::usage::Usage;
use wg_core::used::{Counts, Spender, Told, Used};

use super::changes::{Key, Newest, body, task_id};
use super::migrate;
use super::open;
use super::trouble::Trouble;
use super::view::View;
use crate::codec;

const COLUMNS: &str = "day, task, adapter, model, input, cache_read, cache_write, output, reasoning, cost_micros, \
                       priced";

fn used(row: &Row<'_>) -> Result<Used, Trouble> {
    let model: String = row.get(3)?;
    let by = Spender { task: task_id(row.get_ref(1)?)?, adapter: row.get(2)?, model: codec::lane_of(&model) };
    let counts = Counts {
        input: row.get(4)?,
        cache_read: row.get(5)?,
        cache_write: row.get(6)?,
        output: row.get(7)?,
        reasoning: row.get(8)?,
        cost_micros: row.get(9)?,
        priced: row.get(10)?,
    };
    Ok(Used { day: Day(row.get(0)?), by, counts })
}

/// Reads the whole history of the graph in a folder (`.wg`) and says whose sums do not follow from it: tasks, and
/// chats by their place in the graph. [`fn@super::check`] does not look at them, as they can be counted anew.
pub fn check_used(folder: &Path) -> Result<Vec<String>, StoreError> {
    let (place, connection, deadline) = open::for_reading(folder, migrate::MIGRATIONS)?.into_parts();
    deadline.lift();
    let differing = || -> Result<Vec<String>, rusqlite::Error> {
        connection
            .prepare(
                "WITH expected AS MATERIALIZED (SELECT * FROM used_by_history) \
                 SELECT task FROM (SELECT * FROM used EXCEPT SELECT * FROM expected) \
                 UNION SELECT task FROM (SELECT * FROM expected EXCEPT SELECT * FROM used)",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    differing().map_err(|error| Trouble::from(error).tell(&place))
}

/// Counts what was used anew, from the whole history of the graph in a folder (`.wg`).
pub fn count_used_anew(folder: &Path) -> Result<(), StoreError> {
    let anew = "DELETE FROM used; INSERT INTO used SELECT * FROM used_by_history";
    open::for_writing(folder, migrate::MIGRATIONS)?.make_anew(anew)
}

impl View<'_> {
    pub(super) fn visit_used_since(&self, since: Day, visit: &mut dyn FnMut(Used)) -> Result<(), Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM used WHERE day >= ?1 ORDER BY day, task, adapter, model");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([since.0])?;
        while let Some(row) = rows.next()? {
            visit(used(row)?);
        }
        Ok(())
    }

    /// Counts what a record that is about to be written tells more than its last version did.
    pub(super) fn count_used<R: DeserializeOwned>(
        &self,
        key: Key<'_>,
        newest: Option<Newest>,
        told: &Told,
        of: fn(&R) -> Told,
    ) -> Result<(), Trouble> {
        let (op, at) = self.current()?;
        let day = Day::of(at);
        let last = self.told_in(newest.map(|newest| newest.n), of)?;
        // A second version within an operation replaces the first, whose part in the sums goes with it.
        if newest.is_some_and(|newest| newest.op == op.0)
            && let Some(replaced) = last
        {
            let before = self.told_in(self.body_before(key, op)?, of)?;
            let before = before.map(|told| told.usage).unwrap_or_default();
            self.add_used(day, &replaced.by, &Counts::between(&before, &replaced.usage).taken_back())?;
            return self.add_used(day, &told.by, &Counts::between(&before, &told.usage));
        }
        let before = last.map_or_else(Usage::default, |told| told.usage);
        self.add_used(day, &told.by, &Counts::between(&before, &told.usage))
    }

    /// What the version of a record in a row of `changes` tells.
    fn told_in<R: DeserializeOwned>(
        &self,
        n: Option<i64>,
        of: fn(&R) -> Told,
    ) -> Result<Option<Told>, Trouble> {
        let Some(n) = n else { return Ok(None) };
        let mut statement = self.statement("SELECT body, sum FROM changes WHERE n = ?1")?;
        let mut rows = statement.query([n])?;
        let Some(row) = rows.next()? else { return Err(Trouble::nonsense("a change is missing")) };
        Ok(body(row, 0)?.as_ref().map(of))
    }

    fn add_used(&self, day: Day, by: &Spender, more: &Counts) -> Result<(), Trouble> {
        if more.is_zero() {
            return Ok(());
        }
        let (task, model) = (by.task.as_str(), codec::lane_key(by.model.as_deref()));
        let Counts { input, cache_read, cache_write, output, reasoning, cost_micros, priced } = *more;
        let sql = format!(
            "INSERT INTO used ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (day, task, adapter, model) DO UPDATE SET input = input + excluded.input, \
             cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write, \
             output = output + excluded.output, reasoning = reasoning + excluded.reasoning, \
             cost_micros = cost_micros + excluded.cost_micros, priced = priced + excluded.priced"
        );
        self.statement(&sql)?.execute(params![
            day.0,
            task,
            by.adapter,
            model,
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
            cost_micros,
            priced
        ])?;
        // A sum that came to nothing is none.
        self.statement(
            "DELETE FROM used WHERE day = ?1 AND task = ?2 AND adapter = ?3 AND model = ?4 AND input = 0 \
             AND cache_read = 0 AND cache_write = 0 AND output = 0 AND reasoning = 0 AND cost_micros = 0 \
             AND priced = 0",
        )?
        .execute(params![day.0, task, by.adapter, model])?;
        Ok(())
    }
}
