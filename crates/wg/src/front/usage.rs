//! What clap says of a command line that it can't read, as every other failure is said: in one line, with
//! hints that can be typed.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue};

use crate::error::Failure;
use crate::front::args::Cli;

/// The failure that clap's error stands for.
pub(super) fn failure(arguments: &[OsString], error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let said = said.join(" ");
    let mut failure = Failure::usage(said.strip_prefix("error: ").unwrap_or(&said));
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| error.get(kind))
            .and_then(names);
    if let Some(names) = suggested {
        failure = failure.hint(format!("did you mean {names}?"));
    }
    if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && argument.starts_with("- ")
    {
        failure = failure.hint("-- before a text that begins with '-' makes it one");
    }
    failure.hint(format!("{} --help", verb(arguments)))
}

fn names(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(name) => Some(name.clone()),
        ContextValue::Strings(names) if !names.is_empty() => Some(names.join(" or ")),
        _ => None,
    }
}

/// The verb that was meant, as far as it can be told: `wg dep add`.
fn verb(arguments: &[OsString]) -> String {
    let whole = Cli::command();
    let mut command = &whole;
    let mut path = String::from("wg");
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if let Some(inner) = command.find_subcommand(argument) {
            command = inner;
            path = format!("{path} {argument}");
        }
    }
    path
}
