//! What was used: whether the sums follow from what attempts and chats told, and that of today from these.

use std::collections::BTreeMap;
use std::path::Path;

use wg_core::command::{Command, DayBudget};
use wg_core::control::Day;
use wg_core::port::{Read, StoreError};
use wg_core::submit::submit;
use wg_core::time::Timestamp;
use wg_core::used::{Counts, Used};
use wg_store::sqlite;

use super::{Fix, Line};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::text;

const AREA: &str = "used";
/// Tasks and chats that are named.
const NAMED: usize = 5;

pub(super) fn look(ctx: &mut Context, folder: &Path) -> Result<Vec<Line>> {
    let differing = match sqlite::check_used(folder) {
        Ok(differing) => differing,
        Err(error) => return Ok(vec![Line::problem(AREA, Failure::from(error).message)]),
    };
    let mut lines = Vec::new();
    if !differing.is_empty() {
        let many = text::count(differing.len() as u64, "task or chat", "tasks and chats");
        let mut named = differing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if differing.len() > NAMED {
            named.push_str(", …");
        }
        let what = format!("what {many} used is not counted as it was told: {named}");
        lines.push(Line::problem(AREA, what).fixed_by(Fix::CountUsed));
    }
    let now = ctx.now();
    // The day's sum is made from the others.
    if lines.is_empty() && ctx.read(|read| Ok(today_differs(read, now)?))? {
        let what = "what was used today is not what the day's budget is compared with";
        lines.push(Line::problem(AREA, what).fixed_by(Fix::CountUsed));
    }
    if lines.is_empty() {
        lines.push(Line::ok(AREA, "what was used is counted as it was told"));
    }
    Ok(lines)
}

/// Whether the control record has another sum of today than the tasks and chats have. Where a clock was ahead nobody
/// can tell: what it counted may have been taken for today's.
fn today_differs(read: &mut dyn Read, now: Timestamp) -> std::result::Result<bool, StoreError> {
    let today = Day::of(now);
    let mut used: BTreeMap<String, Counts> = BTreeMap::new();
    let mut last = today;
    read.visit_used(today, &mut |Used { day, by, counts }| {
        last = last.max(day);
        used.entry(by.adapter).or_default().add(&counts);
    })?;
    let (mut control, _) = read.control()?;
    if last > today || control.days.keys().any(|day| *day > today) {
        return Ok(false);
    }
    let known = control.days.remove(&today).unwrap_or_default();
    let sums = |counts: BTreeMap<String, Counts>| -> Vec<_> {
        let sums = counts.into_iter().map(|(adapter, counts)| (adapter, counts.usage()));
        sums.filter(|(_, usage)| !usage.is_empty()).collect()
    };
    Ok(sums(known) != sums(used))
}

/// Counts everything anew: the sums from the history, and then those of the last days from these.
pub(super) fn count(ctx: &mut Context, folder: &Path) -> std::result::Result<(), String> {
    let told = |failure: Failure| failure.in_a_line();
    sqlite::count_used_anew(folder).map_err(|error| error.to_string())?;
    let (actor, now) = (ctx.actor().map_err(told)?, ctx.now());
    let command = Command::DayBudget(DayBudget::CountedAnew);
    submit(ctx.store().map_err(told)?, &actor, command, now).map(drop).map_err(|error| error.to_string())
}
