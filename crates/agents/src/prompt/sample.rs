//! Facts to try a template on.

use wg_core::attempt::Outcome;
use wg_core::id::{Actor, AttemptRef, OpSeq, TaskId};
use wg_core::port::{LogEntry, Message};
use wg_core::task::StateName;
use wg_core::time::Timestamp;

use super::{Dependency, LastEnd, PromptFacts, TaskFacts};

impl PromptFacts {
    /// Of a task with a title and nothing else.
    #[must_use]
    pub(super) fn bare_sample() -> Self {
        Self {
            task: TaskFacts {
                id: TaskId::slug("Port the parser"),
                title: "Port the parser".into(),
                description: String::new(),
                tags: Vec::new(),
                skills: Vec::new(),
                deliverables: Vec::new(),
                paths: Vec::new(),
                verify: Vec::new(),
            },
            before: Vec::new(),
            messages: Vec::new(),
            log: Vec::new(),
            attempt: 1,
            last: None,
            feedback: None,
        }
    }

    /// Of a task with everything.
    #[must_use]
    pub(super) fn full_sample() -> Self {
        let at = |second: i64| Timestamp::from_nanos(1_764_000_000_000_000_000 + second * 1_000_000_000);
        let ann = Actor::User("ann".into());
        let bare = Self::bare_sample();
        let message = |number, read_by, body: &str| Message {
            number,
            at: at(60),
            from: ann.clone(),
            body: body.into(),
            read_by,
        };
        let missing = Dependency {
            id: TaskId::slug("gone"),
            title: None,
            state: None,
            summary: None,
            artifacts: Vec::new(),
        };
        let grammar = Dependency {
            id: TaskId::slug("Write the grammar"),
            title: Some("Write the grammar".into()),
            state: Some(StateName::Done),
            summary: Some("Every rule has a test.\nStrings are raw.".into()),
            artifacts: vec!["docs/grammar.md".into()],
        };
        Self {
            task: TaskFacts {
                description: "Port it from C.\n\n- keep the *names*\n".into(),
                tags: vec!["parser".into(), "rust".into()],
                skills: vec!["c".into()],
                deliverables: vec!["src/parser.rs".into()],
                paths: vec!["src/".into()],
                verify: vec!["cargo test parser".into()],
                ..bare.task
            },
            before: vec![missing, grammar],
            messages: vec![
                message(1, Some(AttemptRef(3)), "Mind the tabs."),
                message(2, None, "And\nthe newlines."),
            ],
            log: vec![LogEntry {
                at: at(30),
                actor: "agent-3".into(),
                message: "the lexer is ported".into(),
                operation: OpSeq(9),
            }],
            attempt: 2,
            last: Some(LastEnd { attempt: AttemptRef(3), how: Outcome::NoWork.to_string() }),
            feedback: Some("The names are not what they were.".into()),
        }
    }
}
