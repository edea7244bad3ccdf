//! `wg`, the command line of workgraph: the composition root. It parses, finds the graph, runs a verb and
//! leaves with its exit code; what the words mean is `wg-core`'s.

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test may fail; the program itself is checked without")
)]

mod actor;
mod agents_md;
mod carry_out;
mod commands;
mod config;
mod context;
mod conversation;
mod daemon;
mod doctor;
mod environment;
mod error;
mod finding;
mod front;
mod migrate;
mod output;
mod quickstart;
mod telling;
mod wire;
mod worker;

use std::path::Path;
use std::process::ExitCode;

use wg_dispatch::supervise::SHIM_VERB;
use wg_dispatch::supervise::sandbox::CONFINE_VERB;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let code = match arguments.as_slice() {
        [_, verb, folder] if verb == SHIM_VERB => worker::shim::run(Path::new(folder)),
        [_, verb, folder, program] if verb == CONFINE_VERB => {
            worker::shim::confined(Path::new(folder), Path::new(program))
        }
        _ => front::run(&arguments),
    };
    ExitCode::from(code)
}
