//! A task's whole story as people read it, from top to bottom.

use std::io::Write;

use wg_core::attempt::Attempt;
use wg_core::id::{OpSeq, TaskId};
use wg_core::port::{Artifact, LogEntry, Message};
use wg_core::task::{Priority, Task, Visibility};
use wg_core::time::{Timestamp, format_span};
use wg_core::usage::Usage;

use crate::commands::artifact;
use crate::context::Context;
use crate::error::Result;
use crate::output::{Column, Table, text};
use crate::telling::attempts;
use crate::telling::budget;
use crate::telling::entries;
use crate::telling::reason::Said;
use crate::telling::relatives::Relative;
use crate::telling::works::Works;

/// Log entries that are shown; the earlier ones are in `wg log`.
const LOG: usize = 30;
/// Dependencies and dependents that are shown; all are in `wg dep list`.
const RELATIVES: usize = 30;
/// Indent of what stands below a heading.
const INDENT: &str = "  ";

/// Everything there is to say of a task.
pub struct Story {
    /// The task.
    pub task: Task,
    /// Why it is not running.
    pub said: Said,
    /// What would work on it, where that is known.
    pub works: Option<Works>,
    /// The operation after which all this was so; absent: it is so now.
    pub at: Option<(OpSeq, Timestamp)>,
    /// What it comes after.
    pub depends_on: Vec<Relative>,
    /// Ids of what comes after it.
    pub required: Vec<TaskId>,
    /// What comes after it.
    pub required_by: Vec<Relative>,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// What it brought forth.
    pub artifacts: Vec<Artifact>,
    /// Its log.
    pub log: Vec<LogEntry>,
}

impl Story {
    /// A story of nothing but the task itself.
    #[must_use]
    pub fn of(task: Task, said: Said) -> Self {
        Self {
            task,
            said,
            works: None,
            at: None,
            depends_on: Vec::new(),
            required: Vec::new(),
            required_by: Vec::new(),
            attempts: Vec::new(),
            messages: Vec::new(),
            artifacts: Vec::new(),
            log: Vec::new(),
        }
    }
}

/// Prints it.
pub fn print(ctx: &mut Context, story: &Story) -> Result<()> {
    let paint = ctx.out.paint();
    let title = text::line(&story.task.title);
    let together = text::width(story.task.id.as_str()) + 2 + text::width(&title);
    if ctx.out.form.width.is_none_or(|width| together <= width) {
        writeln!(ctx.out, "{}  {}", paint.cyan(story.task.id.as_str()), paint.bold(&title))?;
    } else {
        writeln!(ctx.out, "{}", paint.cyan(story.task.id.as_str()))?;
        for line in text::wrap(&title, ctx.out.form.width) {
            writeln!(ctx.out, "{}", paint.bold(&line))?;
        }
    }
    if let Some((seq, at)) = story.at {
        let head = format!("as it was after operation {seq}, {}", ctx.time(at));
        writeln!(ctx.out, "{}", paint.dim(&head))?;
    }
    fields(ctx, story)?;
    if !story.task.description.trim().is_empty() {
        heading(ctx, "Description")?;
        let room = ctx.out.form.width.map(|width| width.saturating_sub(INDENT.len()));
        for line in text::wrap(text::block(&story.task.description).trim_end(), room) {
            writeln!(ctx.out, "{}", format!("{INDENT}{line}").trim_end())?;
        }
    }
    relatives(ctx, "Depends on", &story.depends_on)?;
    relatives(ctx, "Required by", &story.required_by)?;
    if !story.attempts.is_empty() {
        heading(ctx, "Attempts")?;
        let table = attempts::of_task(ctx, &story.attempts);
        indented(ctx, &table)?;
    }
    if !story.messages.is_empty() {
        heading(ctx, "Messages")?;
        entries::messages(ctx, &story.messages, INDENT)?;
    }
    if !story.artifacts.is_empty() {
        heading(ctx, "Artifacts")?;
        let table = artifact::table(ctx, &story.artifacts);
        indented(ctx, &table)?;
    }
    if !story.log.is_empty() {
        heading(ctx, "Log")?;
        let earlier = story.log.len().saturating_sub(LOG);
        if earlier > 0 {
            writeln!(
                ctx.out,
                "{INDENT}{}",
                paint.dim(&format!("{earlier} earlier: wg log {}", story.task.id))
            )?;
        }
        entries::log(ctx, &story.log[earlier..], INDENT)?;
    }
    Ok(())
}

fn heading(ctx: &mut Context, text: &str) -> Result<()> {
    let text = ctx.out.paint().bold(text);
    Ok(writeln!(ctx.out, "\n{text}")?)
}

fn indented(ctx: &mut Context, table: &Table) -> Result<()> {
    let room = ctx.out.form.width.map(|width| width.saturating_sub(INDENT.len()));
    for line in table.render(room, ctx.out.paint()).lines() {
        writeln!(ctx.out, "{INDENT}{line}")?;
    }
    Ok(())
}

fn relatives(ctx: &mut Context, title: &str, relatives: &[Relative]) -> Result<()> {
    if relatives.is_empty() {
        return Ok(());
    }
    heading(ctx, title)?;
    let columns = [Column::flexible("ID", 8), Column::fixed("STATE"), Column::flexible("TITLE", 8).leaves(1)];
    let mut table = Table::new(columns);
    for relative in relatives.iter().take(RELATIVES) {
        table.row(relative.cells());
    }
    indented(ctx, &table)?;
    match relatives.len().saturating_sub(RELATIVES) {
        0 => Ok(()),
        more => Ok(writeln!(
            ctx.out,
            "{INDENT}{}",
            ctx.out.paint().dim(&format!("and {more} more: wg dep list"))
        )?),
    }
}

fn fields(ctx: &mut Context, story: &Story) -> Result<()> {
    let (task, said) = (&story.task, &story.said);
    let paint = ctx.out.paint();
    let mut fields: Vec<(&str, String)> = Vec::new();
    let beside = if said.brief.is_empty() { String::new() } else { format!("  {}", paint.dim(&said.brief)) };
    fields.push(("Status", format!("{}{beside}", paint.tone(said.tone, said.word))));
    if let Some(hint) = &said.hint {
        fields.push(("Next", paint.dim(hint)));
    }
    let time = |at: Timestamp| ctx.time(at);
    let words =
        |set: &mut dyn Iterator<Item = &String>| set.map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut say = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fields.push((name, text::line(&value)));
        }
    };
    say("Assigned", task.history.last.map(|attempt| attempt.to_string()));
    say("Priority", (task.priority != Priority::NORMAL).then(|| task.priority.to_string()));
    say("Command", task.run.exec.clone());
    say("Adapter", task.run.adapter.clone());
    say("Model", task.run.model.clone());
    say("Runs by", story.works.as_ref().and_then(Works::said));
    say("Agent", task.run.agent.clone());
    say("Timeout", task.run.timeout.map(format_span));
    let most = task.run.max_attempts.map_or(String::new(), |most| format!(" of at most {most}"));
    let spent = format!("{}, {} spent{most}", task.history.attempts, task.history.spent);
    say("Attempts", (task.history.attempts > 0 || task.run.max_attempts.is_some()).then_some(spent));
    let mut usage = Usage::default();
    story.attempts.iter().for_each(|attempt| usage.add(&attempt.progress.usage()));
    say("Used", Some(attempts::used(&usage)));
    say("Budget", budget::told(&task.run.budget, &usage));
    say("Created", Some(time(task.times.created_at)));
    say("Started", task.times.started_at.map(time));
    say("Completed", task.times.completed_at.map(time));
    say("Not before", task.times.not_before.map(time));
    say("Paused", task.paused.then(|| "yes".to_owned()));
    say("Tags", Some(words(&mut task.tags.iter())));
    say("Skills", Some(words(&mut task.skills.iter())));
    say("Deliverables", Some(words(&mut task.deliverables.iter())));
    say("Paths", Some(words(&mut task.paths.iter())));
    say("Part of", task.parent.as_ref().map(ToString::to_string));
    say("Found in", task.discovered_from.as_ref().map(ToString::to_string));
    say("Visibility", (task.visibility != Visibility::default()).then(|| task.visibility.to_string()));
    for (name, value) in &task.notes {
        say("Note", Some(format!("{name}: {value}")));
    }
    let wide = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in fields {
        ctx.out.field(name, wide, &value)?;
    }
    Ok(())
}
