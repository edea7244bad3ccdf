//! One file a verb: its arguments (whose doc comments are its help) and what it does.

#![expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole, whether or not it uses them up"
)]

pub mod abandon;
pub mod adapter;
pub mod add;
pub mod agents;
pub mod artifact;
pub mod attempt;
pub mod blocked;
pub mod chat;
pub mod claim;
pub mod completions;
pub mod config;
pub mod dep;
pub mod docs;
pub mod doctor;
pub mod done;
pub mod edit;
pub mod export;
pub mod fail;
pub mod graph;
pub mod import;
pub mod init;
pub mod kill;
pub mod list;
pub mod log;
pub mod migrate;
pub mod msg;
pub mod op;
pub mod pause;
pub mod quickstart;
pub mod ready;
pub mod reopen;
pub mod resume;
pub mod retry;
pub mod service;
pub mod show;
pub mod skill;
pub mod spawn;
pub mod stats;
pub mod status;
pub mod unclaim;
pub mod undo;
pub mod wait;
pub mod watch;
pub mod why;

use crate::context::Context;
use crate::error::Result;
use crate::front::args::Verb;

/// Runs a verb.
pub fn run(verb: Verb, ctx: &mut Context) -> Result<()> {
    match verb {
        Verb::Init(args) => init::run(args, ctx),
        Verb::Add(args) => add::run(args, ctx),
        Verb::Edit(args) => edit::run(args, ctx),
        Verb::Show(args) => show::run(args, ctx),
        Verb::List(args) => list::run(args, ctx),
        Verb::Ready(args) => ready::run(args, ctx),
        Verb::Blocked(args) => blocked::run(args, ctx),
        Verb::Why(args) => why::run(args, ctx),
        Verb::Log(args) => log::run(args, ctx),
        Verb::Dep(args) => dep::run(args, ctx),
        Verb::Done(args) => done::run(args, ctx),
        Verb::Fail(args) => fail::run(args, ctx),
        Verb::Retry(args) => retry::run(args, ctx),
        Verb::Reopen(args) => reopen::run(args, ctx),
        Verb::Wait(args) => wait::run(args, ctx),
        Verb::Abandon(args) => abandon::run(args, ctx),
        Verb::Pause(args) => pause::run(args, ctx),
        Verb::Resume(args) => resume::run(args, ctx),
        Verb::Claim(args) => claim::run(args, ctx),
        Verb::Unclaim(args) => unclaim::run(args, ctx),
        Verb::Artifact(args) => artifact::run(args, ctx),
        Verb::Msg(args) => msg::run(args, ctx),
        Verb::Chat(args) => chat::run(args, ctx),
        Verb::Watch(args) => watch::run(args, ctx),
        Verb::Status(args) => status::run(args, ctx),
        Verb::Stats(args) => stats::run(args, ctx),
        Verb::Graph(args) => graph::run(args, ctx),
        Verb::Agents(args) => agents::run(args, ctx),
        Verb::Adapter(args) => adapter::run(args, ctx),
        Verb::Op(args) => op::run(args, ctx),
        Verb::Undo(args) => undo::run(args, ctx),
        Verb::Export(args) => export::run(args, ctx),
        Verb::Import(args) => import::run(args, ctx),
        Verb::Kill(args) => kill::run(args, ctx),
        Verb::Skill(args) => skill::run(args, ctx),
        Verb::Spawn(args) => spawn::run(args, ctx),
        Verb::Attempt(args) => attempt::run(args, ctx),
        Verb::Migrate(args) => migrate::run(args, ctx),
        Verb::Doctor(args) => doctor::run(args, ctx),
        Verb::Completions(args) => completions::run(args, ctx),
        Verb::Service(args) => service::run(args, ctx),
        Verb::Quickstart(args) => quickstart::run(args, ctx),
        Verb::Config(args) => config::run(args, ctx),
        Verb::Docs(args) => docs::run(args, ctx),
    }
}
