//! `wg`, the command line of workgraph: the composition root. It parses, finds the graph, runs a verb and
//! leaves with its exit code; what the words mean is `wg-core`'s.

mod actor;
mod args;
mod attempts;
mod carry_out;
mod commands;
mod completion;
mod config;
mod context;
mod difference;
mod doctor;
mod entries;
mod environment;
mod error;
mod front;
mod history;
mod ignored;
mod listing;
mod locate;
mod manual;
mod nearest;
mod output;
mod past;
mod picture;
mod reason;
mod receipt;
mod record;
mod relatives;
mod resolve;
mod selection;
mod story;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(front::run(&arguments))
}
