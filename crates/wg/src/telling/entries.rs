//! Log entries and messages as people read them: when, who, and the text beside or below.

use std::io::Write;

use wg_core::port::{LogEntry, Message};

use crate::context::Context;
use crate::error::Result;
use crate::output::text;

/// Prints log entries, the first first.
pub fn log(ctx: &mut Context, entries: &[LogEntry], indent: &str) -> Result<()> {
    for entry in entries {
        let head = [ctx.time(entry.at), entry.actor.clone()];
        one(ctx, indent, &head, &entry.message)?;
    }
    Ok(())
}

/// Prints messages, the first first; those that no worker has read are marked.
pub fn messages(ctx: &mut Context, messages: &[Message], indent: &str) -> Result<()> {
    for message in messages {
        let read = match message.read_by {
            Some(attempt) => format!("read by {attempt}"),
            None => "unread".to_owned(),
        };
        let head = [ctx.time(message.at), message.from.to_string(), read];
        one(ctx, indent, &head, &message.body)?;
    }
    Ok(())
}

/// A text of one short line stands beside its head, a longer one below it.
pub(super) fn one(ctx: &mut Context, indent: &str, head: &[String], body: &str) -> Result<()> {
    let paint = ctx.out.paint();
    let head = text::line(&head.join("  "));
    let body = text::block(body);
    let room = ctx.out.form.width.map_or(usize::MAX, |width| width.saturating_sub(text::width(indent)));
    let beside = !body.contains('\n') && text::width(&head) + 2 + text::width(&body) <= room;
    if beside {
        writeln!(ctx.out, "{indent}{}  {body}", paint.dim(&head))?;
        return Ok(());
    }
    writeln!(ctx.out, "{indent}{}", paint.dim(&text::cut(&head, room)))?;
    for line in text::wrap(&body, ctx.out.form.width.map(|_| room.saturating_sub(2))) {
        writeln!(ctx.out, "{indent}  {line}")?;
    }
    Ok(())
}
