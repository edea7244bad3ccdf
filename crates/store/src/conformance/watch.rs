//! Hearing of changes, whoever makes them.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use wg_core::port::{Store, StoreError, WatchGuard};

use super::{Backend, ann, at, command, id, read, suite, task, write};

suite!(
    a_change_of_another_handle_is_heard_when_it_can_be_seen,
    a_change_of_the_same_handle_is_heard,
    nothing_is_heard_of_reading_and_of_what_was_taken_back,
    a_dropped_watch_is_silent,
    every_watch_hears,
);

/// Longer than anything takes that is to come.
const SOON: Duration = Duration::from_secs(20);

fn listen(store: &dyn Store) -> (Receiver<()>, Box<dyn WatchGuard>) {
    let (sender, receiver) = mpsc::channel();
    let guard = store.watch(Box::new(move || sender.send(()).unwrap_or_default())).unwrap();
    (receiver, guard)
}

/// Waits for hints until the graph is as it should be: one hint may tell of several changes.
fn wait_for(store: &mut dyn Store, heard: &Receiver<()>, last: u64) {
    while read(store, |view| view.last_operation()).0 < last {
        heard.recv_timeout(SOON).expect("a hint for a change that is still to be seen");
    }
}

fn a_change_of_another_handle_is_heard_when_it_can_be_seen<B: Backend>() {
    let backend = B::new();
    let (mut here, mut there) = (backend.handle(), backend.handle());
    let (heard, _guard) = listen(&*here);
    for last in 1..=20 {
        write(&mut *there, |view| view.put_task(&task("a")));
        wait_for(&mut *here, &heard, last);
    }
    let writer = std::thread::spawn(move || {
        for _ in 0..50 {
            write(&mut *there, |view| view.put_task(&task("b")));
        }
    });
    wait_for(&mut *here, &heard, 70);
    writer.join().unwrap();
}

fn a_change_of_the_same_handle_is_heard<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (heard, _guard) = listen(&*store);
    write(&mut *store, |view| view.put_task(&task("a")));
    heard.recv_timeout(SOON).unwrap();
}

fn nothing_is_heard_of_reading_and_of_what_was_taken_back<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (heard, _guard) = listen(&*store);
    read(&mut *store, |view| view.task(&id("a")));
    let answer = store.write(&mut |view| {
        view.begin_operation(at(1), &ann(), &command())?;
        Err(StoreError::Conflict)
    });
    assert_eq!(answer, Err(StoreError::Conflict));
    // What follows is heard; had the others been heard, they would have come before it.
    let (marked, _other) = listen(&*store);
    write(&mut *store, |view| view.put_task(&task("a")));
    marked.recv_timeout(SOON).unwrap();
    heard.recv_timeout(SOON).unwrap();
    assert_eq!(heard.try_recv().ok(), None);
}

fn a_dropped_watch_is_silent<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (heard, guard) = listen(&*store);
    drop(guard);
    // The listener itself is dropped, once whoever calls it has noticed.
    write(&mut *store, |view| view.put_task(&task("a")));
    loop {
        match heard.recv_timeout(SOON) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("the listener is still there"),
        }
    }
}

fn every_watch_hears<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (one, _one) = listen(&*store);
    let (other, _other) = listen(&*backend.handle());
    write(&mut *store, |view| view.put_task(&task("a")));
    one.recv_timeout(SOON).unwrap();
    other.recv_timeout(SOON).unwrap();
}
