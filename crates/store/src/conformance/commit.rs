//! All of a transaction or nothing; its own reads see it at once, others when it is committed.

use wg_core::attempt::{Attempt, AttemptKind, AttemptState};
use wg_core::control::{Control, Pause};
use wg_core::effect::{Effect, EffectKind, EffectState};
use wg_core::id::{AttemptRef, Fence, OpSeq};
use wg_core::port::{Store, StoreError, Write};

use super::{Backend, after, ann, at, command, id, read, suite, task, write};

suite!(
    a_commit_is_seen_by_everybody,
    an_error_takes_everything_back,
    its_own_reads_see_what_is_not_committed,
    a_second_handle_waits_its_turn_and_loses_nothing,
    nothing_is_written_outside_of_an_operation,
);

fn attempt(reference: u64, of: &str) -> Attempt {
    Attempt {
        reference: AttemptRef(reference),
        kind: AttemptKind::Work,
        task: id(of),
        number: 1,
        fence: Fence(1),
        nonce: u64::MAX,
        adapter: "shell".into(),
        model: None,
        host: "box".into(),
        state: AttemptState::Starting,
        created_at: at(1),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: wg_core::attempt::Progress::default(),
    }
}

fn launch(reference: u64) -> Effect {
    Effect { kind: EffectKind::Launch, attempt: AttemptRef(reference), fence: Fence(1) }
}

/// Something in every table.
fn everything(view: &mut dyn Write) -> Result<(), StoreError> {
    view.put_task(&task("a"))?;
    view.put_task(&after("b", &["a"]))?;
    view.put_attempt(&attempt(1, "a"))?;
    view.put_control(&Control { paused: Some(Pause { by: ann(), at: at(1) }), ..Control::default() })?;
    view.append_log(&id("a"), at(1), "ann", "hello")?;
    view.append_message(&id("a"), at(1), &ann(), "read me")?;
    view.append_artifact(&id("a"), at(1), "ann", "out.txt")?;
    view.put_imported(&task("a"))?;
    view.put_effect(&launch(1), &EffectState::Pending)
}

/// All that there is, as text.
fn dump(store: &mut dyn Store) -> String {
    read(store, |view| {
        Ok(format!(
            "{:#?}",
            (
                (view.task(&id("a"))?, view.task(&id("b"))?, view.counts()?, view.dependents(&id("a"))?),
                (view.attempts_of(&id("a"))?, view.live_attempts()?, view.last_attempt()?, view.control()?),
                (view.log_of(&id("a"), None)?, view.messages_of(&id("a"))?, view.artifacts_of(&id("a"))?),
                (view.imported(&id("a"))?, view.open_effects()?, view.last_operation()?),
                (view.operations_since(OpSeq(0), 100)?, view.changes_of(OpSeq(1))?, view.lanes()?),
            )
        ))
    })
}

fn a_commit_is_seen_by_everybody<B: Backend>() {
    let backend = B::new();
    let (mut one, mut other) = (backend.handle(), backend.handle());
    assert_eq!(read(&mut *other, |view| view.last_operation()), OpSeq(0));
    assert_eq!(write(&mut *one, everything), OpSeq(1));
    assert_eq!(dump(&mut *one), dump(&mut *other));
    assert_eq!(read(&mut *other, |view| view.task(&id("b"))), Some((after("b", &["a"]), 1)));
    assert_eq!(dump(&mut *other), dump(&mut *backend.handle()));
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn an_error_takes_everything_back<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let failing = |store: &mut dyn Store| {
        store.write(&mut |view| {
            view.begin_operation(at(1), &ann(), &command())?;
            everything(view)?;
            view.remove_task(&id("b"))?;
            view.mark_read(&id("a"), AttemptRef(1), u64::MAX)?;
            view.begin_operation(at(2), &ann(), &command())?;
            let mut changed = after("a", &["b"]);
            changed.paused = true;
            view.put_task(&changed)?;
            view.put_effect(&launch(1), &EffectState::Claimed("box".into()))?;
            view.free_effects("box")?;
            view.put_effect(&launch(1), &EffectState::Settled)?;
            Err(StoreError::Conflict)
        })
    };
    let before = dump(&mut *store);
    assert_eq!(failing(&mut *store), Err(StoreError::Conflict));
    assert_eq!(dump(&mut *store), before, "of nothing");
    write(&mut *store, everything);
    let before = dump(&mut *store);
    assert_eq!(failing(&mut *store), Err(StoreError::Conflict));
    assert_eq!(dump(&mut *store), before, "of everything");
    assert_eq!(write(&mut *store, |_| Ok(())), OpSeq(2), "numbers have no gaps");
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn its_own_reads_see_what_is_not_committed<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        everything(view)?;
        assert_eq!(view.last_operation()?, OpSeq(1));
        assert_eq!(view.dependents(&id("a"))?, [id("b")]);
        assert_eq!(view.unmet(&id("b"))?, 1);
        assert_eq!(view.counts()?.total(), 2);
        assert_eq!(view.lanes()?, [None]);
        assert_eq!(view.log_of(&id("a"), None)?.len(), 1);
        assert_eq!(view.changes_of(OpSeq(1))?.len(), 4);
        view.remove_task(&id("b"))?;
        assert_eq!(view.counts()?.total(), 1);
        assert_eq!(view.dependents(&id("a"))?, []);
        Ok(())
    });
}

fn a_second_handle_waits_its_turn_and_loses_nothing<B: Backend>() {
    let backend = B::new();
    write(&mut *backend.handle(), |view| view.put_task(&task("a")));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let mut store = backend.handle();
            std::thread::spawn(move || {
                for _ in 0..25 {
                    // What is read and then written holds only if nobody else writes in between.
                    write(&mut *store, |view| {
                        let (mut task, _) = view.task(&id("a"))?.unwrap();
                        task.history.attempts += 1;
                        view.put_task(&task)
                    });
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let (task, version) = read(&mut *backend.handle(), |view| view.task(&id("a"))).unwrap();
    assert_eq!((task.history.attempts, version), (100, 101));
    assert_eq!(read(&mut *backend.handle(), |view| view.last_operation()), OpSeq(101));
}

fn nothing_is_written_outside_of_an_operation<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_task(&task("a")));
    let answer = store.write(&mut |view| view.put_task(&task("b")));
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    let answer = store.write(&mut |view| view.append_log(&id("a"), at(1), "ann", "hello"));
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert_eq!(read(&mut *store, |view| view.task(&id("b"))), None);
}
