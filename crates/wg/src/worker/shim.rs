//! `wg __shim FOLDER`: the shim of one attempt, with what it needs from this binary; and `wg __confine FOLDER
//! PROGRAM`, which gives up its rights and becomes the attempt's agent.

use std::path::Path;
use std::sync::Arc;

use wg_dispatch::files::AttemptFolder;
use wg_dispatch::supervise::sandbox::{ConfineError, confine};
use wg_dispatch::supervise::{ShimPorts, admission, shim_main};

use crate::context::Access;
use crate::output::sink;
use crate::wire::{self, SystemClock};
use crate::worker::door::WorkersDoor;

/// Runs the shim of the attempt in this folder (`.wg/attempts/agent-7`) until its agent is gone; gives the exit
/// code.
pub fn run(folder: &Path) -> u8 {
    let graph = AttemptFolder::new(folder).graph().path().to_owned();
    let reads = graph.clone();
    let ports = ShimPorts {
        admit: admission(move || wire::open(&reads, Access::Read)),
        door: Arc::new(WorkersDoor::new(graph)),
        clock: Arc::new(SystemClock),
    };
    match shim_main(folder, ports) {
        Ok(()) => 0,
        Err(error) => {
            sink::note_in_log(&error.to_string());
            1
        }
    }
}

/// What an exit status says of a program that can't be executed, and of one whose sandbox can't be had.
const NOT_EXECUTED: u8 = 126;

/// Becomes the agent of the attempt in this folder, without the rights that it may not have; gives the exit code where
/// that failed, which it says to whoever reads the agent's output.
pub fn confined(folder: &Path, program: &Path) -> u8 {
    let error: ConfineError = confine(folder, program);
    sink::note_in_log(&error.to_string());
    NOT_EXECUTED
}
