//! Whatever is written in whatever order, every answer of every backend is the one that follows from the
//! records: the memory store derives it each time, the others keep indexes.

use std::ops::ControlFlow;

use proptest::prelude::*;
use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Outcome, Progress};
use wg_core::effect::{Effect, EffectKind, EffectState};
use wg_core::id::{Actor, AttemptRef, ChatNumber, Fence, OpSeq, TaskId};
use wg_core::operation::RecordKey;
use wg_core::port::{Page, Read, ReadyQuery, Store, StoreError, TagFilter, TaskFilter, TaskOrder, Write};
use wg_core::task::{Holder, Priority, StateName, Task, TaskKind, TaskState, Wait};
use wg_core::usage::Usage;

use super::derived_chats::{self, CHATS, ChatStep, any_chat_step};
use super::used::any_usage;
use super::{Backend, Memory, Sqlite, at, command, id, read, task};

/// Ids that are used; edges lead to all of them, whether there is such a task or not.
const IDS: [&str; 6] = ["a", "ab", "b", "c", "d", "e"];

/// What an attempt's agent used: in turns that are over, and in the one in flight.
type Told = (Usage, Usage);

#[derive(Debug, Clone)]
enum Step {
    Put(Box<Task>),
    Remove(usize),
    Attempt(u64, usize, bool, Told),
    Effect(u64, bool, u8),
    FreeEffects,
    Log(usize),
    Message(usize),
    MarkRead(usize),
    Artifact(usize, bool),
    Imported(Box<Task>),
    Chat(ChatStep),
}

/// A transaction: operations at their times, and whether it fails at the end.
type Transaction = (Vec<(i64, bool, Vec<Step>)>, bool);

fn any_state() -> impl Strategy<Value = TaskState> {
    prop_oneof![
        4 => Just(TaskState::Open),
        1 => Just(TaskState::InProgress { by: Holder::Person("ann".into()) }),
        1 => (0..IDS.len()).prop_map(|n| TaskState::Waiting { on: Wait::Task(id(IDS[n])) }),
        1 => (0_i64..8).prop_map(|n| TaskState::Waiting { on: Wait::Until(at(n)) }),
        1 => Just(TaskState::Waiting { on: Wait::Message }),
        1 => Just(TaskState::InReview),
        4 => Just(TaskState::Done),
        1 => Just(TaskState::Failed { reason: "so".into() }),
        1 => Just(TaskState::Abandoned { reason: None }),
    ]
}

fn any_task() -> impl Strategy<Value = Task> {
    let edges = proptest::collection::btree_set(0..IDS.len(), 0..4);
    let tags = proptest::collection::btree_set(prop_oneof![Just("red"), Just("blue")], 0..3);
    let lane = prop_oneof![Just(None), Just(Some("shell")), Just(Some(""))];
    let times = (proptest::option::of(0_i64..8), proptest::option::of(0_i64..4), 0_i64..3);
    let chat = proptest::bool::weighted(0.15);
    let budget = (proptest::option::weighted(0.3, 0_u64..4), 0_u64..4);
    let rest =
        (any::<bool>(), 0_u8..2, lane, proptest::option::of(0..IDS.len()), any::<bool>(), chat, budget);
    (0..IDS.len(), any_state(), edges, tags, times, rest).prop_map(
        |(
            n,
            state,
            edges,
            tags,
            (not_before, completed_at, created),
            (paused, high, lane, parent, titled, chat, (most, used)),
        )| {
            let mut task = task(IDS[n]);
            task.state = state;
            task.after = edges.into_iter().map(|n| id(IDS[n])).collect();
            task.tags = tags.into_iter().map(str::to_owned).collect();
            task.times.not_before = not_before.map(at);
            task.times.completed_at = completed_at.map(at);
            task.times.created_at = at(created);
            task.paused = paused;
            task.priority = Priority(high);
            task.run.adapter = lane.map(str::to_owned);
            task.run.budget.tokens = most;
            task.history.used.input = used;
            task.parent = parent.map(|n| id(IDS[n]));
            if chat {
                task.kind = TaskKind::Chat;
            }
            if titled {
                task.title = "Ärger".into();
            }
            task
        },
    )
}

fn any_told() -> impl Strategy<Value = Told> {
    (any_usage(), any_usage())
}

fn any_step() -> impl Strategy<Value = Step> {
    let one = || 0..IDS.len();
    prop_oneof![
        10 => any_task().prop_map(|task| Step::Put(Box::new(task))),
        3 => one().prop_map(Step::Remove),
        3 => (1_u64..4, one(), any::<bool>(), any_told())
            .prop_map(|(n, of, live, told)| Step::Attempt(n, of, live, told)),
        2 => (1_u64..4, any::<bool>(), 0_u8..3).prop_map(|(n, kill, state)| Step::Effect(n, kill, state)),
        1 => Just(Step::FreeEffects),
        1 => one().prop_map(Step::Log),
        1 => one().prop_map(Step::Message),
        1 => one().prop_map(Step::MarkRead),
        1 => (one(), any::<bool>()).prop_map(|(n, same)| Step::Artifact(n, same)),
        1 => any_task().prop_map(|task| Step::Imported(Box::new(task))),
        6 => any_chat_step().prop_map(Step::Chat),
    ]
}

fn any_transactions() -> impl Strategy<Value = Vec<Transaction>> {
    // Mostly within one day, some on others.
    let time = prop_oneof![6 => 0_i64..8, 1 => Just(-1), 1 => Just(86_400)];
    let operation = (time, any::<bool>(), proptest::collection::vec(any_step(), 0..8));
    let transaction = (proptest::collection::vec(operation, 1..4), proptest::bool::weighted(0.15));
    proptest::collection::vec(transaction, 1..8)
}

fn attempt(n: u64, of: usize, live: bool, (turns, in_flight): &Told) -> Attempt {
    let finished = AttemptState::Finished { at: at(2), outcome: Outcome::NoWork };
    Attempt {
        reference: AttemptRef(n),
        kind: AttemptKind::Work,
        task: id(IDS[of]),
        number: 1,
        fence: Fence(n),
        nonce: 7,
        adapter: if live { "claude" } else { "shell" }.into(),
        model: Some("asked".into()).filter(|_| live),
        host: "box".into(),
        state: if live { AttemptState::Starting } else { finished },
        created_at: at(1),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: Progress { turns: turns.clone(), in_flight: in_flight.clone(), ..Progress::default() },
    }
}

fn perform(view: &mut dyn Write, step: &Step, when: i64) -> Result<(), StoreError> {
    // Rows of a task that is not there are refused, by each backend alike.
    let there = |view: &mut dyn Write, n: usize| Ok::<_, StoreError>(view.task(&id(IDS[n]))?.is_some());
    match step {
        Step::Put(task) => view.put_task(task),
        Step::Remove(n) => view.remove_task(&id(IDS[*n])),
        Step::Attempt(n, of, live, told) => view.put_attempt(&attempt(*n, *of, *live, told)),
        Step::Effect(n, kill, state) => {
            let kind = if *kill { EffectKind::Kill } else { EffectKind::Launch };
            let effect = Effect { kind, attempt: AttemptRef(*n), fence: Fence(*n) };
            let state = match state {
                0 => EffectState::Pending,
                1 => EffectState::Claimed("box".into()),
                _ => EffectState::Settled,
            };
            view.put_effect(&effect, &state)
        }
        Step::FreeEffects => view.free_effects("box"),
        Step::Log(n) if there(view, *n)? => view.append_log(&id(IDS[*n]), at(when), "ann", "hello"),
        Step::Message(n) if there(view, *n)? => {
            view.append_message(&id(IDS[*n]), at(when), &Actor::Agent(AttemptRef(1)), "read me")
        }
        Step::Artifact(n, same) if there(view, *n)? => {
            let path = if *same { "out".to_owned() } else { format!("out-{when}") };
            view.append_artifact(&id(IDS[*n]), at(when), "ann", &path)
        }
        Step::Log(_) | Step::Message(_) | Step::Artifact(..) => Ok(()),
        Step::MarkRead(n) => view.mark_read(&id(IDS[*n]), AttemptRef(9), u64::MAX),
        Step::Imported(task) => view.put_imported(task),
        Step::Chat(step) => derived_chats::perform(view, step),
    }
}

fn run(store: &mut dyn Store, (operations, fails): &Transaction) {
    let done = store.write(&mut |view| {
        for (when, by_agent, steps) in operations {
            let actor = if *by_agent { Actor::Agent(AttemptRef(1)) } else { super::ann() };
            view.begin_operation(at(*when), &actor, &command())?;
            for step in steps {
                perform(view, step, *when)?;
            }
        }
        if *fails { Err(StoreError::Conflict) } else { Ok(()) }
    });
    assert_eq!(done, if *fails { Err(StoreError::Conflict) } else { Ok(()) });
}

/// One line for each answer, so that a difference shows where it is.
pub(super) struct Answers(Vec<String>);

impl Answers {
    pub(super) fn note(&mut self, what: impl std::fmt::Debug, answer: impl std::fmt::Debug) {
        self.0.push(format!("{what:?}: {answer:?}"));
    }
}

fn visited(
    view: &mut dyn Read,
    filter: &TaskFilter,
    order: TaskOrder,
    page: Page,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    view.visit_tasks(filter, order, page, &mut |task| {
        found.push(task.id.to_string());
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn filters() -> Vec<TaskFilter> {
    let all = TaskFilter::default;
    vec![
        all(),
        TaskFilter { states: vec![StateName::Open], ..all() },
        TaskFilter { states: vec![StateName::Open, StateName::Done], paused: Some(false), ..all() },
        TaskFilter { states: vec![StateName::Open], blocked: Some(true), ..all() },
        TaskFilter { blocked: Some(false), ..all() },
        TaskFilter { used_up: Some(true), ..all() },
        TaskFilter { used_up: Some(false), states: vec![StateName::Open, StateName::Done], ..all() },
        TaskFilter { used_up: Some(true), blocked: Some(true), paused: Some(true), ..all() },
        TaskFilter { tags: vec!["red".into()], ..all() },
        TaskFilter { tags: vec!["red".into(), "blue".into()], states: vec![StateName::Done], ..all() },
        TaskFilter { parent: Some(id("a")), paused: Some(true), ..all() },
        TaskFilter { prefix: Some("a".into()), ..all() },
        TaskFilter { prefix: Some("ab".into()), text: Some("task".into()), ..all() },
        TaskFilter { text: Some("äRGER".into()), ..all() },
        TaskFilter { text: Some("nowhere".into()), ..all() },
        TaskFilter { kind: Some(TaskKind::Work), ..all() },
        TaskFilter { kind: Some(TaskKind::Chat), ..all() },
        TaskFilter { kind: Some(TaskKind::Work), states: vec![StateName::Open], ..all() },
        TaskFilter { kind: Some(TaskKind::Chat), states: vec![StateName::Done], ..all() },
        TaskFilter { kind: Some(TaskKind::Work), tags: vec!["red".into()], ..all() },
        TaskFilter { kind: Some(TaskKind::Chat), prefix: Some("a".into()), ..all() },
    ]
}

fn ask_of_tasks(view: &mut dyn Read, said: &mut Answers) -> Result<(), StoreError> {
    for filter in filters() {
        for order in [TaskOrder::Id, TaskOrder::Schedule, TaskOrder::Completed] {
            for page in [Page::ALL, Page { skip: 1, limit: 2 }, Page { skip: 9, limit: 9 }] {
                said.note((&filter, order, page), visited(view, &filter, order, page)?);
            }
        }
    }
    for now in 0..9 {
        for lane in [None, Some(None), Some(Some("shell".to_owned())), Some(Some(String::new()))] {
            for limit in [1, 2, 9] {
                let query =
                    ReadyQuery { lane: lane.clone(), tags: TagFilter::default(), now: at(now), limit };
                let ready: Vec<TaskId> = view.ready(&query)?.into_iter().map(|task| task.id).collect();
                said.note(query, ready);
            }
        }
        said.note(("next due", now), view.next_due(at(now))?);
        said.note(("waits due", now), (view.waits_due(at(now), 1)?, view.waits_due(at(now), 9)?));
    }
    said.note("counts", (view.counts()?, view.lanes()?));
    for name in IDS {
        let id = id(name);
        said.note(("task", name), (view.task(&id)?, view.imported(&id)?));
        said.note(
            ("edges", name),
            (view.dependents(&id)?, view.unmet(&id)?, view.waiting_for(&id)?, view.attempts_of(&id)?),
        );
        said.note(
            ("rows", name),
            (
                view.log_of(&id, None)?,
                view.log_of(&id, Some(1))?,
                view.messages_of(&id)?,
                view.artifacts_of(&id)?,
            ),
        );
    }
    Ok(())
}

fn ask_of_history(view: &mut dyn Read, said: &mut Answers) -> Result<(), StoreError> {
    said.note("attempts", (view.live_attempts()?, view.attempts(Page { skip: 1, limit: 1 })?));
    said.note("attempts", (view.attempts(Page::ALL)?, view.last_attempt()?, view.open_effects()?));
    let last = view.last_operation()?;
    said.note("operations", (last, view.operations_since(OpSeq(0), 99)?, view.operations_since(last, 9)?));
    let mut keys: Vec<RecordKey> = IDS.iter().map(|name| RecordKey::Task(id(name))).collect();
    keys.extend((1..4).map(|n| RecordKey::Attempt(AttemptRef(n))));
    keys.extend(CHATS.map(|n| RecordKey::Chat(ChatNumber(n))));
    for n in 1..4 {
        let reference = AttemptRef(n);
        said.note(("attempt", n), view.attempt(reference)?);
        for kind in [EffectKind::Launch, EffectKind::Kill] {
            said.note(("effect", n, kind), view.effect(reference, kind)?);
        }
    }
    let actors = [None, Some(super::ann()), Some(Actor::Agent(AttemptRef(1)))];
    for actor in &actors {
        let before = view.operations_before(None, actor.as_ref(), None, 2)?;
        said.note(("before", actor), (before, view.operations_before(Some(last), actor.as_ref(), None, 99)?));
        let of = view.operations_before(Some(last), actor.as_ref(), Some(&keys[0]), 99)?;
        said.note(("of", actor), (of, view.operations_before(None, actor.as_ref(), Some(&keys[0]), 99)?));
    }
    for seq in (0..=last.0 + 1).map(OpSeq) {
        said.note(("operation", seq), (view.operation(seq)?, view.changes_of(seq)?));
        for key in &keys {
            said.note((key, seq), (view.record_at(key, seq)?, view.changed_since(key, seq)?));
        }
        let mut then = Vec::new();
        view.visit_tasks_at(seq, &mut |task| {
            then.push(task);
            ControlFlow::Continue(())
        })?;
        said.note(("tasks", seq), then);
    }
    Ok(())
}

fn answers(store: &mut dyn Store) -> Vec<String> {
    read(store, |view| {
        let mut said = Answers(Vec::new());
        ask_of_tasks(view, &mut said)?;
        ask_of_history(view, &mut said)?;
        derived_chats::ask(view, &mut said)?;
        super::used::ask(view, &mut said)?;
        Ok(said.0)
    })
}

fn compare(transactions: &[Transaction]) {
    let (memory, sqlite) = (Memory::new(), Sqlite::new());
    let (mut expected, mut indexed) = (memory.handle(), sqlite.handle());
    for transaction in transactions {
        run(&mut *expected, transaction);
        run(&mut *indexed, transaction);
        for (expected, said) in answers(&mut *expected).into_iter().zip(answers(&mut *indexed)) {
            assert_eq!(said, expected);
        }
    }
    assert_eq!(sqlite.faults(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_follows_from_the_records(transactions in any_transactions()) {
        compare(&transactions);
    }
}
