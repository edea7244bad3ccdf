//! Dependencies, the counts that follow from them, and what a list shows.

use std::ops::ControlFlow;

use wg_core::port::{Page, Read, Store, StoreError, TaskFilter, TaskOrder};
use wg_core::task::{StateName, TaskState};

use super::{Backend, after, at, id, read, suite, task, write};

suite!(
    a_dependency_that_is_not_done_is_unmet,
    a_dependency_that_does_not_exist_is_unmet_until_it_is_made_and_done,
    a_removed_dependency_is_unmet_again,
    counts_follow_the_tasks,
    a_list_is_filtered_ordered_and_cut,
);

fn finish(store: &mut dyn Store, name: &str, state: &TaskState) {
    write(store, |view| {
        let (mut task, _) = view.task(&id(name))?.unwrap();
        task.state.clone_from(state);
        view.put_task(&task)
    });
}

fn unmet(store: &mut dyn Store, name: &str) -> u64 {
    read(store, |view| view.unmet(&id(name)))
}

fn a_dependency_that_is_not_done_is_unmet<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_task(&task("b"))?;
        view.put_task(&after("c", &["a", "b"]))
    });
    assert_eq!(unmet(&mut *store, "c"), 2);
    finish(&mut *store, "a", &TaskState::Done);
    assert_eq!(unmet(&mut *store, "c"), 1);
    finish(&mut *store, "b", &TaskState::Failed { reason: "so".into() });
    assert_eq!(unmet(&mut *store, "c"), 1, "failed is not done");
    finish(&mut *store, "a", &TaskState::Open);
    assert_eq!(unmet(&mut *store, "c"), 2, "opened again");
    write(&mut *store, |view| view.put_task(&after("c", &["b"])));
    assert_eq!(unmet(&mut *store, "c"), 1, "the edge is gone");
    assert_eq!(read(&mut *store, |view| view.dependents(&id("a"))), []);
    assert_eq!(read(&mut *store, |view| view.dependents(&id("b"))), [id("c")]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_dependency_that_does_not_exist_is_unmet_until_it_is_made_and_done<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&after("b", &["a"]))?;
        view.put_task(&after("c", &["a", "nowhere"]))
    });
    assert_eq!(read(&mut *store, |view| view.dependents(&id("a"))), [id("b"), id("c")]);
    assert_eq!((unmet(&mut *store, "b"), unmet(&mut *store, "c")), (1, 2));
    write(&mut *store, |view| view.put_task(&task("a")));
    assert_eq!((unmet(&mut *store, "b"), unmet(&mut *store, "c")), (1, 2));
    finish(&mut *store, "a", &TaskState::Done);
    assert_eq!((unmet(&mut *store, "b"), unmet(&mut *store, "c")), (0, 1));
    let mut made_done = task("nowhere");
    made_done.state = TaskState::Done;
    write(&mut *store, |view| view.put_task(&made_done));
    assert_eq!(unmet(&mut *store, "c"), 0);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_removed_dependency_is_unmet_again<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_task(&after("b", &["a"]))
    });
    finish(&mut *store, "a", &TaskState::Done);
    write(&mut *store, |view| view.remove_task(&id("a")));
    assert_eq!(unmet(&mut *store, "b"), 1);
    assert_eq!(read(&mut *store, |view| view.dependents(&id("a"))), [id("b")]);
    write(&mut *store, |view| view.remove_task(&id("b")));
    assert_eq!(read(&mut *store, |view| view.dependents(&id("a"))), []);
    assert_eq!(read(&mut *store, |view| view.counts()).total(), 0);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn counts_follow_the_tasks<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let mut paused = task("p");
    paused.paused = true;
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_task(&after("b", &["a"]))?;
        view.put_task(&paused)
    });
    let counts = read(&mut *store, |view| view.counts());
    assert_eq!((counts.ready(), counts.blocked(), counts.paused(), counts.total()), (1, 1, 1, 3));
    finish(&mut *store, "a", &TaskState::Done);
    let counts = read(&mut *store, |view| view.counts());
    assert_eq!((counts.ready(), counts.blocked(), counts.in_state(StateName::Done)), (1, 0, 1));
}

fn listed(
    view: &mut dyn Read,
    filter: &TaskFilter,
    order: TaskOrder,
    page: Page,
) -> Result<String, StoreError> {
    let mut found = Vec::new();
    view.visit_tasks(filter, order, page, &mut |task| {
        found.push(task.id.to_string());
        ControlFlow::Continue(())
    })?;
    Ok(found.join(" "))
}

fn a_list_is_filtered_ordered_and_cut<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        for (n, name) in ["d", "b", "a", "c"].into_iter().enumerate() {
            let mut task = task(name);
            task.times.created_at = at(i64::try_from(n).unwrap());
            if name < "c" {
                task.state = TaskState::Done;
                task.times.completed_at = Some(at(if name == "a" { 9 } else { 8 }));
            }
            view.put_task(&task)?;
        }
        Ok(())
    });
    let done = TaskFilter { states: vec![StateName::Done], ..TaskFilter::default() };
    let all = TaskFilter::default();
    read(&mut *store, |view| {
        assert_eq!(listed(view, &all, TaskOrder::Id, Page::ALL)?, "a b c d");
        assert_eq!(listed(view, &all, TaskOrder::Schedule, Page::ALL)?, "d b a c");
        assert_eq!(listed(view, &all, TaskOrder::Completed, Page::ALL)?, "a b c d");
        assert_eq!(listed(view, &all, TaskOrder::Id, Page { skip: 1, limit: 2 })?, "b c");
        assert_eq!(listed(view, &done, TaskOrder::Schedule, Page::ALL)?, "b a");
        assert_eq!(listed(view, &done, TaskOrder::Id, Page::first(1))?, "a");
        let mut seen = 0;
        view.visit_tasks(&all, TaskOrder::Id, Page::ALL, &mut |_| {
            seen += 1;
            ControlFlow::Break(())
        })?;
        assert_eq!(seen, 1, "a visitor that has enough is not called again");
        Ok(())
    });
}
