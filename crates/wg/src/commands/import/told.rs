//! What an import found and did, for people and for programs.

use std::io::Write;

use serde_json::{Value, json};
use wg_core::id::OpSeq;
use wg_store::import::{Report, Tally};

use crate::context::Context;
use crate::error::Result;
use crate::output::text;

/// Lines that can't be read of which people are told; programs are told of all that the report lists.
const NAMED: usize = 20;

/// What became of it.
pub enum Outcome {
    /// This operation, with the counts.
    Done {
        /// Its number.
        operation: OpSeq,
        /// What it did, a line each.
        notes: Vec<String>,
    },
    /// Only tried: what it would do.
    Rehearsed(Vec<String>),
    /// There was nothing to do, and why.
    Nothing(String),
}

/// Tells it.
pub fn tell(ctx: &mut Context, report: &Report, outcome: &Outcome) -> Result<()> {
    if ctx.out.form.json {
        return Ok(ctx.out.json(&document(report, outcome))?);
    }
    for line in report.told() {
        // What does not fit goes on below, set in.
        for (n, part) in
            text::wrap(&text::block(&line), ctx.out.form.width.map(|width| width.saturating_sub(2)))
                .iter()
                .enumerate()
        {
            writeln!(ctx.out, "{}{part}", if n == 0 { "" } else { "  " })?;
        }
    }
    problems(ctx, report)?;
    let paint = ctx.out.paint();
    let (notes, last) = match outcome {
        Outcome::Done { operation, notes } => {
            (notes.as_slice(), format!("operation {operation}; `wg undo` takes it back"))
        }
        Outcome::Rehearsed(notes) => (notes.as_slice(), "nothing was changed: this was a dry run".to_owned()),
        Outcome::Nothing(why) => (&[][..], format!("nothing to do: {why}")),
    };
    for note in notes.iter().take(NAMED) {
        writeln!(ctx.out, "{}", text::line(note))?;
    }
    if let Some(more) = notes.len().checked_sub(NAMED).filter(|more| *more > 0) {
        writeln!(ctx.out, "and {more} more of this kind")?;
    }
    Ok(writeln!(ctx.out, "{}", paint.dim(&last))?)
}

/// Tells people of the lines that can't be read, on standard error.
pub fn problems(ctx: &mut Context, report: &Report) -> Result<()> {
    for problem in report.problems.first.iter().take(NAMED) {
        ctx.out.note(&problem.to_string())?;
    }
    for cycle in report.edges.cycles.first.iter().take(NAMED) {
        ctx.out.note(&format!(
            "a cycle, so this is left out: {} after {} ({cycle})",
            cycle.task(),
            cycle.second()
        ))?;
    }
    match report.problems.count.saturating_sub(NAMED as u64) {
        0 => Ok(()),
        more => Ok(ctx.out.note(&format!("and {more} more lines that can't be read"))?),
    }
}

fn document(report: &Report, outcome: &Outcome) -> Value {
    let (lines, tasks, edges) = (&report.lines, &report.tasks, &report.edges);
    let mut document = json!({
        "format": report.format.map(|format| format.as_str()),
        "lines": {
            "total": lines.total, "tasks": lines.tasks, "left_out": lines.left_out,
            "chats": lines.chats, "entries": lines.entries, "duplicates": lines.duplicates, "problems": lines.problems, "header": lines.header,
            "blank": lines.blank, "comments": lines.comments,
        },
        "left_out": tally(&report.left_out),
        "tasks": {
            "open": tasks.open, "paused": tasks.paused, "in_review": tasks.in_review,
            "finished": tasks.finished, "underway_elsewhere": tasks.underway_elsewhere,
            "evaluations": tasks.evaluations,
        },
        "chats": {
            "dormant": report.chats.dormant, "held": report.chats.held, "archived": report.chats.archived,
            "entries": report.chats.entries, "set_aside": report.chats.set_aside,
            "stray": report.chats.stray,
        },
        "edges": {
            "dependencies": edges.dependencies, "missing": edges.missing, "joined": edges.joined,
            "parents": edges.parents, "missing_parents": edges.missing_parents,
            "discovered_from": edges.discovered_from, "noted": tally(&edges.noted),
            "cycles": edges.cycles.first.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "noted": tally(&report.noted),
        "dropped": tally(&report.dropped),
        "problems": report.problems.first.iter()
            .map(|problem| {
                json!({"file": problem.file, "line": problem.line, "reason": problem.reason.to_string()})
            })
            .collect::<Vec<_>>(),
        "renamed": report.renamed.first.iter()
            .map(|(was, is)| json!({"was": was, "is": is}))
            .collect::<Vec<_>>(),
    });
    let (operation, notes, dry_run) = match outcome {
        Outcome::Done { operation, notes } => (json!(operation), json!(notes), false),
        Outcome::Rehearsed(notes) => (Value::Null, json!(notes), true),
        Outcome::Nothing(why) => (Value::Null, json!([why]), false),
    };
    document["operation"] = operation;
    document["notes"] = notes;
    document["dry_run"] = json!(dry_run);
    document
}

fn tally(tally: &Tally) -> Value {
    let mut counts = json!(tally.counts);
    if tally.others > 0 {
        counts[""] = json!(tally.others);
    }
    counts
}
