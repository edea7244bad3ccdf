//! What was used on which day: each telling counts once, where and when it was told.

use proptest::prelude::*;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Progress};
use wg_core::chat::{Chat, ChatState};
use wg_core::control::Day;
use wg_core::id::{AttemptRef, Fence};
use wg_core::port::{Read, Store, StoreError, Write};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;
use wg_core::used::{MOST, Used};

use super::derived::Answers;
use super::{Backend, ann, at, chat, command, id, read, suite, task};

suite!(
    each_telling_counts_on_its_day_and_once,
    a_turn_that_takes_something_back_takes_it_from_the_sum,
    the_model_is_the_one_that_the_program_names,
    a_chat_counts_at_its_place_and_its_handlers_do_not,
    what_does_not_stand_counts_for_nothing,
    no_program_makes_a_sum_that_can_not_be_kept,
);

/// What is used in random steps: also nothing, less than before, more than anybody believes.
pub(super) fn any_usage() -> impl Strategy<Value = Usage> {
    let count = || prop_oneof![2 => Just(0), 4 => 1_u64..9, 1 => Just(u64::MAX)];
    let model =
        prop_oneof![2 => Just(None), 1 => Just(Some("opus".to_owned())), 1 => Just(Some(String::new()))];
    let some = (count(), count(), count(), count(), count(), proptest::option::of(count()), model);
    let some = some.prop_map(|(input, cache_read, cache_write, output, reasoning, cost_micros, model)| {
        Usage { input, cache_read, cache_write, output, reasoning, cost_micros, model }
    });
    // A model that used nothing is not written down.
    let some = some.prop_map(|usage| if usage.is_empty() { Usage::default() } else { usage });
    prop_oneof![1 => Just(Usage::default()), 3 => some]
}

pub(super) fn ask(view: &mut dyn Read, said: &mut Answers) -> Result<(), StoreError> {
    for day in [-9, 0, 1, 9] {
        said.note(("used since", day), used_since(view, Day(day))?);
    }
    Ok(())
}

fn used_since(view: &mut dyn Read, day: Day) -> Result<Vec<Used>, StoreError> {
    let mut found = Vec::new();
    view.visit_used(day, &mut |used| found.push(used))?;
    Ok(found)
}

/// Some hour of a day.
fn on(day: i64, hour: i64) -> Timestamp {
    at(day * 86_400 + hour * 3_600)
}

fn put(
    store: &mut dyn Store,
    when: Timestamp,
    mut work: impl FnMut(&mut dyn Write) -> Result<(), StoreError>,
) {
    store
        .write(&mut |view| {
            view.begin_operation(when, &ann(), &command())?;
            work(view)
        })
        .unwrap();
}

fn usage(input: u64, output: u64, cost_micros: Option<u64>) -> Usage {
    Usage { input, output, cost_micros, ..Usage::default() }
}

/// An attempt at task "a" that has used so much in the turn in flight.
fn working(n: u64, in_flight: Usage) -> Attempt {
    Attempt {
        reference: AttemptRef(n),
        kind: AttemptKind::Work,
        task: id("a"),
        number: 1,
        fence: Fence(n),
        nonce: 7,
        adapter: "claude".into(),
        model: None,
        host: "box".into(),
        state: AttemptState::Starting,
        created_at: at(1),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress { in_flight, ..Progress::default() },
    }
}

/// Each sum in short: day, task, adapter, model, input, output, cost.
type Row = (i64, String, String, Option<String>, u64, u64, Option<u64>);

fn rows(store: &mut dyn Store, since: i64) -> Vec<Row> {
    let found = read(store, |view| used_since(view, Day(since)));
    let row = |Used { day, by, counts }: Used| {
        let usage = counts.usage();
        (day.0, by.task.to_string(), by.adapter, by.model, usage.input, usage.output, usage.cost_micros)
    };
    found.into_iter().map(row).collect()
}

fn row(day: i64, model: Option<&str>, input: u64, output: u64, cost: Option<u64>) -> Row {
    (day, "a".into(), "claude".into(), model.map(str::to_owned), input, output, cost)
}

fn each_telling_counts_on_its_day_and_once<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let tell = |store: &mut dyn Store, when, n, used| {
        put(store, when, |view| view.put_attempt(&working(n, usage(used, 1, None))));
    };
    put(&mut *store, on(3, 1), |view| view.put_task(&task("a")));
    tell(&mut *store, on(3, 2), 1, 10);
    tell(&mut *store, on(3, 3), 1, 30);
    tell(&mut *store, on(3, 4), 1, 30);
    tell(&mut *store, on(3, 4), 2, 5);
    tell(&mut *store, on(4, 0), 1, 70);
    // The clock goes back.
    tell(&mut *store, on(2, 23), 1, 71);
    let expected = [row(2, None, 1, 0, None), row(3, None, 35, 2, None), row(4, None, 40, 0, None)];
    assert_eq!(rows(&mut *store, 0), expected);
    assert_eq!(rows(&mut *store, 4), expected[2..]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_turn_that_takes_something_back_takes_it_from_the_sum<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let tellings = [usage(100, 9, None), usage(80, 9, None), usage(80, 9, Some(0)), usage(80, 9, Some(7))];
    for (hour, used) in (1..).zip(tellings) {
        put(&mut *store, on(3, hour), |view| view.put_attempt(&working(1, used.clone())));
    }
    assert_eq!(rows(&mut *store, 0), [row(3, None, 80, 9, Some(7))]);
    put(&mut *store, on(3, 5), |view| view.put_attempt(&working(1, Usage::default())));
    let left = rows(&mut *store, 0);
    assert!(left.iter().all(|(_, _, _, _, input, output, _)| input + output == 0), "{left:?}");
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn the_model_is_the_one_that_the_program_names<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let named =
        |model: Option<&str>, input| Usage { model: model.map(str::to_owned), ..usage(input, 0, None) };
    for used in [named(None, 10), named(Some("opus-4"), 30), named(Some(""), 31)] {
        let attempt = Attempt { model: Some("opus".into()), ..working(1, used) };
        put(&mut *store, on(3, 1), |view| view.put_attempt(&attempt));
    }
    let expected = [
        row(3, Some(""), 1, 0, None),
        row(3, Some("opus"), 10, 0, None),
        row(3, Some("opus-4"), 20, 0, None),
    ];
    assert_eq!(rows(&mut *store, 0), expected);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_chat_counts_at_its_place_and_its_handlers_do_not<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    for (day, used) in [(3, usage(10, 1, Some(5))), (4, usage(15, 2, Some(9)))] {
        let chat = Chat { usage: used, ..chat::chat(2, ChatState::Dormant) };
        let handler = Attempt {
            task: chat.number.task_id(),
            kind: AttemptKind::Handler,
            ..working(1, Usage::default())
        };
        put(&mut *store, on(day, 1), |view| {
            view.put_chat(&chat)?;
            view.put_attempt(&handler)
        });
    }
    let found: Vec<_> = rows(&mut *store, 0).into_iter().map(|row| (row.0, row.1, row.4, row.6)).collect();
    let place = || ".chat-2".to_owned();
    assert_eq!(found, [(3, place(), 10, Some(5)), (4, place(), 5, Some(4))]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn what_does_not_stand_counts_for_nothing<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    put(&mut *store, on(3, 1), |view| view.put_attempt(&working(1, usage(1, 0, None))));
    // A second version within an operation replaces the first, also where another model is named.
    let other = Usage { model: Some("other".into()), ..usage(50, 0, Some(9)) };
    put(&mut *store, on(3, 2), |view| {
        view.put_attempt(&working(1, other.clone()))?;
        view.put_attempt(&working(1, usage(4, 0, None)))
    });
    assert_eq!(rows(&mut *store, 0), [row(3, None, 4, 0, None)]);
    let failed = store.write(&mut |view| {
        view.begin_operation(on(3, 3), &ann(), &command())?;
        view.put_attempt(&working(1, other.clone()))?;
        Err(StoreError::Conflict)
    });
    assert_eq!(failed, Err(StoreError::Conflict));
    assert_eq!(rows(&mut *store, 0), [row(3, None, 4, 0, None)]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn no_program_makes_a_sum_that_can_not_be_kept<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    for n in 1..20 {
        let all = usage(u64::MAX, u64::MAX, Some(u64::MAX));
        put(&mut *store, on(3, 1), |view| view.put_attempt(&working(n, all.clone())));
    }
    assert_eq!(rows(&mut *store, 0), [row(3, None, 19 * MOST, 19 * MOST, Some(19 * MOST))]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}
