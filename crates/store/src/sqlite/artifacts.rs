//! `artifacts`: what a task brought forth.

use rusqlite::{Row, params};
use wg_core::id::TaskId;
use wg_core::port::Artifact;
use wg_core::time::Timestamp;

use super::trouble::Trouble;
use super::view::View;
use crate::codec;

fn artifact(row: &Row<'_>) -> Result<Artifact, Trouble> {
    let (at, actor, path): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    if row.get::<_, i64>(3)? != codec::row_sum([at, 0], &actor, &path) {
        return Err(Trouble::nonsense("an artifact is not as it was written: its sum differs"));
    }
    Ok(Artifact { at: Timestamp::from_nanos(at), actor, path })
}

impl View<'_> {
    pub(super) fn read_artifacts(&self, id: &TaskId) -> Result<Vec<Artifact>, Trouble> {
        let Some(n) = self.number_of(id)? else { return Ok(Vec::new()) };
        let sql = "SELECT at, actor, path, sum FROM artifacts WHERE task = ?1 ORDER BY number";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query([n])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(artifact(row)?);
        }
        Ok(found)
    }

    /// One that is there already stays as it was first named.
    pub(super) fn write_artifact(
        &self,
        id: &TaskId,
        at: Timestamp,
        actor: &str,
        path: &str,
    ) -> Result<(), Trouble> {
        self.current()?;
        let n = self.owner(id)?;
        let at = at.as_nanos();
        self.statement(
            "INSERT INTO artifacts (task, number, at, actor, path, sum) \
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM artifacts WHERE task = ?1 \
             HAVING NOT EXISTS (SELECT 1 FROM artifacts WHERE task = ?1 AND path = ?4)",
        )?
        .execute(params![n, at, actor, path, codec::row_sum([at, 0], actor, path)])?;
        Ok(())
    }
}
