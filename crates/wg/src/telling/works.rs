//! What works on a task, and who says so.

use serde::Serialize;
use wg_core::policy::{ChosenBy, Policy};
use wg_core::task::{Task, TaskKind};

/// What would work on a task that is not finished.
#[derive(Debug, Clone, Serialize)]
pub struct Works {
    adapter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    by: ChosenBy,
}

impl Works {
    /// What works on this task; none: people do, or nobody any more.
    #[must_use]
    pub fn on(policy: &Policy, task: &Task) -> Option<Self> {
        if task.kind == TaskKind::Chat || task.state.is_final() {
            return None;
        }
        let choice = policy.choose(task)?;
        Some(Self { adapter: choice.adapter, model: choice.model, by: choice.by })
    }

    /// In words, where the task does not say it itself.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        let by = match &self.by {
            ChosenBy::Task => return None,
            ChosenBy::Rule(tag) => format!("the rule of tag {tag}"),
            ChosenBy::Default => "default_adapter".to_owned(),
        };
        let model = self.model.as_ref().map(|model| format!(", model {model}")).unwrap_or_default();
        Some(format!("{}{model} ({by})", self.adapter))
    }
}
