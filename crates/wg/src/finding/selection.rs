//! Which tasks a verb is for: those that are named, or all that some flags describe. One selection is one
//! operation, however many tasks it takes.

use std::ops::ControlFlow;

use wg_core::attempt::AttemptKind;
use wg_core::id::TaskId;
use wg_core::port::{Page, TaskFilter, TaskOrder};
use wg_core::task::StateName;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::resolve;

/// Which tasks.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Which tasks")]
pub struct Selection {
    /// Tasks, by id or unique prefix
    #[arg(value_name = "TASK", help_heading = "Which tasks")]
    pub tasks: Vec<String>,
    /// All in this state: open, in-progress, waiting, in-review, done, failed, abandoned
    #[arg(long, value_name = "STATE", value_delimiter = ',', conflicts_with = "tasks")]
    pub state: Vec<StateName>,
    /// All with this tag
    #[arg(long, value_name = "TAG", value_delimiter = ',', conflicts_with = "tasks")]
    pub tag: Vec<String>,
    /// All with this text in id, title or description
    #[arg(long, value_name = "TEXT", conflicts_with = "tasks")]
    pub text: Option<String>,
    /// All for which the verb makes sense
    #[arg(long, conflicts_with = "tasks")]
    pub all: bool,
}

impl Selection {
    fn describes(&self) -> bool {
        self.all || !self.state.is_empty() || !self.tag.is_empty() || self.text.is_some()
    }

    /// The tasks that are meant. `sense` is what the verb makes sense for: it bounds what the flags describe,
    /// and leaves alone what is named.
    pub fn tasks(&self, ctx: &mut Context, sense: &TaskFilter) -> Result<Vec<TaskId>> {
        if !self.describes() {
            if self.tasks.is_empty() {
                return Err(
                    Failure::usage("which tasks?").hint("name them, or say --state, --tag, --text or --all")
                );
            }
            return ctx.read(|read| resolve::task_ids(read, &self.tasks));
        }
        let mut filter = sense.clone();
        if !self.state.is_empty() {
            filter.states = match sense.states.as_slice() {
                [] => self.state.clone(),
                sense => self.state.iter().copied().filter(|state| sense.contains(state)).collect(),
            };
            if filter.states.is_empty() {
                return Err(Failure::refused("the verb does nothing to tasks in such a state"));
            }
        }
        filter.tags.clone_from(&self.tag);
        filter.text.clone_from(&self.text);
        let found = ctx.read(|read| {
            let mut found = Vec::new();
            read.visit_tasks(&filter, TaskOrder::Id, Page::ALL, &mut |task| {
                found.push(task.id);
                ControlFlow::Continue(())
            })?;
            Ok(found)
        })?;
        match found.is_empty() {
            true => Err(Failure::refused("there is no such task: nothing to do")),
            false => Ok(found),
        }
    }
}

/// States from which work may still come.
pub const UNFINISHED: [StateName; 4] =
    [StateName::Open, StateName::InProgress, StateName::Waiting, StateName::InReview];

/// The tasks that are meant by these words; for a worker that names none, its own. A chat's agent has no task that
/// it could finish.
pub fn named_or_own(ctx: &mut Context, tasks: &[String]) -> Result<Vec<TaskId>> {
    match (tasks, ctx.worker().filter(|attempt| attempt.kind == AttemptKind::Work)) {
        ([], Some(attempt)) => Ok(vec![attempt.task.clone()]),
        ([], None) => Err(Failure::usage("which task?").hint("name it by its id or the beginning of it")),
        (tasks, _) => ctx.read(|read| resolve::task_ids(read, tasks)),
    }
}

/// As [`named_or_own`], for verbs that take one task.
pub fn one_named_or_own(ctx: &mut Context, task: Option<&str>) -> Result<TaskId> {
    let tasks: Vec<String> = task.into_iter().map(str::to_owned).collect();
    Ok(named_or_own(ctx, &tasks)?.remove(0))
}
