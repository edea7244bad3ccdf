//! The part of a task filter that no index answers: words in id, title or description.

use wg_core::task::Task;

/// A text to be found in tasks, letter case aside.
pub(crate) struct Needle(String);

impl Needle {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    pub(crate) fn is_in(&self, task: &Task) -> bool {
        [task.id.as_str(), &task.title, &task.description]
            .into_iter()
            .any(|text| text.to_lowercase().contains(&self.0))
    }
}
