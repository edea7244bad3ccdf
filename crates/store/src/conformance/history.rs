//! Operations, what each changed, and the graph as it was.

use std::ops::ControlFlow;

use wg_core::command::Command;
use wg_core::control::{Control, Pause};
use wg_core::id::{Actor, AttemptRef, OpSeq};
use wg_core::operation::{Record, RecordKey};
use wg_core::port::Store;
use wg_core::task::Task;

use super::{Backend, ann, at, command, id, read, suite, task, write};

suite!(
    an_operation_tells_who_when_and_what,
    several_operations_in_one_transaction_keep_their_changes_apart,
    a_record_changed_twice_in_an_operation_changed_once,
    a_record_made_and_removed_in_an_operation_leaves_no_trace,
    a_record_that_comes_back_goes_on_counting_its_versions,
    the_graph_can_be_seen_as_it_was,
    operations_are_found_by_actor_and_record,
);

fn titled(title: &str) -> Task {
    Task { title: title.into(), ..task("a") }
}

fn title(record: Option<Record>) -> Option<String> {
    match record {
        Some(Record::Task(task)) => Some(task.title),
        _ => None,
    }
}

fn key() -> RecordKey {
    RecordKey::Task(id("a"))
}

/// What an operation did to task `a`: version, title before, title after.
fn change(store: &mut dyn Store, seq: u64) -> Vec<(u64, Option<String>, Option<String>)> {
    let changes = read(store, |view| view.changes_of(OpSeq(seq)));
    changes.into_iter().map(|change| (change.version, title(change.before), title(change.after))).collect()
}

fn an_operation_tells_who_when_and_what<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let asked = Command::Log { task: id("a"), message: "hello".into() };
    let agent = Actor::Agent(AttemptRef(7));
    store.write(&mut |view| view.begin_operation(at(3), &agent, &asked).map(drop)).unwrap();
    let found = read(&mut *store, |view| view.operation(OpSeq(1))).unwrap();
    assert_eq!((found.seq, found.at, found.actor, found.command), (OpSeq(1), at(3), agent, asked));
    assert_eq!(read(&mut *store, |view| view.operation(OpSeq(2))), None);
    assert_eq!(read(&mut *store, |view| view.operation(OpSeq(u64::MAX))), None);
    assert_eq!(read(&mut *store, |view| view.changes_of(OpSeq(u64::MAX))), []);
}

fn several_operations_in_one_transaction_keep_their_changes_apart<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    store
        .write(&mut |view| {
            for title in ["one", "two"] {
                view.begin_operation(at(1), &ann(), &command())?;
                view.put_task(&titled(title))?;
            }
            view.put_control(&Control { paused: Some(Pause { by: ann(), at: at(1) }), ..Control::default() })
        })
        .unwrap();
    assert_eq!(change(&mut *store, 1), [(1, None, Some("one".into()))]);
    let changes = read(&mut *store, |view| view.changes_of(OpSeq(2)));
    assert_eq!(changes.iter().map(|change| &change.key).collect::<Vec<_>>(), [&key(), &RecordKey::Control]);
    assert_eq!(title(changes[0].before.clone()), Some("one".into()));
    assert_eq!((changes[1].version, &changes[1].before), (1, &None));
    assert_eq!(read(&mut *store, |view| view.control()).1, 1);
}

fn a_record_changed_twice_in_an_operation_changed_once<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_task(&titled("one")));
    write(&mut *store, |view| {
        view.put_task(&titled("two"))?;
        view.put_task(&titled("three"))
    });
    assert_eq!(change(&mut *store, 2), [(2, Some("one".into()), Some("three".into()))]);
    assert_eq!(read(&mut *store, |view| view.task(&id("a"))), Some((titled("three"), 2)));
}

fn a_record_made_and_removed_in_an_operation_leaves_no_trace<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&titled("one"))?;
        view.remove_task(&id("a"))
    });
    assert_eq!(change(&mut *store, 1), []);
    write(&mut *store, |view| view.put_task(&titled("two")));
    assert_eq!(change(&mut *store, 2), [(1, None, Some("two".into()))]);
    assert_eq!(change(&mut *store, 1), []);
    write(&mut *store, |view| {
        view.remove_task(&id("a"))?;
        view.put_task(&titled("three"))
    });
    assert_eq!(change(&mut *store, 3), [(2, Some("two".into()), Some("three".into()))]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_record_that_comes_back_goes_on_counting_its_versions<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&titled("one"))?;
        view.append_log(&id("a"), at(1), "ann", "hello")
    });
    write(&mut *store, |view| view.remove_task(&id("a")));
    assert_eq!(change(&mut *store, 2), [(2, Some("one".into()), None)]);
    write(&mut *store, |view| view.remove_task(&id("a")));
    assert_eq!(change(&mut *store, 3), [], "what is not there can't be removed");
    write(&mut *store, |view| view.put_task(&titled("two")));
    assert_eq!(change(&mut *store, 4), [(3, None, Some("two".into()))]);
    assert_eq!(read(&mut *store, |view| view.log_of(&id("a"), None)), [], "its rows went with it");
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn the_graph_can_be_seen_as_it_was<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_task(&titled("one")));
    write(&mut *store, |view| view.put_task(&task("b")));
    write(&mut *store, |view| view.put_task(&titled("two")));
    write(&mut *store, |view| view.remove_task(&id("a")));
    let then = |store: &mut dyn Store, seq: u64| {
        read(store, |view| {
            let mut found = Vec::new();
            view.visit_tasks_at(OpSeq(seq), &mut |task| {
                found.push(task.title);
                ControlFlow::Continue(())
            })?;
            Ok((title(view.record_at(&key(), OpSeq(seq))?), found.join(", ")))
        })
    };
    assert_eq!(then(&mut *store, 0), (None, String::new()));
    assert_eq!(then(&mut *store, 1), (Some("one".into()), "one".into()));
    assert_eq!(then(&mut *store, 2), (Some("one".into()), "one, Task b".into()));
    assert_eq!(then(&mut *store, 3), (Some("two".into()), "two, Task b".into()));
    assert_eq!(then(&mut *store, 4), (None, "Task b".into()));
    assert_eq!(then(&mut *store, u64::MAX), (None, "Task b".into()));
    for (seq, expected) in [(0, Some(1)), (1, Some(3)), (3, Some(4)), (4, None)] {
        let found = read(&mut *store, |view| view.changed_since(&key(), OpSeq(seq)));
        assert_eq!(found, expected.map(OpSeq), "since {seq}");
    }
}

fn operations_are_found_by_actor_and_record<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let bob = Actor::User("bob".into());
    for (actor, name) in [(ann(), "a"), (bob.clone(), "a"), (ann(), "b"), (bob.clone(), "b"), (ann(), "a")] {
        store
            .write(&mut |view| {
                view.begin_operation(at(1), &actor, &command())?;
                view.put_task(&task(name))
            })
            .unwrap();
    }
    let mut found = |before: Option<u64>, actor: Option<&Actor>, record: Option<RecordKey>, limit| {
        let found = read(&mut *store, |view| {
            view.operations_before(before.map(OpSeq), actor, record.as_ref(), limit)
        });
        found.iter().map(|operation| operation.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(found(None, None, None, 9), [5, 4, 3, 2, 1]);
    assert_eq!(found(Some(4), None, None, 2), [3, 2]);
    assert_eq!(found(None, Some(&bob), None, 9), [4, 2]);
    assert_eq!(found(None, None, Some(key()), 9), [5, 2, 1]);
    assert_eq!(found(Some(5), Some(&ann()), Some(key()), 9), [1]);
    let since = read(&mut *store, |view| view.operations_since(OpSeq(2), 2));
    assert_eq!(since.iter().map(|operation| operation.seq.0).collect::<Vec<_>>(), [3, 4]);
}
