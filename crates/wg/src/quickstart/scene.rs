//! What is seen of the graph at one moment: its tasks in the order in which they were added, how each
//! stands, and the runs that it has had.

use std::ops::ControlFlow;

use wg_core::attempt::{Attempt, AttemptState, Outcome};
use wg_core::graph::unmet;
use wg_core::id::AttemptRef;
use wg_core::port::{LogEntry, Page, Read, Store, StoreError, TaskFilter, TaskOrder};
use wg_core::task::{Task, TaskState};
use wg_core::time::Timestamp;

use super::story;

/// The graph at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// Its tasks, the first added first.
    pub rows: Vec<Row>,
    /// The latest that workers have logged, the latest last: of which task, and what.
    pub said: Vec<(String, String)>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub stand: Stand,
    /// Its runs, the first first.
    pub runs: Vec<Run>,
    /// The last thing that its worker has logged.
    pub said: Option<String>,
    /// The task that filed it, where one did.
    pub filed_by: Option<String>,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Something has to be done before.
    After(Vec<String>),
    /// It may start.
    Ready,
    /// An agent is at it.
    Running(AttemptRef),
    /// It is tried again at this time.
    Again(Timestamp),
    /// It was stopped, or waits for something.
    Held,
    /// Done.
    Done,
    /// Failed or given up, and why.
    Failed(String),
}

/// An attempt in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name.
    pub attempt: AttemptRef,
    /// When it was decided.
    pub from: Timestamp,
    /// When it was over; absent: it is not.
    pub to: Option<Timestamp>,
    /// Why it was not good, where it was not.
    pub bad: Option<String>,
}

/// Lines of `Scene::said` that are kept.
const SAID: usize = 4;

impl Scene {
    /// Looks at the graph.
    pub fn look(store: &mut dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut scene = Self::default();
        store.read(&mut |read| {
            scene = Self::seen(read, now)?;
            Ok(())
        })?;
        Ok(scene)
    }

    fn seen(read: &mut dyn Read, now: Timestamp) -> Result<Self, StoreError> {
        let mut tasks = Vec::new();
        read.visit_tasks(&TaskFilter::default(), TaskOrder::Id, Page::ALL, &mut |task| {
            tasks.push(task);
            ControlFlow::Continue(())
        })?;
        let mut rows = Vec::with_capacity(tasks.len());
        let mut log: Vec<(String, LogEntry)> = Vec::new();
        for task in tasks {
            let spoken: Vec<LogEntry> = read
                .log_of(&task.id, None)?
                .into_iter()
                .filter(|entry| entry.actor.starts_with("agent-"))
                .collect();
            let added_at = task.times.created_at;
            let row = Row {
                id: task.id.to_string(),
                stand: stand(read, &task, now)?,
                runs: read.attempts_of(&task.id)?.iter().map(run).collect(),
                said: spoken.last().map(|entry| entry.message.clone()),
                filed_by: task.discovered_from.as_ref().map(ToString::to_string),
            };
            log.extend(spoken.into_iter().map(|entry| (row.id.clone(), entry)));
            rows.push((added_at, row));
        }
        rows.sort_by_key(|(added_at, row)| (*added_at, story::place(&row.id)));
        log.sort_by_key(|(_, entry)| (entry.at, entry.operation));
        let skip = log.len().saturating_sub(SAID);
        Ok(Self {
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            said: log.into_iter().skip(skip).map(|(id, entry)| (id, entry.message)).collect(),
        })
    }

    /// Nothing of it goes on.
    pub fn stop(&mut self) {
        for row in &mut self.rows {
            if matches!(row.stand, Stand::Ready | Stand::Running(_) | Stand::Again(_)) {
                row.stand = Stand::Held;
            }
        }
    }

    /// Tasks that stand so.
    #[must_use]
    pub fn count(&self, keep: impl Fn(&Stand) -> bool) -> usize {
        self.rows.iter().filter(|row| keep(&row.stand)).count()
    }

    /// Tasks that are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.count(|stand| *stand == Stand::Done)
    }

    /// Tasks with an agent.
    #[must_use]
    pub fn running(&self) -> usize {
        self.count(|stand| matches!(stand, Stand::Running(_)))
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.count(|stand| matches!(stand, Stand::Ready | Stand::Running(_) | Stand::Again(_))) == 0
    }

    /// When the first run began.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        self.rows.iter().flat_map(|row| &row.runs).map(|run| run.from).min()
    }

    /// When the last run ended, or `now` where one runs.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Timestamp {
        if !self.is_over() {
            return now;
        }
        self.rows.iter().flat_map(|row| &row.runs).filter_map(|run| run.to).max().unwrap_or(now)
    }
}

fn stand(read: &mut dyn Read, task: &Task, now: Timestamp) -> Result<Stand, StoreError> {
    Ok(match &task.state {
        TaskState::Done => Stand::Done,
        TaskState::Failed { reason } => Stand::Failed(reason.clone()),
        TaskState::Abandoned { reason } => Stand::Failed(reason.clone().unwrap_or_else(|| "given up".into())),
        TaskState::InProgress { .. } => task.live_attempt().map_or(Stand::Held, Stand::Running),
        TaskState::Waiting { .. } | TaskState::InReview => Stand::Held,
        TaskState::Open if task.paused => Stand::Held,
        TaskState::Open => {
            let unmet = unmet(read, task)?;
            if !unmet.is_empty() {
                Stand::After(unmet.into_iter().map(|unmet| unmet.task.to_string()).collect())
            } else {
                task.times.not_before.filter(|until| now < *until).map_or(Stand::Ready, Stand::Again)
            }
        }
    })
}

fn run(attempt: &Attempt) -> Run {
    let (to, bad) = match &attempt.state {
        AttemptState::Finished { at, outcome } => {
            let bad = match outcome {
                Outcome::Done { .. } => None,
                Outcome::ExitedBadly { status } => Some(status.to_string()),
                other => Some(other.to_string()),
            };
            (Some(*at), bad)
        }
        AttemptState::Starting | AttemptState::Running { .. } => (None, None),
    };
    Run { attempt: attempt.reference, from: attempt.created_at, to, bad }
}
