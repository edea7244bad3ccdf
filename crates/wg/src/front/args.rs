//! The command line as clap reads it: the verbs, what holds for all of them, and the grouped help.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use wg_core::attempt::AttemptKind;

use crate::commands;
use crate::context::Access;

/// The groups of the help, and the verbs in each, what a person types daily first.
pub const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Graph",
        &[
            "add",
            "list",
            "show",
            "ready",
            "blocked",
            "why",
            "done",
            "fail",
            "log",
            "edit",
            "dep",
            "msg",
            "artifact",
            "claim",
            "unclaim",
            "wait",
            "pause",
            "resume",
            "retry",
            "reopen",
            "abandon",
            "status",
            "stats",
            "graph",
            "watch",
            "init",
            "quickstart",
        ],
    ),
    ("Agents", &["agents", "kill", "spawn", "attempt", "adapter", "skill"]),
    ("Chats", &["chat"]),
    ("Service", &["service"]),
    ("History", &["op", "undo", "export", "import"]),
    ("Care", &["doctor", "config", "migrate", "completions"]),
];

/// A durable graph of work: tasks depend on tasks, and a dispatcher runs those that are ready.
#[derive(Debug, Parser)]
#[command(name = "wg", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be said with every verb.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Print JSON (its fields: docs/json.md)
    #[arg(long, global = true)]
    pub json: bool,
    /// Use colour: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: When,
    /// Print times as RFC 3339, not as "3m ago"
    #[arg(long, global = true)]
    pub exact_times: bool,
    /// Print at once, without a pager
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// The graph's folder, where it is not the .wg of this folder or one above it
    #[arg(long, global = true, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    // Comments, not help: the words say it.
    Auto,
    Always,
    Never,
}

/// A verb with its arguments.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Init(commands::init::Args),
    Add(commands::add::Args),
    Edit(commands::edit::Args),
    Show(commands::show::Args),
    List(commands::list::Args),
    Ready(commands::ready::Args),
    Blocked(commands::blocked::Args),
    Why(commands::why::Args),
    Log(commands::log::Args),
    Dep(commands::dep::Args),
    Done(commands::done::Args),
    Fail(commands::fail::Args),
    Retry(commands::retry::Args),
    Reopen(commands::reopen::Args),
    Wait(commands::wait::Args),
    Abandon(commands::abandon::Args),
    Pause(commands::pause::Args),
    Resume(commands::resume::Args),
    Claim(commands::claim::Args),
    Unclaim(commands::unclaim::Args),
    Artifact(commands::artifact::Args),
    Msg(commands::msg::Args),
    Watch(commands::watch::Args),
    Chat(commands::chat::Args),
    Status(commands::status::Args),
    Stats(commands::stats::Args),
    Graph(commands::graph::Args),
    Agents(commands::agents::Args),
    Adapter(commands::adapter::Args),
    Skill(commands::skill::Args),
    Op(commands::op::Args),
    Undo(commands::undo::Args),
    Export(commands::export::Args),
    Import(commands::import::Args),
    Kill(commands::kill::Args),
    Spawn(commands::spawn::Args),
    Attempt(commands::attempt::Args),
    Doctor(commands::doctor::Args),
    Migrate(commands::migrate::Args),
    Completions(commands::completions::Args),
    Service(commands::service::Args),
    Quickstart(commands::quickstart::Args),
    Config(commands::config::Args),
    #[command(name = "__docs", hide = true)]
    Docs(commands::docs::Args),
}

impl Verb {
    /// Whether it changes the graph.
    #[must_use]
    pub fn access(&self) -> Access {
        let writes = match self {
            Self::Init(_)
            | Self::Show(_)
            | Self::List(_)
            | Self::Ready(_)
            | Self::Blocked(_)
            | Self::Why(_)
            | Self::Watch(_)
            | Self::Status(_)
            | Self::Stats(_)
            | Self::Graph(_)
            | Self::Agents(_)
            | Self::Attempt(_)
            | Self::Op(_)
            | Self::Export(_)
            | Self::Completions(_)
            | Self::Skill(_)
            | Self::Quickstart(_)
            | Self::Config(_)
            | Self::Docs(_) => false,
            Self::Service(args) => args.writes(),
            Self::Chat(args) => args.writes(),
            Self::Adapter(args) => args.writes(),
            Self::Doctor(args) => args.writes(),
            Self::Log(args) => args.writes(),
            Self::Dep(args) => args.writes(),
            Self::Artifact(args) => args.writes(),
            Self::Msg(args) => args.writes(),
            Self::Add(_)
            | Self::Edit(_)
            | Self::Done(_)
            | Self::Fail(_)
            | Self::Retry(_)
            | Self::Reopen(_)
            | Self::Wait(_)
            | Self::Abandon(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Claim(_)
            | Self::Unclaim(_)
            | Self::Kill(_)
            | Self::Spawn(_)
            | Self::Undo(_)
            | Self::Migrate(_)
            | Self::Import(_) => true,
        };
        if writes { Access::Write } else { Access::Read }
    }

    /// Whether a worker may use it through its door; what it may touch is the domain's to say. A chat's agent may
    /// do more: it works on the graph as a person would.
    #[must_use]
    pub fn is_open_to(&self, kind: AttemptKind) -> bool {
        match kind {
            AttemptKind::Work => self.is_for_workers(),
            AttemptKind::Handler => self.is_for_workers() || self.is_for_handlers(),
        }
    }

    fn is_for_handlers(&self) -> bool {
        match self {
            Self::Edit(_)
            | Self::Dep(_)
            | Self::Retry(_)
            | Self::Reopen(_)
            | Self::Abandon(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Kill(_)
            | Self::Undo(_) => true,
            Self::Chat(args) => args.is_for_handlers(),
            Self::Service(args) => args.is_for_handlers(),
            _ => false,
        }
    }

    fn is_for_workers(&self) -> bool {
        match self {
            Self::Add(_)
            | Self::Show(_)
            | Self::List(_)
            | Self::Ready(_)
            | Self::Blocked(_)
            | Self::Why(_)
            | Self::Log(_)
            | Self::Done(_)
            | Self::Fail(_)
            | Self::Wait(_)
            | Self::Artifact(_)
            | Self::Msg(_)
            | Self::Status(_)
            | Self::Stats(_)
            | Self::Graph(_)
            | Self::Agents(_)
            | Self::Op(_) => true,
            Self::Dep(args) => !args.writes(),
            Self::Attempt(args) => args.is_brief(),
            Self::Init(_)
            | Self::Edit(_)
            | Self::Retry(_)
            | Self::Reopen(_)
            | Self::Abandon(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Claim(_)
            | Self::Unclaim(_)
            | Self::Watch(_)
            | Self::Doctor(_)
            | Self::Completions(_)
            | Self::Skill(_)
            | Self::Kill(_)
            | Self::Spawn(_)
            | Self::Adapter(_)
            | Self::Migrate(_)
            | Self::Undo(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Chat(_)
            | Self::Service(_)
            | Self::Quickstart(_)
            | Self::Config(_)
            | Self::Docs(_) => false,
        }
    }

    /// Whether it needs no graph, so that even a worker's is done where it is called.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Docs(_) | Self::Completions(_) | Self::Skill(_))
    }

    /// Whether it may read standard input, where an argument is `-`.
    #[must_use]
    pub fn may_read_input(&self) -> bool {
        match self {
            Self::Add(_) | Self::Edit(_) | Self::Log(_) | Self::Msg(_) | Self::Done(_) | Self::Fail(_) => {
                true
            }
            Self::Chat(args) => args.may_read_input(),
            _ => false,
        }
    }
}

/// The command line with its help grouped: only made when somebody asks for help.
#[must_use]
pub fn with_grouped_help() -> clap::Command {
    let command = Cli::command();
    let mut text = String::from("{about}\n\n{usage-heading} {usage}\n");
    let wide = GROUPS.iter().flat_map(|(_, verbs)| *verbs).map(|verb| verb.len()).max().unwrap_or(0);
    for (group, verbs) in GROUPS.iter().filter(|(_, verbs)| !verbs.is_empty()) {
        text.push_str(&format!("\n{group}:\n"));
        for verb in *verbs {
            let about = command.find_subcommand(verb).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {verb:wide$}  {about}\n"));
        }
    }
    text.push_str("\n{options}\n\n`wg VERB --help` says more of each.\n");
    whole(command).help_template(text)
}

/// The long text of each verb in its short help, which lists the options closely; where a verb has verbs of its
/// own, each of them in one line.
fn whole(mut command: clap::Command) -> clap::Command {
    let inner: Vec<&clap::Command> = command.get_subcommands().collect();
    let wide = inner.iter().map(|verb| verb.get_name().len()).max().unwrap_or(0);
    let lines =
        inner.iter().filter_map(|verb| Some(format!("  {:wide$}  {}\n", verb.get_name(), verb.get_about()?)));
    let lines: String = lines.collect();
    if !lines.is_empty() {
        let text = format!(
            "{{about}}\n\n{{usage-heading}} {{usage}}\n\nCommands:\n{lines}\nEverywhere:\n{{options}}\n"
        );
        command = command.help_template(text);
    }
    for verb in command.get_subcommands_mut() {
        let inner = whole(std::mem::take(verb));
        *verb = match inner.get_long_about().cloned() {
            Some(long) => inner.about(long).long_about(None),
            None => inner,
        };
    }
    command
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        with_grouped_help().debug_assert();
    }

    #[test]
    fn every_verb_stands_in_one_group_of_the_help() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| *verbs).copied().collect();
        let command = Cli::command();
        let shown: BTreeSet<&str> = command
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(grouped.len(), shown.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), shown);
    }
}
