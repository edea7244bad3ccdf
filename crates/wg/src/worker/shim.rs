//! `wg __shim FOLDER`: the shim of one attempt, with what it needs from this binary.

use std::path::Path;
use std::sync::Arc;

use wg_dispatch::files::AttemptFolder;
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
