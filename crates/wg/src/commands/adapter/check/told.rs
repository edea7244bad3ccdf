//! What was found of adapters, in words.

use wg_agents::Credential;

use super::login::Login;
use super::{Checked, Trouble};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Cell, Column, Table, style::Tone};

/// A row for each.
pub(super) fn table(ctx: &mut Context, checked: &[Checked]) -> Result<()> {
    let mut table = Table::new([
        Column::fixed("ADAPTER"),
        Column::fixed("STATE"),
        Column::fixed("FOR").leaves(4),
        Column::flexible("VERSION", 8).leaves(3),
        Column::flexible("LOGGED IN", 8).leaves(1),
        Column::flexible("MAY", 8).leaves(5),
        Column::fixed("SANDBOX").leaves(6),
        Column::flexible("PROGRAM", 8).leaves(2),
    ]);
    for one in checked {
        let (state, tone) = state(one);
        table.row([
            Cell::from(one.name),
            Cell::new(state, tone),
            Cell::from(used_for(one)),
            Cell::from(one.version.as_deref().unwrap_or_default()),
            Cell::from(login(&one.login)),
            Cell::from(one.permissions.unwrap_or(one.may)),
            Cell::from(one.sandbox.word),
            Cell::new(one.path.as_deref().unwrap_or(&one.program), Tone::Dim),
        ]);
    }
    Ok(ctx.out.table(&table)?)
}

/// All of each, a field a line.
pub(super) fn fields(ctx: &mut Context, checked: &[Checked]) -> Result<()> {
    for one in checked {
        let (state, tone) = state(one);
        let may = match one.permissions {
            Some(word) => format!("{} ({}.permissions = {word})", one.may, one.name),
            None => one.may.to_owned(),
        };
        let paused = one.paused.as_ref().map(|paused| {
            let until = paused.until.map(|at| format!(", tried again {}", ctx.time(at))).unwrap_or_default();
            format!("since {}{until}: {}", ctx.time(paused.since), paused.reason)
        });
        let found = match &one.path {
            Some(path) if *path == one.program => path.clone(),
            Some(path) => format!("{} ({path})", one.program),
            None => one.program.clone(),
        };
        let state = ctx.out.paint().tone(tone, state);
        let fields = [
            ("Adapter", Some(one.name.to_owned())),
            ("State", Some(state)),
            ("For", Some(used_for(one).to_owned())),
            ("Program", Some(found)),
            ("Version", one.version.clone()),
            ("Logged in", Some(login(&one.login))),
            ("May", Some(may)),
            ("Sandbox", Some(one.sandbox.word.to_owned())),
            ("Paused", paused),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                ctx.out.field(name, "Logged in".len(), &value)?;
            }
        }
    }
    Ok(())
}

fn state(one: &Checked) -> (&'static str, Tone) {
    match &one.trouble {
        Some(trouble) => (trouble.short, Tone::Yellow),
        None if one.default => ("usable, default", Tone::Green),
        None => ("usable", Tone::Green),
    }
}

fn used_for(one: &Checked) -> &'static str {
    match (one.works_on_tasks, one.serves_chats) {
        (true, true) => "tasks, chats",
        (true, false) => "tasks",
        (false, true) => "chats",
        (false, false) => "nothing",
    }
}

fn login(login: &Login) -> String {
    match login {
        Login::Yes(how) => format!("yes ({how})"),
        Login::No => "no".to_owned(),
        Login::Unknown(why) => format!("unknown ({why})"),
        Login::NotNeeded => "not needed".to_owned(),
    }
}

/// That nothing shows that it is logged in, and where that was looked for.
pub(super) fn not_logged_in(one: &Checked, credentials: &[Credential]) -> Trouble {
    let places = credentials.iter().map(|credential| match credential {
        Credential::Variable(name) => (*name).to_owned(),
        Credential::File { folder, name, .. } => format!("~/{folder}/{name}"),
        Credential::Status(args) => format!("`{} {}`", one.program, args.join(" ")),
    });
    Trouble {
        short: "not logged in",
        why: format!("nothing shows that it is logged in: {}", places.collect::<Vec<_>>().join(", ")),
        hint: format!("run {} and log in, or set the variable that holds its key", one.program),
    }
}
