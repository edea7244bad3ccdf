//! `wg stats`: what agents used, by day, by model, and by who used most.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use wg_core::attempt::AttemptKind;
use wg_core::chat::{Chat, What};
use wg_core::control::Day;
use wg_core::id::{AttemptRef, ChatNumber};
use wg_core::port::{Chats, Read};
use wg_core::time::{Timestamp, parse_span};
use wg_core::usage::Usage;

use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, time};

/// Show what agents used: by day, by model, and who used most
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Since when: a span back from now (7d), a date, or a time
    #[arg(long, value_name = "TIME", default_value = "14d")]
    since: String,
    /// So many tasks and chats that used most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    number: usize,
}

/// Entries of a chat that are read at a time.
const PAGE: usize = 1_000;

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
    total: Usage,
    days: BTreeMap<Day, Usage>,
    models: BTreeMap<(String, Option<String>), Usage>,
    tasks: BTreeMap<String, Usage>,
}

impl Sums {
    fn add(&mut self, at: Timestamp, adapter: &str, model: Option<&str>, task: &str, usage: &Usage) {
        if usage.is_empty() {
            return;
        }
        let mut counts = usage.clone();
        // The program's own word for the model goes before what was asked for.
        let model = counts.model.take().or(model.map(str::to_owned));
        let of_model = self.models.entry((adapter.to_owned(), model)).or_default();
        let of_day = self.days.entry(Day::of(at)).or_default();
        let of_task = self.tasks.entry(task.to_owned()).or_default();
        for sum in [&mut self.total, of_model, of_day, of_task] {
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
    let sums = ctx.read(|read| sums(read, since))?;
    let mut tasks: Vec<OfTask> = sums.tasks.into_iter().map(|(task, usage)| OfTask { task, usage }).collect();
    tasks.sort_by_key(|one| std::cmp::Reverse(one.usage.total_input().saturating_add(one.usage.output)));
    tasks.truncate(args.number);
    let model = |((adapter, model), usage)| OfModel { adapter, model, usage };
    let day = |(day, usage): (Day, Usage)| OfDay { day: date(day), usage };
    let stats = Stats {
        since,
        total: sums.total,
        days: sums.days.into_iter().rev().map(day).collect(),
        models: sums.models.into_iter().map(model).collect(),
        tasks,
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

fn before(now: Timestamp, back: Duration) -> Timestamp {
    let back = i64::try_from(back.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(now.as_nanos().saturating_sub(back))
}

/// The date of a day.
fn date(day: Day) -> String {
    let begins = Day(day.0.saturating_sub(1)).end().to_string();
    begins.split('T').next().unwrap_or_default().to_owned()
}

/// What was used since then: by work of attempts that began then, and in turns of chats that ended then. What is
/// older is not read.
fn sums(read: &mut dyn Read, since: Timestamp) -> Result<Sums> {
    let mut sums = Sums::default();
    for number in (1..=read.last_attempt()?.0).rev() {
        let Some((attempt, _)) = read.attempt(AttemptRef(number))? else { continue };
        if attempt.created_at < since {
            break;
        }
        if attempt.kind == AttemptKind::Work {
            let (model, task) = (attempt.model.as_deref(), attempt.task.as_str());
            sums.add(attempt.created_at, &attempt.adapter, model, task, &attempt.progress.usage());
        }
    }
    for chat in read.chats(Chats::All)? {
        of_chat(read, &chat, since, &mut sums)?;
    }
    Ok(sums)
}

/// Reads a chat's entries from the last page back.
fn of_chat(read: &mut dyn Read, chat: &Chat, since: Timestamp, sums: &mut Sums) -> Result<()> {
    if chat.usage.is_empty() {
        return Ok(());
    }
    let task = ChatNumber::task_id(chat.number);
    let mut end = read.last_entry(chat.number)?;
    while end > 0 {
        let after = end.saturating_sub(PAGE as u64);
        let entries = read.entries_of(chat.number, after, PAGE)?;
        for entry in entries.iter().filter(|entry| entry.at >= since) {
            if let What::Answer { usage, .. } | What::TurnEnded { usage, .. } = &entry.what {
                sums.add(entry.at, &chat.run.adapter, chat.run.model.as_deref(), task.as_str(), usage);
            }
        }
        if entries.first().is_none_or(|first| first.at < since) {
            break;
        }
        end = after;
    }
    Ok(())
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
