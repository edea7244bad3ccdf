//! What a shim needs from outside, and whether its agent may start.

use std::io;
use std::sync::Arc;

use wg_core::attempt::{Attempt, barred};
use wg_core::port::{Clock, Store, StoreError};

use super::door::Door;
use crate::files::{FileError, Run};

/// Whether an agent may start.
#[derive(Debug)]
pub enum Admission {
    /// It may; this is its attempt.
    Admitted(Box<Attempt>),
    /// It may not, and why.
    Refused(String),
}

/// Reads, after the lock was taken, whether an agent may (still) start.
pub type Admit = Box<dyn Fn(Run) -> Admission>;

/// What a shim needs from outside.
pub struct ShimPorts {
    /// Whether the agent may start; [`admission`] asks a store.
    pub admit: Admit,
    /// What a worker may do.
    pub door: Arc<dyn Door>,
    /// The time, for what is written down. Spans are measured on a clock that nobody sets.
    pub clock: Arc<dyn Clock>,
}

/// Why a shim could not do anything at all. Its attempt was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// It is not known what to run.
    #[error(transparent)]
    Launch(#[from] FileError),
    /// It can't own processes.
    #[error("this process can't be made a shim: {0}")]
    Setup(#[from] io::Error),
}

/// Asks the store that `open` opens, and lets go of it.
#[must_use]
pub fn admission(open: impl Fn() -> Result<Box<dyn Store>, StoreError> + 'static) -> Admit {
    Box::new(move |run| match may_start(&open, run) {
        Ok(admission) => admission,
        Err(error) => Admission::Refused(format!("the graph can't be read: {error}")),
    })
}

fn may_start(
    open: &dyn Fn() -> Result<Box<dyn Store>, StoreError>,
    run: Run,
) -> Result<Admission, StoreError> {
    let mut admission = None;
    open()?.read(&mut |read| {
        admission = Some(match barred(read, run.attempt, run.fence)? {
            Some(why) => Admission::Refused(why),
            None => match read.attempt(run.attempt)? {
                Some((attempt, _)) if attempt.nonce == run.nonce => Admission::Admitted(Box::new(attempt)),
                _ => Admission::Refused(format!("{} is of another graph", run.attempt)),
            },
        });
        Ok(())
    })?;
    Ok(admission.unwrap_or_else(|| Admission::Refused("the graph gave no answer".to_owned())))
}
