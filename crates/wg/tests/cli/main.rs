//! The command line as people and programs use it: the real `wg`, whole outputs, exit codes.

#![expect(clippy::unwrap_used, reason = "tests")]

mod adapters;
mod budgets;
mod care;
mod chats;
mod configuration;
mod errors;
mod graph;
mod history;
mod json;
mod lists;
mod places;
mod prompts;
mod stories;
mod tasks;
mod terminal;
mod transfer;
mod usage;
mod watch;
mod worker;

use testkit::Environment;

/// A world with an empty graph.
fn world() -> Environment {
    Environment::with_graph(env!("CARGO_BIN_EXE_wg"))
}

/// A world with a chain: `parse` (its command is `true`), then `docs`, then `release`, and `cake` beside it.
fn chain() -> Environment {
    let world = world();
    world.ok(&["add", "Parse", "-x", "true", "-p", "high", "-t", "core"]);
    world.ok(&["add", "Write the docs", "--id", "docs", "--after", "parse", "-d", "Two lines\nof *text*."]);
    world.ok(&["add", "Release", "--after", "parse,docs", "-t", "core,public"]);
    world.ok(&["add", "Cake"]);
    world
}

/// Output with what differs from run to run made alike: the folder, times, and the columns that times widen.
fn alike(world: &Environment, text: &str) -> String {
    let text = text.replace(&world.folder().display().to_string(), "FOLDER");
    text.lines().map(|line| format!("{}\n", alike_line(line))).collect()
}

fn alike_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let fields = line.trim_start().split("  ").map(str::trim).filter(|field| !field.is_empty());
    let fields: Vec<&str> = fields.map(|field| if is_time(field) { "[time]" } else { field }).collect();
    format!("{}{}", " ".repeat(indent), fields.join("  "))
}

fn is_time(field: &str) -> bool {
    let span = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(['s', 'm']);
    field == "just now" || field.strip_suffix(" ago").is_some_and(span)
}
