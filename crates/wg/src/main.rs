//! `wg`, the command line of workgraph: the composition root. It parses, finds the graph, runs a verb and
//! leaves with its exit code; what the words mean is `wg-core`'s.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test may fail; the program itself is checked without")
)]

mod actor;
mod args;
mod attempts;
mod carry_out;
mod commands;
mod completion;
mod config;
mod context;
mod daemon;
mod difference;
mod doctor;
mod door;
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
mod quickstart;
mod reason;
mod receipt;
mod record;
mod relatives;
mod resolve;
mod selection;
mod shim;
mod story;
mod wire;

use std::path::Path;
use std::process::ExitCode;

use wg_dispatch::supervise::SHIM_VERB;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let code = match arguments.as_slice() {
        [_, verb, folder] if verb == SHIM_VERB => shim::run(Path::new(folder)),
        _ => front::run(&arguments),
    };
    ExitCode::from(code)
}
