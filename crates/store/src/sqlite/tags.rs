//! `tags`: which tasks carry a tag.

use std::collections::BTreeSet;

use rusqlite::params;

use super::trouble::Trouble;
use super::view::View;

impl View<'_> {
    /// Keeps the tags of a task.
    pub(super) fn retag(
        &self,
        n: i64,
        from: &BTreeSet<String>,
        to: &BTreeSet<String>,
    ) -> Result<(), Trouble> {
        for tag in from.difference(to) {
            self.statement("DELETE FROM tags WHERE tag = ?1 AND task = ?2")?.execute(params![tag, n])?;
        }
        for tag in to.difference(from) {
            self.statement("INSERT INTO tags (tag, task) VALUES (?1, ?2)")?.execute(params![tag, n])?;
        }
        Ok(())
    }
}
