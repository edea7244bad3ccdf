//! The tasks that another one depends on, or that depend on it, as they are listed beside it.

use serde::Serialize;
use wg_core::id::TaskId;
use wg_core::port::Read;
use wg_core::task::StateName;

use crate::error::Result;
use crate::output::{Cell, style::Tone};

/// A task beside another one.
#[derive(Debug, Clone, Serialize)]
pub struct Relative {
    /// Which.
    pub id: TaskId,
    /// Its state; absent where there is no such task.
    pub state: Option<StateName>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl Relative {
    /// Its id, state and title in a table.
    #[must_use]
    pub fn cells(&self) -> [Cell; 3] {
        let state = self.state.map_or("missing", StateName::as_str);
        let title = self.title.as_deref().unwrap_or_default();
        [Cell::new(self.id.as_str(), Tone::Cyan), Cell::new(state, tone(self.state)), Cell::from(title)]
    }
}

/// The colour of a state.
#[must_use]
pub fn tone(state: Option<StateName>) -> Tone {
    match state {
        Some(StateName::Done) => Tone::Green,
        Some(StateName::Failed) | None => Tone::Red,
        Some(StateName::InProgress) => Tone::Blue,
        Some(StateName::InReview) => Tone::Yellow,
        Some(StateName::Abandoned) => Tone::Dim,
        Some(StateName::Open | StateName::Waiting) => Tone::Plain,
    }
}

/// The first `limit` of these tasks as they are now.
pub fn of<'a>(
    read: &mut dyn Read,
    ids: impl Iterator<Item = &'a TaskId>,
    limit: usize,
) -> Result<Vec<Relative>> {
    ids.take(limit)
        .map(|id| {
            let (state, title) = read.task(id)?.map(|(task, _)| (task.state.name(), task.title)).unzip();
            Ok(Relative { id: id.clone(), state, title })
        })
        .collect()
}
