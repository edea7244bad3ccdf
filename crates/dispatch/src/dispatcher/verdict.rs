//! What an exit record means.

use wg_agents::{Adapter, ProcessEnd};
use wg_core::attempt::{AttemptKind, Outcome};

use crate::files::{EndedBy, ExitRecord};

/// The adapter's verdict on an exit record. A stop that was asked for and a worker's report are known to
/// `submit`, which puts them before this.
pub(crate) fn verdict(adapter: Option<&dyn Adapter>, kind: AttemptKind, exit: &ExitRecord) -> Outcome {
    // A handler that was let go did not fail, however it left: whoever let it go knows why.
    if kind == AttemptKind::Handler {
        match exit.ended_by {
            EndedBy::Stop => return Outcome::Cancelled { reason: "its shim was asked to end it".into() },
            EndedBy::Alone => return Outcome::Cancelled { reason: "no dispatcher listened to it".into() },
            EndedBy::Process
            | EndedBy::SpawnFailed { .. }
            | EndedBy::Unconfined { .. }
            | EndedBy::Deadline
            | EndedBy::Lingered
            | EndedBy::Refused { .. } => {}
        }
    }
    let Some(adapter) = adapter else {
        return Outcome::Lost { reason: "its adapter is not in this program".into() };
    };
    // It had done what it would, and then it stayed: that it had to be ended says nothing of its work.
    if exit.ended_by == EndedBy::Lingered && !exit.reported {
        return Outcome::NoWork;
    }
    let end = match (&exit.ended_by, exit.status) {
        // What was stopped, `submit` knows; what is left is a graph that could not be read just then.
        (EndedBy::Refused { why }, _) => {
            return Outcome::Lost { reason: format!("it was never started: {why}") };
        }
        // No adapter has a say in it.
        (EndedBy::Unconfined { why }, _) => {
            let reason = format!(
                "the sandbox that is asked for can't be had: {why}; the setting sandbox.level asks for it"
            );
            return Outcome::Configuration { reason };
        }
        (EndedBy::Deadline, _) => ProcessEnd::Deadline,
        (EndedBy::SpawnFailed { text, .. }, _) => {
            ProcessEnd::NotExecuted { program: adapter.program().to_owned(), reason: text.clone() }
        }
        (EndedBy::Process | EndedBy::Stop | EndedBy::Lingered | EndedBy::Alone, Some(status)) => {
            ProcessEnd::Left(status)
        }
        (EndedBy::Process | EndedBy::Stop | EndedBy::Lingered | EndedBy::Alone, None) => {
            return Outcome::Lost { reason: "its exit record does not say how it left".into() };
        }
    };
    adapter.classify(&end)
}

#[cfg(test)]
mod tests {
    use wg_agents::Registry;
    use wg_core::id::{AttemptRef, Fence};
    use wg_core::time::Timestamp;

    use super::*;
    use crate::files::{OutputCount, Run};

    #[test]
    fn a_sandbox_that_can_not_be_had_is_a_matter_of_configuration_for_work_and_chats() {
        let exit = ExitRecord {
            run: Run { attempt: AttemptRef(7), fence: Fence(3), nonce: 1 },
            ended_by: EndedBy::Unconfined { why: "bubblewrap: the program bwrap is not here".into() },
            status: None,
            started_at: None,
            ended_at: Timestamp::default(),
            tree_gone: true,
            output: OutputCount::default(),
            reported: false,
            events: 0,
        };
        let registry = Registry::default();
        for kind in [AttemptKind::Work, AttemptKind::Handler] {
            let Outcome::Configuration { reason } = verdict(registry.get("claude"), kind, &exit) else {
                panic!("{kind:?}")
            };
            assert!(reason.contains("bwrap is not here") && reason.contains("sandbox.level"), "{reason}");
        }
    }
}
