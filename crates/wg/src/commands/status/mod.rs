//! `wg status`: how things stand.

mod document;
mod page;

use serde::Serialize;
use wg_core::attempt::Attempt;
use wg_core::chat::ChatState;
use wg_core::control::Control;
use wg_core::id::{OpSeq, TaskId};
use wg_core::port::{Chats, CountRow, Counts, Read, TaskFilter, TaskOrder};
use wg_core::rejection::raise;
use wg_core::task::{StateName, Task, TaskState, Wait};
use wg_core::time::Timestamp;

use crate::context::Context;
use crate::error::Result;
use crate::telling::listing::first;
use crate::telling::questions;
use crate::wire;

/// Tasks of each kind that are named.
const NAMED: usize = 10;

/// Say how things stand: what runs, what needs a person, what is paused
#[derive(Debug, clap::Args)]
pub struct Args {}

/// What is known of the graph as a whole.
struct Seen {
    counts: Counts,
    running: Vec<Attempt>,
    needs_you: Vec<(TaskId, String)>,
    control: Control,
    last: Option<(OpSeq, Timestamp)>,
    chats: ChatsSeen,
}

/// How many chats there are, archived ones aside.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct ChatsSeen {
    total: usize,
    /// With a handler.
    live: usize,
    gave_up: usize,
    held: usize,
}

/// Says it.
pub fn run(_args: Args, ctx: &mut Context) -> Result<()> {
    let graph = ctx.folder()?.to_owned();
    let dispatcher = wire::dispatcher_listens(&graph);
    let now = ctx.now();
    let mut seen = ctx.read(look)?;
    seen.control.adapters.retain(|_, pause| pause.until.is_none_or(|until| now < until));
    if ctx.out.form.json {
        return Ok(ctx.out.json(&document::of(&seen, graph, dispatcher))?);
    }
    page::print(ctx, &seen, &graph.display().to_string(), dispatcher)
}

fn look(read: &mut dyn Read) -> Result<Seen> {
    let of = |state| TaskFilter { states: vec![state], ..TaskFilter::default() };
    let mut needs_you = Vec::new();
    for task in first(read, &of(StateName::InReview), TaskOrder::Schedule, NAMED)? {
        needs_you.push((task.id, "in review".to_owned()));
    }
    for task in first(read, &of(StateName::Waiting), TaskOrder::Schedule, 10 * NAMED)? {
        if let Task { id, state: TaskState::Waiting { on: Wait::Person(question) }, .. } = task {
            needs_you.push((id, question));
        }
    }
    let used_up =
        TaskFilter { used_up: Some(true), blocked: Some(false), paused: Some(false), ..of(StateName::Open) };
    for task in first(read, &used_up, TaskOrder::Schedule, NAMED)? {
        if let Some(met) = task.used_up() {
            needs_you.push((task.id.clone(), format!("{}; {}", met.used_up(), raise(&task.id, &met))));
        }
    }
    for task in first(read, &of(StateName::Failed), TaskOrder::Completed, NAMED)? {
        if let Task { id, state: TaskState::Failed { reason }, .. } = task {
            needs_you.push((id, format!("failed: {reason}")));
        }
    }
    let mut chats = ChatsSeen::default();
    for chat in read.chats(Chats::Unarchived)? {
        chats.total += 1;
        chats.live += usize::from(chat.handler().is_some());
        match &chat.state {
            ChatState::GaveUp { .. } => {
                chats.gave_up += 1;
                let why = format!("{}; wg chat resume {}", chat.state, chat.number);
                needs_you.push((chat.number.task_id(), why));
            }
            ChatState::Held { .. } => chats.held += 1,
            _ => {}
        }
        if let Some(question) = questions::first(&chat) {
            let why = format!("asks: {}; wg chat show {}", question.what, chat.number);
            needs_you.push((chat.number.task_id(), why));
        }
    }
    let seq = read.last_operation()?;
    let last = read.operation(seq)?.map(|operation| (seq, operation.at));
    let (control, _) = read.control()?;
    Ok(Seen { counts: read.counts()?, running: read.live_attempts()?, needs_you, control, last, chats })
}

/// Open tasks that only a dependency holds back: what is paused is counted as that.
fn blocked(counts: &Counts) -> u64 {
    let held = |row: &&CountRow| row.state == StateName::Open && row.blocked && !row.paused;
    counts.rows.iter().filter(held).map(|row| row.tasks).sum()
}
