//! What belongs to a task, what an import left, and the effects.

use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{AttemptRef, Fence, OpSeq};
use wg_core::port::{Store, StoreError};

use super::{Backend, ann, at, id, read, suite, task, write};

suite!(
    a_log_keeps_its_order_and_can_be_cut_from_its_end,
    messages_are_numbered_and_read_once,
    an_artifact_is_named_once,
    an_import_is_remembered_beyond_its_task,
    rows_of_a_task_that_is_not_there_are_refused,
    an_effect_is_settled_once,
    claims_of_a_host_are_freed_together,
);

fn a_log_keeps_its_order_and_can_be_cut_from_its_end<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_task(&task("a")));
    for message in ["one", "two", "three"] {
        // The clock goes back; the order is that of writing.
        write(&mut *store, |view| view.append_log(&id("a"), at(-1), "Ann B.", message));
    }
    let all = read(&mut *store, |view| view.log_of(&id("a"), None));
    assert_eq!(all.iter().map(|entry| entry.message.as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
    assert_eq!((all[1].operation, all[1].at, all[1].actor.as_str()), (OpSeq(3), at(-1), "Ann B."));
    assert_eq!(read(&mut *store, |view| view.log_of(&id("a"), Some(2))), all[1..]);
    assert_eq!(read(&mut *store, |view| view.log_of(&id("a"), Some(9))), all);
    assert_eq!(read(&mut *store, |view| view.log_of(&id("x"), None)), []);
}

fn messages_are_numbered_and_read_once<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let post = |store: &mut dyn Store, body: &str| {
        write(store, |view| view.append_message(&id("a"), at(1), &ann(), body));
    };
    write(&mut *store, |view| view.put_task(&task("a")));
    post(&mut *store, "one");
    post(&mut *store, "two");
    write(&mut *store, |view| view.mark_read(&id("a"), AttemptRef(1), 2));
    post(&mut *store, "three");
    post(&mut *store, "between");
    write(&mut *store, |view| view.mark_read(&id("a"), AttemptRef(2), 3));
    post(&mut *store, "four");
    let found = read(&mut *store, |view| view.messages_of(&id("a")));
    let found: Vec<_> = found.iter().map(|m| (m.number, m.body.as_str(), m.read_by.map(|by| by.0))).collect();
    let read = [(1, "one", Some(1)), (2, "two", Some(1)), (3, "three", Some(2))];
    let unread = [(4, "between", None), (5, "four", None)];
    assert_eq!(found, [&read[..], &unread[..]].concat());
}

fn an_artifact_is_named_once<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.append_artifact(&id("a"), at(1), "ann", "one")?;
        view.append_artifact(&id("a"), at(2), "ann", "two")?;
        view.append_artifact(&id("a"), at(3), "bob", "one")
    });
    let found = read(&mut *store, |view| view.artifacts_of(&id("a")));
    let found: Vec<_> = found.iter().map(|artifact| (artifact.path.as_str(), artifact.at)).collect();
    assert_eq!(found, [("one", at(1)), ("two", at(2))]);
}

fn an_import_is_remembered_beyond_its_task<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let mut again = task("a");
    again.title = "Again".into();
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_imported(&task("a"))?;
        view.put_imported(&again)
    });
    write(&mut *store, |view| view.remove_task(&id("a")));
    assert_eq!(read(&mut *store, |view| view.imported(&id("a"))), Some(again));
    assert_eq!(read(&mut *store, |view| view.imported(&id("b"))), None);
}

fn rows_of_a_task_that_is_not_there_are_refused<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let answer = store.write(&mut |view| {
        view.begin_operation(at(1), &ann(), &super::command())?;
        view.append_log(&id("a"), at(1), "ann", "hello")
    });
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert_eq!(read(&mut *store, |view| view.last_operation()), OpSeq(0));
    // Nobody has written, so there is nothing to mark.
    write(&mut *store, |view| view.mark_read(&id("a"), AttemptRef(1), u64::MAX));
}

fn effect(attempt: u64, kind: EffectKind) -> Effect {
    Effect { kind, attempt: AttemptRef(attempt), fence: Fence(3) }
}

fn an_effect_is_settled_once<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let launch = effect(1, EffectKind::Launch);
    let states = [
        EffectState::Pending,
        EffectState::Claimed("box".into()),
        EffectState::Settled,
        EffectState::Pending,
    ];
    let mut seen = Vec::new();
    for state in &states {
        write(&mut *store, |view| view.put_effect(&launch, state));
        seen.push(read(&mut *store, |view| view.effect(AttemptRef(1), EffectKind::Launch)).unwrap().state);
    }
    assert_eq!(seen[..3], states[..3]);
    assert_eq!(seen[3], EffectState::Settled);
    assert_eq!(read(&mut *store, |view| view.open_effects()), []);
    assert_eq!(read(&mut *store, |view| view.effect(AttemptRef(1), EffectKind::Kill)), None);
}

fn claims_of_a_host_are_freed_together<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let claimed = |host: &str| EffectState::Claimed(host.into());
    write(&mut *store, |view| {
        view.put_effect(&effect(2, EffectKind::Kill), &claimed("box"))?;
        view.put_effect(&effect(2, EffectKind::Launch), &EffectState::Settled)?;
        view.put_effect(&effect(1, EffectKind::Launch), &claimed("box"))?;
        view.put_effect(&effect(3, EffectKind::Launch), &claimed("other"))
    });
    write(&mut *store, |view| view.free_effects("box"));
    let row = |attempt, kind, state| EffectRow { effect: effect(attempt, kind), state };
    let expected = [
        row(1, EffectKind::Launch, EffectState::Pending),
        row(2, EffectKind::Kill, EffectState::Pending),
        row(3, EffectKind::Launch, claimed("other")),
    ];
    assert_eq!(read(&mut *store, |view| view.open_effects()), expected);
}
