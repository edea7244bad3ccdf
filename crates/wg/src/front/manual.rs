//! `docs/cli.md`, written from clap's own model of the command line.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::front::args::GROUPS;

const HEAD: &str = "# Command line

Written by `wg __docs cli`; do not edit.

A task is named by its id or a unique beginning of it. Every verb takes `--json`
([its fields](json.md)). Exit codes: 0 done, 1 refused or failed, 2 usage, 3 not found, 4 conflict, 75 try later.
";

/// The page.
#[must_use]
pub fn page(mut command: Command) -> String {
    command.build();
    let mut page = HEAD.to_owned();
    write(&mut page, format_args!("\n## Everywhere\n\n"));
    options(&mut page, command.get_arguments().filter(|arg| arg.is_global_set()));
    for (group, verbs) in GROUPS.iter().filter(|(_, verbs)| !verbs.is_empty()) {
        write(&mut page, format_args!("\n## {group}\n"));
        for verb in *verbs {
            let verb = command.find_subcommand(verb).expect("a test holds groups and verbs together");
            one(&mut page, verb, "wg");
        }
    }
    page
}

fn one(page: &mut String, command: &Command, above: &str) {
    let name = format!("{above} {}", command.get_name());
    write(page, format_args!("\n### {name}\n\n"));
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut parts = about.splitn(2, "\n\n");
    write(page, format_args!("{}.\n", parts.next().unwrap_or_default().trim_end_matches('.')));
    if let Some(more) = parts.next() {
        write(page, format_args!("\n{more}\n"));
    }
    let inner: Vec<&Command> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
    if inner.is_empty() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        write(page, format_args!("\n```\n{usage}\n```\n"));
        let mut own = command.get_arguments().filter(|arg| !arg.is_global_set() && shown(arg)).peekable();
        if own.peek().is_some() {
            page.push('\n');
            options(page, own);
        }
    }
    for inner in inner {
        one(page, inner, &name);
    }
}

fn shown(arg: &Arg) -> bool {
    !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn options<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    for arg in arguments.filter(|arg| shown(arg)) {
        let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        let value = value.filter(|_| arg.get_action().takes_values());
        let mut names: Vec<String> = Vec::new();
        names.extend(arg.get_short().map(|short| format!("-{short}")));
        names.extend(arg.get_long().map(|long| format!("--{long}")));
        let said = match (names.is_empty(), value) {
            (true, value) => value.unwrap_or_else(|| arg.get_id().to_string().to_uppercase()),
            (false, Some(value)) => format!("{} {value}", names.join(", ")),
            (false, None) => names.join(", "),
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        write(page, format_args!("- `{said}`: {help}\n"));
    }
}

fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes everything");
}
