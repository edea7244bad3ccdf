//! The `shell` adapter: a task's command, run by a shell. It needs no account and reports by its exit status.

use wg_core::attempt::{Attempt, ExitStatus, Outcome};
use wg_core::task::Task;

use crate::adapter::{Adapter, Unlaunchable};
use crate::command_spec::{CommandSpec, Stdin};
use crate::process_end::ProcessEnd;
use crate::program::{Fingerprint, ProgramFacts};

/// Its name, and that of the lane of tasks with a command.
const NAME: &str = "shell";

/// What can be configured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellConfig {
    /// The shell; it is called with `-c COMMAND`.
    pub program: String,
}

impl Default for ShellConfig {
    fn default() -> Self {
        Self { program: "/bin/sh".to_owned() }
    }
}

/// Runs a task's `exec`.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    config: ShellConfig,
}

impl Shell {
    /// One that uses this shell.
    #[must_use]
    pub fn new(config: ShellConfig) -> Self {
        Self { config }
    }
}

impl Adapter for Shell {
    fn name(&self) -> &'static str {
        NAME
    }

    fn program(&self) -> &str {
        &self.config.program
    }

    fn launch(&self, task: &Task, _attempt: &Attempt) -> Result<CommandSpec, Unlaunchable> {
        let command = task.run.exec.as_deref().ok_or(Unlaunchable::NoCommand)?;
        if command.contains('\0') {
            return Err(Unlaunchable::Nul);
        }
        Ok(CommandSpec {
            program: self.config.program.clone(),
            args: vec!["-c".to_owned(), command.to_owned()],
            env: Vec::new(),
            inherit: Vec::new(),
            stdin: Stdin::Nothing,
        })
    }

    /// Exit 126 and 127 come from the command, which the shell looked for: only a shell that can't be
    /// executed itself is a matter of configuration.
    fn classify(&self, end: &ProcessEnd) -> Outcome {
        match end {
            ProcessEnd::Left(ExitStatus::Code(0)) => Outcome::Done { summary: None },
            ProcessEnd::Left(status) => Outcome::ExitedBadly { status: *status },
            ProcessEnd::Deadline => Outcome::TimedOut,
            ProcessEnd::NotExecuted { program, reason } => {
                Outcome::Configuration { reason: format!("the shell {program} can't be run: {reason}") }
            }
        }
    }

    /// Not every shell knows how to print its version.
    fn version_args(&self) -> Option<&'static [&'static str]> {
        None
    }

    fn configuration(&self, facts: &ProgramFacts) -> u64 {
        Fingerprint::default()
            .with(NAME.as_bytes())
            .with(self.config.program.as_bytes())
            .with_facts(facts)
            .value()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use wg_core::attempt::{AttemptKind, AttemptState};
    use wg_core::id::{AttemptRef, Fence, TaskId};
    use wg_core::time::Timestamp;

    use super::*;

    fn task(exec: Option<&str>) -> Task {
        let mut task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
        task.run.exec = exec.map(str::to_owned);
        task
    }

    pub(crate) fn attempt() -> Attempt {
        Attempt {
            reference: AttemptRef(1),
            task: TaskId::slug("a"),
            kind: AttemptKind::Work,
            number: 1,
            fence: Fence(1),
            nonce: 7,
            adapter: NAME.to_owned(),
            model: None,
            host: "box".to_owned(),
            state: AttemptState::Starting,
            created_at: Timestamp::default(),
            shim: None,
            report: None,
            stop: None,
            timeout: None,
            progress: wg_core::attempt::Progress::default(),
        }
    }

    #[test]
    fn the_command_goes_to_the_shell_as_it_is() {
        let shell = Shell::new(ShellConfig { program: "/bin/dash".into() });
        let spec = shell.launch(&task(Some("echo \"$HOME\" | wc -c")), &attempt()).expect("it has a command");
        assert_eq!(spec.program, "/bin/dash");
        assert_eq!(spec.args, ["-c", "echo \"$HOME\" | wc -c"]);
        assert_eq!(shell.launch(&task(None), &attempt()), Err(Unlaunchable::NoCommand));
        assert_eq!(shell.launch(&task(Some("a\0b")), &attempt()), Err(Unlaunchable::Nul));
    }

    #[test]
    fn every_end_has_its_class() {
        let shell = Shell::default();
        let cases = [
            (ProcessEnd::Left(ExitStatus::Code(0)), "done"),
            (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
            (ProcessEnd::Left(ExitStatus::Code(126)), "exited badly"),
            (ProcessEnd::Left(ExitStatus::Code(127)), "exited badly"),
            (ProcessEnd::Left(ExitStatus::Signal(9)), "exited badly"),
            (ProcessEnd::Deadline, "timed out"),
            (
                ProcessEnd::NotExecuted { program: "/bin/sh".into(), reason: "not found".into() },
                "configuration",
            ),
        ];
        for (end, class) in cases {
            assert_eq!(shell.classify(&end).class(), class, "{end:?}");
        }
    }

    #[test]
    fn another_shell_or_a_changed_one_is_another_configuration() {
        let facts = ProgramFacts { path: Some("/bin/sh".into()), modified: Some(5), executable: true };
        let base = Shell::default().configuration(&facts);
        assert_eq!(base, Shell::default().configuration(&facts));
        assert_ne!(base, Shell::new(ShellConfig { program: "bash".into() }).configuration(&facts));
        assert_ne!(base, Shell::default().configuration(&ProgramFacts::default()));
    }
}
