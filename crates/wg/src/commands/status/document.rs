//! `wg status` as programs read it.

use std::path::PathBuf;

use serde::Serialize;
use wg_core::id::{OpSeq, TaskId};
use wg_core::task::StateName;
use wg_core::time::Timestamp;

use super::{ChatsSeen, Seen, blocked};
use crate::telling::record::AttemptRecord;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    graph: PathBuf,
    operation: OpSeq,
    dispatcher: bool,
    tasks: TaskCounts,
    chats: ChatsSeen,
    running: Vec<AttemptRecord>,
    needs_you: Vec<Need<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispatching_paused: Option<&'a wg_core::control::Pause>,
    paused_adapters: Vec<PausedAdapter<'a>>,
}

#[derive(Serialize)]
struct TaskCounts {
    total: u64,
    open: u64,
    ready: u64,
    blocked: u64,
    out_of_budget: u64,
    paused: u64,
    in_progress: u64,
    waiting: u64,
    in_review: u64,
    done: u64,
    failed: u64,
    abandoned: u64,
}

#[derive(Serialize)]
struct Need<'a> {
    task: &'a TaskId,
    why: &'a str,
}

#[derive(Serialize)]
struct PausedAdapter<'a> {
    adapter: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// The document of what was seen.
pub(super) fn of(seen: &Seen, graph: PathBuf, dispatcher: bool) -> Document<'_> {
    let counts = &seen.counts;
    Document {
        graph,
        operation: seen.last.map(|(seq, _)| seq).unwrap_or_default(),
        dispatcher,
        tasks: TaskCounts {
            total: counts.total(),
            open: counts.in_state(StateName::Open),
            ready: counts.ready(),
            blocked: blocked(counts),
            out_of_budget: counts.used_up(),
            paused: counts.paused(),
            in_progress: counts.in_state(StateName::InProgress),
            waiting: counts.in_state(StateName::Waiting),
            in_review: counts.in_state(StateName::InReview),
            done: counts.in_state(StateName::Done),
            failed: counts.in_state(StateName::Failed),
            abandoned: counts.in_state(StateName::Abandoned),
        },
        chats: seen.chats,
        running: seen.running.iter().map(AttemptRecord::of).collect(),
        needs_you: seen.needs_you.iter().map(|(task, why)| Need { task, why }).collect(),
        dispatching_paused: seen.control.paused.as_ref(),
        paused_adapters: seen
            .control
            .adapters
            .iter()
            .map(|(adapter, pause)| PausedAdapter { adapter, reason: &pause.reason, until: pause.until })
            .collect(),
    }
}
