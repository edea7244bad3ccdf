//! `wg stats`: what agents used, by day, by model, and by who used most.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use wg_core::control::Day;
use wg_core::port::{Read, StoreError};
use wg_core::time::{Timestamp, parse_span};
use wg_core::usage::Usage;
use wg_core::used::{Counts, Used};

use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, time};

/// Show what agents used: by day, by model, and who used most
///
/// What was used counts on the day of Universal Time on which it was told, also by turns in flight. Who used most is
/// decided by cost; those that told none come after, by tokens.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Since when, whole days: a span back from now (7d), a date, or a time
    #[arg(long, value_name = "TIME", default_value = "14d")]
    since: String,
    /// So many tasks and chats that used most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    number: usize,
}

#[derive(Debug, Serialize)]
struct Stats {
    since: Timestamp,
    total: Usage,
    /// Days of Universal Time, the last first.
    days: Vec<OfDay>,
    models: Vec<OfModel>,
    /// Tasks, and chats by their place in the graph: those that used most.
    tasks: Vec<OfTask>,
}

#[derive(Debug, Serialize)]
struct OfDay {
    day: String,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct OfModel {
    adapter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct OfTask {
    task: String,
    usage: Usage,
}

/// Sums by what they are asked for.
#[derive(Default)]
struct Sums {
    total: Counts,
    days: BTreeMap<Day, Counts>,
    models: BTreeMap<(String, Option<String>), Counts>,
    tasks: BTreeMap<String, Counts>,
}

impl Sums {
    /// Of this day and later ones.
    fn since(day: Day, read: &mut dyn Read) -> std::result::Result<Self, StoreError> {
        let mut sums = Self::default();
        read.visit_used(day, &mut |used| sums.add(used))?;
        Ok(sums)
    }

    fn add(&mut self, Used { day, by, counts }: Used) {
        let of_day = self.days.entry(day).or_default();
        let of_model = self.models.entry((by.adapter, by.model)).or_default();
        let of_task = self.tasks.entry(by.task.into()).or_default();
        for sum in [&mut self.total, of_day, of_model, of_task] {
            sum.add(&counts);
        }
    }
}

/// Shows it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let now = ctx.now();
    let since = match parse_span(&args.since) {
        Ok(back) => before(now, back),
        Err(_) => time::parse(&args.since, now)?,
    };
    let since = Day::of(since);
    let Sums { total, days, models, tasks } = ctx.read(|read| Ok(Sums::since(since, read)?))?;
    let days = days.into_iter().rev().map(|(day, sum)| OfDay { day: date(day), usage: sum.usage() });
    let models =
        models.into_iter().map(|((adapter, model), sum)| OfModel { adapter, model, usage: sum.usage() });
    let stats = Stats {
        since: begin(since),
        total: total.usage(),
        days: days.filter(|one| !one.usage.is_empty()).collect(),
        models: models.filter(|one| !one.usage.is_empty()).collect(),
        tasks: used_most(tasks, args.number),
    };
    if ctx.out.form.json {
        return Ok(ctx.out.json(&stats)?);
    }
    if stats.total.is_empty() {
        return Ok(ctx.out.note("no agent told what it used in that time")?);
    }
    ctx.out.page();
    print(ctx, &stats)
}

/// Those that used most: what cost most comes first, and what told no cost after all that did.
fn used_most(tasks: BTreeMap<String, Counts>, number: usize) -> Vec<OfTask> {
    let tasks = tasks.into_iter().map(|(task, sum)| OfTask { task, usage: sum.usage() });
    let mut tasks: Vec<OfTask> = tasks.filter(|one| !one.usage.is_empty()).collect();
    let tokens = |usage: &Usage| usage.total_input().saturating_add(usage.output);
    tasks.sort_by_key(|one| Reverse((one.usage.cost_micros, tokens(&one.usage))));
    tasks.truncate(number);
    tasks
}

fn before(now: Timestamp, back: Duration) -> Timestamp {
    let back = i64::try_from(back.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(now.as_nanos().saturating_sub(back))
}

fn begin(day: Day) -> Timestamp {
    Day(day.0.saturating_sub(1)).end()
}

/// The date of a day.
fn date(day: Day) -> String {
    begin(day).to_string().split('T').next().unwrap_or_default().to_owned()
}

fn print(ctx: &mut Context, stats: &Stats) -> Result<()> {
    let total = ("total".to_owned(), &stats.total);
    let days = stats.days.iter().map(|one| (one.day.clone(), &one.usage)).chain([total]).collect();
    let model = |one: &OfModel| match &one.model {
        Some(model) => format!("{}:{model}", one.adapter),
        None => one.adapter.clone(),
    };
    let models = stats.models.iter().map(|one| (model(one), &one.usage)).collect();
    let tasks = stats.tasks.iter().map(|one| (one.task.clone(), &one.usage)).collect();
    let sections: [(&'static str, Vec<(String, &Usage)>); 3] =
        [("DAY (UTC)", days), ("MODEL", models), ("USED MOST", tasks)];
    for (n, (name, rows)) in sections.into_iter().enumerate() {
        if n > 0 {
            writeln!(ctx.out)?;
        }
        let mut table = Table::new([
            Column::flexible(name, 12),
            Column::fixed("IN").to_the_right(),
            Column::fixed("CACHED").to_the_right().leaves(1),
            Column::fixed("OUT").to_the_right(),
            Column::fixed("COST").to_the_right(),
        ]);
        for (name, usage) in rows {
            // What a program does not tell is no zero.
            let cost = usage.cost_micros.map_or_else(|| "-".to_owned(), wg_core::usage::dollars);
            table.row([
                Cell::new(name, Tone::Cyan),
                Cell::from(usage.total_input().to_string()),
                Cell::new(usage.cache_read.to_string(), Tone::Dim),
                Cell::from(usage.output.to_string()),
                Cell::from(cost),
            ]);
        }
        ctx.out.table(&table)?;
    }
    Ok(())
}
