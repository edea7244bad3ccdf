//! What is looked at to tell whether a graph and what runs for it are well, and how it is put right.
//!
//! Looking changes nothing. What is put right is provably wrong and provably ours; a damaged database is never
//! touched, only told of with the commands that restore a backup.

mod attempts;
mod chats;
mod database;
mod dispatcher;
mod place;
mod used;

use serde::Serialize;
use wg_core::id::ChatNumber;

use crate::context::Context;
use crate::error::Result;

pub use attempts::Leftover;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As it should be.
    Ok,
    /// Worth knowing, but no fault.
    Note,
    /// Not as it should be.
    Problem,
    /// It was not as it should be, and is now.
    Fixed,
}

/// One line of a doctor's report.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// What was looked at, in a word.
    pub area: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub what: String,
    /// What would put it right, where the program can do that itself.
    #[serde(rename = "fix", skip_serializing_if = "Option::is_none", serialize_with = "in_words")]
    pub fix: Option<Fix>,
    /// What to type, where it can't.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Line {
    fn new(area: &'static str, standing: Standing, what: impl Into<String>) -> Self {
        Self { area, standing, what: what.into(), fix: None, hints: Vec::new() }
    }

    fn ok(area: &'static str, what: impl Into<String>) -> Self {
        Self::new(area, Standing::Ok, what)
    }

    fn problem(area: &'static str, what: impl Into<String>) -> Self {
        Self::new(area, Standing::Problem, what)
    }

    fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// What puts something right.
#[derive(Debug, Clone)]
pub enum Fix {
    /// Nobody but the owner may write there.
    Permissions,
    /// git leaves the graph's folder alone.
    Ignore,
    /// What the plan of the recovery says, for all attempts together.
    Recover,
    /// Processes and files of an attempt that the graph does not know.
    Leftover(Leftover),
    /// What was used is counted anew, from the whole history.
    CountUsed,
    /// The history of a chat is brought up to its rows.
    History(ChatNumber),
    /// What an older program left of its chats is taken over.
    Migrate,
}

impl Fix {
    /// What it does, as the end of "`--fix` …".
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Permissions => "takes the permission away".into(),
            Self::Ignore => "adds it to git's exclude list".into(),
            Self::Recover => "does that".into(),
            Self::CountUsed => "counts it anew".into(),
            Self::History(_) => "writes what is missing".into(),
            Self::Migrate => "takes it over, as `wg migrate chat-rename` does".into(),
            Self::Leftover(leftover) => {
                format!("ends what is left of it and moves its files to {}", leftover.to.display())
            }
        }
    }
}

#[expect(clippy::ref_option, reason = "serde asks for a reference")]
fn in_words<S: serde::Serializer>(fix: &Option<Fix>, to: S) -> std::result::Result<S::Ok, S::Error> {
    fix.as_ref().map(Fix::says).serialize(to)
}

/// Looks at everything.
pub fn look(ctx: &mut Context) -> Result<Vec<Line>> {
    let folder = ctx.folder()?.to_owned();
    let mut lines = place::look(ctx, &folder);
    let database = database::look(ctx, &folder);
    let readable = database.iter().all(|line| line.standing != Standing::Problem);
    lines.extend(database);
    lines.extend(database::backups(&folder));
    lines.extend(dispatcher::look(ctx, &folder));
    if readable {
        lines.extend(used::look(ctx, &folder)?);
        lines.extend(attempts::look(ctx, &folder)?);
        lines.extend(chats::look(ctx, &folder)?);
    }
    Ok(lines)
}

/// Puts right what can be, and says so in the lines.
pub fn fix(ctx: &mut Context, lines: &mut [Line]) -> Result<()> {
    let folder = ctx.folder()?.to_owned();
    let recover = lines.iter().any(|line| matches!(line.fix, Some(Fix::Recover)));
    let unrepaired = if recover { attempts::recover(ctx, &folder)? } else { Vec::new() };
    for line in lines {
        let Some(fix) = &line.fix else { continue };
        let trouble = match fix {
            Fix::Permissions => place::take_permissions(&folder).err().map(|error| error.to_string()),
            Fix::Ignore => place::ignore(&folder).err().map(|error| error.to_string()),
            Fix::History(chat) => chats::complete(ctx, &folder, *chat).err(),
            Fix::Migrate => chats::migrate(ctx, &folder).err(),
            Fix::CountUsed => used::count(ctx, &folder).err(),
            Fix::Leftover(leftover) => attempts::clear(leftover).err(),
            Fix::Recover => unrepaired
                .iter()
                .find(|(attempt, _)| line.what.starts_with(attempt))
                .map(|(_, why)| why.clone()),
        };
        match trouble {
            None => line.standing = Standing::Fixed,
            Some(why) => line.hints.push(format!("it could not be put right: {why}")),
        }
    }
    Ok(())
}
