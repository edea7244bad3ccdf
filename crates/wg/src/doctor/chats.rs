//! Chats: whether their histories are written down, and whether an older program left something of its own.

use std::path::Path;

use wg_core::id::ChatNumber;
use wg_core::port::Chats;
use wg_dispatch::chat_history;
use wg_dispatch::files::GraphFolder;

use super::{Fix, Line, Standing};
use crate::context::Context;
use crate::error::Result;
use crate::migrate::Migration;
use crate::output::text;

const AREA: &str = "chats";

pub(super) fn look(ctx: &mut Context, folder: &Path) -> Result<Vec<Line>> {
    let graph = GraphFolder::new(folder);
    let chats = ctx.read(|read| Ok(read.chats(Chats::All)?))?;
    let mut lines = Vec::new();
    for chat in &chats {
        let number = chat.number;
        match chat_history::behind(&graph, ctx.store()?, number) {
            Ok(None) => {}
            Ok(Some(missing)) => {
                let missing = text::count(missing, "entry is", "entries are");
                let what = format!("{number}: {missing} not in {} yet", graph.history(number).display());
                lines.push(Line::problem(AREA, what).fixed_by(Fix::History(number)));
            }
            Err(error) => lines.push(Line::problem(AREA, format!("{number}: {error}"))),
        }
    }
    if migration(ctx, folder)?.has_something() {
        let what = "an older program left chats under its own names";
        lines.push(Line::new(AREA, Standing::Note, what).fixed_by(Fix::Migrate));
    }
    if lines.is_empty() && !chats.is_empty() {
        let many = text::count(chats.len() as u64, "chat", "chats");
        lines.push(Line::ok(AREA, format!("{many}; every history is written down")));
    }
    Ok(lines)
}

pub(super) fn complete(
    ctx: &mut Context,
    folder: &Path,
    chat: ChatNumber,
) -> std::result::Result<(), String> {
    let store = ctx.store().map_err(|failure| failure.in_a_line())?;
    chat_history::complete(&GraphFolder::new(folder), store, chat).map_err(|error| error.to_string())
}

pub(super) fn migrate(ctx: &mut Context, folder: &Path) -> std::result::Result<(), String> {
    let mut migration = migration(ctx, folder).map_err(|failure| failure.in_a_line())?;
    migration.dry_run = false;
    drop(migration.run());
    Ok(())
}

fn migration<'a>(ctx: &'a mut Context, folder: &'a Path) -> Result<Migration<'a>> {
    let (actor, now) = (ctx.actor()?, ctx.now());
    Ok(Migration { store: ctx.store()?, folder, actor, now, dry_run: true })
}
