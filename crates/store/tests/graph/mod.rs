//! A graph with something of everything, and all that can be asked of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;

use wg_core::attempt::{Attempt, AttemptKind, AttemptState};
use wg_core::chat::{Chat, ChatRun, ChatState, Consumer, Entry, InboxRow, InboxState, What};
use wg_core::command::Command;
use wg_core::effect::{Effect, EffectKind, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, Fence, OpSeq, TaskId};
use wg_core::port::{
    Chats, Page, Read, ReadyQuery, Store, StoreError, TagFilter, TaskFilter, TaskOrder, Write,
};
use wg_core::task::{Task, TaskState, Wait};
use wg_core::time::Timestamp;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(second * 1_000_000_000)
}

pub fn id(n: i64) -> TaskId {
    TaskId::parse(&format!("task-{n}")).unwrap()
}

fn task(n: i64) -> Task {
    let mut task = Task::new(id(n), format!("Task number {n}"), at(n % 17));
    task.description = "What is to be done. ".repeat(usize::try_from(n % 40).unwrap());
    task.after.extend([n / 2, n / 3].into_iter().filter(|other| *other < n).map(id));
    task.tags.insert(format!("tag-{}", n % 5));
    task.parent = (n % 7 == 0).then(|| id(n / 7));
    task.times.not_before = (n % 11 == 0).then(|| at(n));
    task.run.exec = (n % 2 == 0).then(|| "true".into());
    task.paused = n % 13 == 0;
    task.state = match n % 6 {
        0 | 1 => TaskState::Done,
        2 => TaskState::Waiting { on: Wait::Until(at(n)) },
        _ => TaskState::Open,
    };
    task.times.completed_at = (task.state == TaskState::Done).then(|| at(n));
    task
}

fn attempt(n: i64) -> Attempt {
    Attempt {
        reference: AttemptRef(n.unsigned_abs() + 1),
        kind: AttemptKind::Work,
        task: id(n),
        number: 1,
        fence: Fence(1),
        nonce: 0x1234_5678_9abc_def0,
        adapter: "shell".into(),
        model: None,
        host: "box".into(),
        state: AttemptState::Starting,
        created_at: at(n),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: wg_core::attempt::Progress::default(),
    }
}

/// A chat, its place, and a message that stands somewhere.
fn put_chat(view: &mut dyn Write, n: i64, actor: &Actor) -> Result<(), StoreError> {
    let number = ChatNumber(n.unsigned_abs() + 1);
    let run = ChatRun { adapter: "claude".into(), ..ChatRun::default() };
    let mut chat = Chat::new(number, format!("Chat about {n}"), run, at(n));
    chat.state = match n % 4 {
        0 => ChatState::Dormant,
        1 => ChatState::Backoff { until: at(n) },
        2 => ChatState::Held { by: actor.clone(), at: at(n) },
        _ => ChatState::Archived { by: actor.clone(), at: at(n), purged_at: None, held: false },
    };
    view.put_task(&chat.as_task(None))?;
    view.put_chat(&chat)?;
    for state in [InboxState::Answered, InboxState::Waiting] {
        let text = format!("What of {n}? ").repeat(usize::try_from(n % 30).unwrap());
        let what = What::Message { from: actor.clone(), text };
        let last = view.last_entry(number)? + 1;
        view.append_entry(number, &Entry { number: last, at: at(n), what })?;
        view.put_inbox(number, &InboxRow { number: last, kills: 0, deliveries: 1, state })?;
    }
    view.put_consumer(
        number,
        &Consumer { last_at: Some(at(n)), ping_until: (n % 2 == 0).then(|| at(n + 60)) },
    )
}

/// Writes so many tasks, each in an operation of its own, with rows of every kind.
pub fn fill(store: &mut dyn Store, tasks: i64) {
    let actor = Actor::User("ann".into());
    for n in 0..tasks {
        let one = |view: &mut dyn Write| {
            let command = Command::Log { task: id(n), message: format!("round {n}") };
            view.begin_operation(at(n), &actor, &command)?;
            view.put_task(&task(n))?;
            view.append_log(&id(n), at(n), "ann", "it was made")?;
            view.append_message(&id(n / 2), at(n), &actor, "look at the next one")?;
            view.append_artifact(&id(n / 2), at(n), "ann", &format!("out/{n}"))?;
            if n % 3 == 0 {
                put_chat(view, n, &actor)?;
            }
            if n % 4 == 0 {
                view.put_imported(&task(n))?;
                view.put_attempt(&attempt(n))?;
                let attempt = AttemptRef(n.unsigned_abs() + 1);
                let effect = Effect { kind: EffectKind::Launch, attempt, fence: Fence(1) };
                view.put_effect(&effect, &EffectState::Claimed("box".into()))?;
                view.mark_read(&id(n / 2), attempt, u64::MAX)?;
            }
            Ok(())
        };
        store.write(&mut { one }).unwrap();
    }
}

/// Every answer of a store, one line each.
pub fn answers(store: &mut dyn Store) -> Result<Vec<String>, StoreError> {
    let mut said = Vec::new();
    store.read(&mut |view| {
        said = ask(view)?;
        Ok(())
    })?;
    Ok(said)
}

fn ask(view: &mut dyn Read) -> Result<Vec<String>, StoreError> {
    let mut said = Vec::new();
    let mut ids = Vec::new();
    for order in [TaskOrder::Id, TaskOrder::Schedule, TaskOrder::Completed] {
        view.visit_tasks(&TaskFilter::default(), order, Page::ALL, &mut |task| {
            said.push(format!("{order:?} {task:?}"));
            if order == TaskOrder::Id {
                ids.push(task.id);
            }
            ControlFlow::Continue(())
        })?;
    }
    for id in &ids {
        said.push(format!("{:?}", (view.log_of(id, None)?, view.messages_of(id)?, view.artifacts_of(id)?)));
        said.push(format!("{:?}", (view.dependents(id)?, view.unmet(id)?, view.imported(id)?)));
        said.push(format!("{:?}", (view.attempts_of(id)?, view.task(id)?)));
    }
    for second in [0, 20, 1_000] {
        let query = ReadyQuery { lane: None, tags: TagFilter::default(), now: at(second), limit: 1_000 };
        said.push(format!("{:?}", (view.ready(&query)?, view.next_due(at(second))?)));
        said.push(format!("{:?}", view.waits_due(at(second), 1_000)?));
    }
    said.push(format!("{:?}", (view.counts()?, view.lanes()?, view.control()?, view.open_effects()?)));
    said.push(format!("{:?}", (view.live_attempts()?, view.attempts(Page::ALL)?, view.last_attempt()?)));
    for which in [Chats::All, Chats::Unarchived, Chats::Awake, Chats::GaveUp] {
        for chat in view.chats(which)? {
            let number = chat.number;
            let entries = (view.entries_of(number, 0, 99)?, view.last_entry(number)?, view.chat(number)?);
            said.push(format!("{which:?} {chat:?} {entries:?}"));
            let inbox = (view.inbox_next(number)?, view.inbox_open(number)?, view.inbox_counts(number)?);
            said.push(format!("{inbox:?} {:?} {:?}", view.inbox_row(number, 1)?, view.consumer(number)?));
        }
    }
    for second in [0, 20, 1_000] {
        said.push(format!("{:?} {:?}", view.last_chat()?, view.pinged(at(second))?));
    }
    for operation in view.operations_since(OpSeq(0), usize::MAX)? {
        said.push(format!("{operation:?} {:?}", view.changes_of(operation.seq)?));
    }
    Ok(said)
}
