//! What there is in the graph to tell the worker of a task: the facts that its prompt is made of.

use wg_agents::prompt::{Dependency, LastEnd, PromptFacts, TaskFacts};
use wg_core::attempt::{Attempt, AttemptKind, Outcome, Report};
use wg_core::id::{Actor, TaskId};
use wg_core::port::{LogEntry, Read, StoreError};
use wg_core::task::{Task, TaskState};

/// Entries of the task's log that its worker is told.
const LOG_ENTRIES: usize = 20;
/// Entries of a finished task's log among which what was said of its end is looked for.
const END_ENTRIES: usize = 10;

/// Gathers what `attempt` has to know of its task. An attempt that has not started yet may be made up: only its
/// reference and its number are looked at.
pub fn prompt_facts(read: &mut dyn Read, task: &Task, attempt: &Attempt) -> Result<PromptFacts, StoreError> {
    let mut before = Vec::with_capacity(task.after.len());
    for id in &task.after {
        before.push(dependency(read, id)?);
    }
    let mut earlier = read.attempts_of(&task.id)?;
    earlier.retain(|other| other.kind == AttemptKind::Work && other.reference < attempt.reference);
    let last = earlier.into_iter().max_by_key(|attempt| attempt.reference);
    let mut messages = read.messages_of(&task.id)?;
    // That its prompt tells it of them is noted before the prompt is made.
    for message in messages.iter_mut().filter(|message| message.read_by == Some(attempt.reference)) {
        message.read_by = None;
    }
    Ok(PromptFacts {
        task: TaskFacts {
            id: task.id.clone(),
            title: task.title.clone(),
            description: task.description.clone(),
            tags: task.tags.iter().cloned().collect(),
            skills: task.skills.iter().cloned().collect(),
            deliverables: task.deliverables.clone(),
            paths: task.paths.clone(),
            // A task has no commands of this kind yet.
            verify: Vec::new(),
        },
        before,
        messages,
        log: read.log_of(&task.id, Some(LOG_ENTRIES))?,
        attempt: attempt.number,
        last: last.and_then(|last| {
            let how = last.outcome()?.to_string();
            Some(LastEnd { attempt: last.reference, how })
        }),
        // Nobody can say anything of this kind yet: what is said comes as messages.
        feedback: None,
    })
}

fn dependency(read: &mut dyn Read, id: &TaskId) -> Result<Dependency, StoreError> {
    let Some((task, _)) = read.task(id)? else {
        return Ok(Dependency {
            id: id.clone(),
            title: None,
            state: None,
            summary: None,
            artifacts: Vec::new(),
        });
    };
    let summary = match task.state {
        TaskState::Done => summary(read, &task)?,
        _ => None,
    };
    let artifacts = read.artifacts_of(id)?.into_iter().map(|artifact| artifact.path).collect();
    Ok(Dependency {
        id: task.id,
        state: Some(task.state.name()),
        title: Some(task.title),
        summary,
        artifacts,
    })
}

/// What was said of a task when it was done: by a person, in its log, or by its last attempt.
fn summary(read: &mut dyn Read, task: &Task) -> Result<Option<String>, StoreError> {
    let log = read.log_of(&task.id, Some(END_ENTRIES))?;
    if let Some(said) = log.iter().rev().find_map(said_by_person) {
        return Ok(Some(said.to_owned()));
    }
    let Some(last) = task.history.last else { return Ok(None) };
    let Some((attempt, _)) = read.attempt(last)? else { return Ok(None) };
    Ok(match (attempt.report.as_ref(), attempt.outcome()) {
        (Some(Report::Done(Some(summary))), _) => Some(summary.clone()),
        (_, Some(Outcome::Done { summary })) => summary.clone(),
        _ => None,
    })
}

/// The summary of a `wg done -m` that no attempt made: only the log keeps it.
fn said_by_person(entry: &LogEntry) -> Option<&str> {
    match Actor::from(entry.actor.clone()) {
        Actor::User(_) => entry.message.strip_prefix("done: "),
        Actor::Agent(_) | Actor::Dispatcher(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wg_core::attempt::{AttemptState, ExitStatus};
    use wg_core::command::{Command, Ended, NewTask, Start};
    use wg_core::id::{AttemptRef, OpSeq};
    use wg_core::port::Store;
    use wg_core::submit::submit;
    use wg_core::task::StateName;
    use wg_core::time::Timestamp;
    use wg_store::memory::MemoryStore;

    use super::*;

    struct World {
        store: MemoryStore,
        now: i64,
    }

    impl World {
        fn new() -> Self {
            Self { store: MemoryStore::default(), now: 0 }
        }

        fn send(&mut self, actor: &Actor, command: Command) -> Vec<AttemptRef> {
            self.now += 3_600_000_000_000;
            let now = Timestamp::from_nanos(self.now);
            submit(&mut self.store, actor, command, now).expect("it is allowed").attempts
        }

        fn add(&mut self, title: &str, after: &[&str]) -> TaskId {
            let new = NewTask {
                title: title.into(),
                after: after.iter().map(|id| TaskId::slug(id)).collect(),
                deliverables: vec![format!("{title}.rs")],
                ..NewTask::default()
            };
            self.send(&ann(), Command::Add(Box::new(new)));
            TaskId::slug(title)
        }

        fn start(&mut self, task: &TaskId) -> AttemptRef {
            let start = Start {
                task: task.clone(),
                adapter: "claude".into(),
                model: None,
                host: "box".into(),
                nonce: 7,
            };
            self.send(&host(), Command::StartAttempt(start))[0]
        }

        fn attempt(&mut self, reference: AttemptRef) -> Attempt {
            let mut found = None;
            self.store
                .read(&mut |read| {
                    found = read.attempt(reference)?;
                    Ok(())
                })
                .expect("memory can be read");
            found.expect("it was started").0
        }

        fn end(&mut self, reference: AttemptRef, seen: Outcome) {
            let fence = self.attempt(reference).fence;
            let at = Timestamp::from_nanos(self.now);
            let ended = Ended {
                attempt: reference,
                fence,
                seen,
                at,
                configuration: 0,
                first_pause: std::time::Duration::ZERO,
                max_attempts: 3,
                jitter: 0,
            };
            self.send(&host(), Command::AttemptEnded(ended));
        }

        fn facts(&mut self, task: &TaskId, attempt: &Attempt) -> PromptFacts {
            let mut facts = None;
            self.store
                .read(&mut |read| {
                    let (task, _) = read.task(task)?.expect("it is there");
                    facts = Some(prompt_facts(read, &task, attempt)?);
                    Ok(())
                })
                .expect("memory can be read");
            facts.expect("they were gathered")
        }
    }

    fn ann() -> Actor {
        Actor::User("ann".into())
    }

    fn host() -> Actor {
        Actor::Dispatcher("box".into())
    }

    #[test]
    fn what_came_before_is_told_with_what_was_said_of_it() {
        let mut world = World::new();
        let grammar = world.add("grammar", &[]);
        let lexer = world.add("lexer", &[]);
        let build = world.add("build", &[]);
        let parser = world.add("parser", &["grammar", "lexer", "build"]);
        // One by a person, one by an agent, one without a word.
        world.send(&ann(), Command::AddArtifact { task: grammar.clone(), path: "g.md".into() });
        world.send(&ann(), Command::Done { tasks: vec![grammar], summary: Some("every rule".into()) });
        let agent = world.start(&lexer);
        let said = Command::Done { tasks: vec![lexer], summary: Some("tokens\nare u8".into()) };
        world.send(&Actor::Agent(agent), said);
        world.end(agent, Outcome::NoWork);
        world.send(&ann(), Command::Done { tasks: vec![build], summary: None });

        let own = world.start(&parser);
        let attempt = world.attempt(own);
        let facts = world.facts(&parser, &attempt);
        let told: Vec<_> = facts
            .before
            .iter()
            .map(|d| (d.id.as_str(), d.state, d.summary.as_deref(), d.artifacts.join(",")))
            .collect();
        let done = Some(StateName::Done);
        assert_eq!(
            told,
            [
                ("build", done, None, String::new()),
                ("grammar", done, Some("every rule"), "g.md".into()),
                ("lexer", done, Some("tokens\nare u8"), String::new()),
            ]
        );
        assert_eq!((facts.attempt, &facts.last), (1, &None));
        assert_eq!(facts.task.deliverables, ["parser.rs"]);
        wg_agents::prompt::render(None, &facts).expect("it is a prompt");
    }

    #[test]
    fn a_next_attempt_knows_how_the_last_one_ended_and_what_was_said_meanwhile() {
        let mut world = World::new();
        let task = world.add("parser", &[]);
        let message = |body: &str| Command::PostMessage { task: TaskId::slug("parser"), body: body.into() };
        world.send(&ann(), message("mind the tabs"));
        let first = world.start(&task);
        world.send(&Actor::Agent(first), Command::ReadMessages { task: task.clone() });
        world.send(&Actor::Agent(first), Command::Log { task: task.clone(), message: "half of it".into() });
        world.end(first, Outcome::ExitedBadly { status: ExitStatus::Code(3) });
        world.send(&ann(), message("and the newlines"));
        let second = world.start(&task);

        let attempt = world.attempt(second);
        let facts = world.facts(&task, &attempt);
        let last = facts.last.expect("there was one");
        assert_eq!((last.attempt, last.how.as_str()), (first, "exited badly (exit 3)"));
        assert_eq!(facts.attempt, 2);
        let seen: Vec<_> = facts.messages.iter().map(|m| (m.body.as_str(), m.read_by)).collect();
        assert_eq!(seen, [("mind the tabs", Some(first)), ("and the newlines", None)]);
        assert!(facts.log.iter().any(|entry| entry.message == "half of it"));
        // The first one, looked at again, knows nothing of what came later.
        let attempt = world.attempt(first);
        assert_eq!(world.facts(&task, &attempt).last, None);
    }

    #[test]
    fn a_dependency_that_is_not_there_or_not_done_is_told_as_that() {
        let mut world = World::new();
        world.add("lexer", &[]);
        let mut task = Task::new(TaskId::slug("parser"), "parser", Timestamp::default());
        task.after = BTreeSet::from([TaskId::slug("gone"), TaskId::slug("lexer")]);
        let attempt = Attempt {
            reference: AttemptRef(1),
            task: task.id.clone(),
            kind: AttemptKind::Work,
            number: 1,
            fence: wg_core::id::Fence(1),
            nonce: 0,
            adapter: "claude".into(),
            model: None,
            host: "box".into(),
            state: AttemptState::Starting,
            created_at: Timestamp::default(),
            shim: None,
            report: None,
            stop: None,
            timeout: None,
            progress: wg_core::attempt::Progress::default(),
        };
        let mut facts = None;
        world
            .store
            .read(&mut |read| {
                facts = Some(prompt_facts(read, &task, &attempt)?);
                Ok(())
            })
            .expect("memory can be read");
        let states: Vec<_> =
            facts.expect("gathered").before.into_iter().map(|d| (d.title, d.state)).collect();
        assert_eq!(states, [(None, None), (Some("lexer".into()), Some(StateName::Open))]);
    }

    #[test]
    fn what_a_person_said_is_found_in_the_log_and_is_said_by_nobody_else() {
        let entry = |actor: &str, message: &str| LogEntry {
            at: Timestamp::default(),
            actor: actor.into(),
            message: message.into(),
            operation: OpSeq(1),
        };
        assert_eq!(said_by_person(&entry("user:ann", "done: by hand")), Some("by hand"));
        assert_eq!(said_by_person(&entry("user:ann", "failed: by hand")), None);
        assert_eq!(said_by_person(&entry("agent-3", "done: by itself")), None);
    }
}
