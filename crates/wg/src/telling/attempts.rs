//! Attempts in tables: how each went, when, and how long it took.

use wg_core::attempt::{Attempt, AttemptState, Outcome};
use wg_core::usage::Usage;

use crate::context::Context;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, time};

/// The attempts of one task.
pub fn of_task(ctx: &Context, attempts: &[Attempt]) -> Table {
    let mut columns = vec![
        Column::fixed("#").to_the_right(),
        Column::fixed("ATTEMPT"),
        Column::flexible("OUTCOME", 10),
        Column::fixed("STARTED").leaves(3),
        Column::fixed("TOOK").leaves(2),
    ];
    let counted = attempts.iter().any(|attempt| !attempt.progress.usage().is_empty());
    if counted {
        columns.push(Column::fixed("USED").leaves(1));
    }
    let mut table = Table::new(columns);
    for attempt in attempts {
        let (outcome, tone) = outcome(attempt);
        let mut row = vec![
            Cell::new(attempt.number.to_string(), Tone::Dim),
            Cell::from(attempt.reference.to_string()),
            Cell::new(outcome, tone),
            Cell::new(ctx.time(attempt.created_at), Tone::Dim),
            Cell::new(took(ctx, attempt), Tone::Dim),
        ];
        if counted {
            row.push(Cell::new(used(&attempt.progress.usage()), Tone::Dim));
        }
        table.row(row);
    }
    table
}

/// How it went, or where it stands, and the colour of that.
#[must_use]
pub fn outcome(attempt: &Attempt) -> (String, Tone) {
    match &attempt.state {
        AttemptState::Starting => ("starting".into(), Tone::Blue),
        AttemptState::Running { .. } => ("running".into(), Tone::Blue),
        AttemptState::Finished { outcome, .. } => {
            let tone = match outcome {
                Outcome::Done { .. } => Tone::Green,
                Outcome::Waiting { .. } | Outcome::Cancelled { .. } => Tone::Dim,
                Outcome::RateLimited { .. } | Outcome::Configuration { .. } | Outcome::Outage { .. } => {
                    Tone::Yellow
                }
                Outcome::Failed { .. }
                | Outcome::ExitedBadly { .. }
                | Outcome::NoWork
                | Outcome::TimedOut
                | Outcome::Budget { .. }
                | Outcome::TaskBudget { .. }
                | Outcome::Lost { .. } => Tone::Red,
            };
            (outcome.to_string(), tone)
        }
    }
}

/// Tokens and cost; nothing where nothing was counted.
#[must_use]
pub fn used(usage: &Usage) -> String {
    if usage.is_empty() { String::new() } else { usage.to_string() }
}

/// How long it took, or has taken so far.
#[must_use]
pub fn took(ctx: &Context, attempt: &Attempt) -> String {
    let until = match &attempt.state {
        AttemptState::Starting | AttemptState::Running { .. } => ctx.now(),
        AttemptState::Finished { at, .. } => *at,
    };
    time::coarse(until.since(attempt.created_at))
}
