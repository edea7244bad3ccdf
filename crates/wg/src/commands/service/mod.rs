//! `wg service`: the dispatcher of this graph, as a process that is started, looked at and stopped.

mod install;
mod logs;
mod pause;
mod purge;
mod reload;
mod restart;
mod resume;
mod start;
mod status;
mod stop;

use wg_dispatch::files::GraphFolder;

use crate::commands::chat;
use crate::context::Context;
use crate::error::Result;

/// Start, stop and look at the dispatcher, which runs what is ready
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Start(start::Args),
    Stop(stop::Args),
    Restart(restart::Args),
    Status(status::Args),
    Logs(logs::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Reload(reload::Args),
    Install(install::Args),
    PurgeChats(purge::Args),
    /// As purge-chats
    ArchiveAllChats(purge::Args),
    /// As `wg chat create`
    CreateChat(chat::create::Args),
    /// As `wg chat archive`
    ArchiveChat(chat::archive::Args),
}

impl Args {
    /// Whether the graph is changed.
    #[must_use]
    pub fn writes(&self) -> bool {
        match &self.what {
            What::PurgeChats(args) | What::ArchiveAllChats(args) => args.writes(),
            What::Stop(_) | What::Pause(_) | What::Resume(_) | What::CreateChat(_) | What::ArchiveChat(_) => {
                true
            }
            What::Start(_)
            | What::Restart(_)
            | What::Status(_)
            | What::Logs(_)
            | What::Reload(_)
            | What::Install(_) => false,
        }
    }

    /// Whether a chat's agent may use it through its door.
    #[must_use]
    pub fn is_for_handlers(&self) -> bool {
        matches!(
            self.what,
            What::PurgeChats(_) | What::ArchiveAllChats(_) | What::CreateChat(_) | What::ArchiveChat(_)
        )
    }
}

/// Does it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    match args.what {
        What::Start(args) => start::run(args, ctx),
        What::Stop(args) => stop::run(args, ctx),
        What::Restart(args) => restart::run(args, ctx),
        What::Status(args) => status::run(args, ctx),
        What::Logs(args) => logs::run(args, ctx),
        What::Pause(args) => pause::run(args, ctx),
        What::Resume(args) => resume::run(args, ctx),
        What::Reload(args) => reload::run(args, ctx),
        What::Install(args) => install::run(args, ctx),
        What::PurgeChats(args) | What::ArchiveAllChats(args) => purge::run(args, ctx),
        What::CreateChat(args) => chat::create::run(args, ctx),
        What::ArchiveChat(args) => chat::archive::run(args, ctx),
    }
}

/// Where the dispatcher's files are.
fn folder(ctx: &mut Context) -> Result<GraphFolder> {
    Ok(GraphFolder::new(ctx.folder()?))
}
