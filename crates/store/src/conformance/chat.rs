//! Chats: their records, what is said in them, where their messages stand, who consumes them.

use wg_core::chat::{
    Chat, ChatRun, ChatState, Consumer, Drain, Entry, GiveUp, InboxCounts, InboxRow, InboxState, PING,
    Queued, Serving, What,
};
use wg_core::id::{AttemptRef, ChatNumber, Fence, OpSeq};
use wg_core::operation::{Record, RecordKey};
use wg_core::port::{Chats, Page, ReadyQuery, Store, StoreError, TagFilter, TaskFilter, TaskOrder};
use wg_core::task::{Task, TaskKind, TaskState};
use wg_core::time::Timestamp;

use super::{Backend, ann, at, command, read, suite, task, write};

suite!(
    a_chat_is_a_record_with_versions,
    chats_are_found_by_where_they_stand,
    a_message_that_waits_wakes_a_dormant_chat_only,
    entries_are_numbered_without_gaps,
    an_answered_message_stays_answered,
    rows_of_a_chat_that_is_not_there_are_refused,
    who_consumes_is_noted_outside_of_operations,
    a_ping_counts_for_its_time,
    what_fails_leaves_no_trace,
    places_of_chats_are_counted_and_scheduled_apart,
);

fn number(n: u64) -> ChatNumber {
    ChatNumber(n)
}

pub(super) fn chat(n: u64, state: ChatState) -> Chat {
    let run = ChatRun { adapter: "claude".into(), exec: None, model: Some("opus".into()) };
    Chat { state, fence: Fence(n), ..Chat::new(number(n), format!("Chat {n}"), run, at(0)) }
}

fn gave_up() -> ChatState {
    ChatState::GaveUp { reason: GiveUp::Auth, detail: "no key".into(), at: at(1), configuration: u64::MAX }
}

fn held() -> ChatState {
    ChatState::Held { by: ann(), at: at(1) }
}

fn archived() -> ChatState {
    ChatState::Archived { by: ann(), at: at(1), purged_at: Some(at(1)), held: true }
}

/// One chat in each state.
pub(super) fn every_state() -> Vec<ChatState> {
    let serving = || Serving::new(AttemptRef(3), 7);
    vec![
        ChatState::Dormant,
        ChatState::Queued { why: Queued::Slot },
        ChatState::Starting { handler: AttemptRef(3), by: at(9), configuration: 7 },
        ChatState::Live { serving: serving() },
        ChatState::Lingering { serving: serving(), until: at(9) },
        ChatState::Draining { serving: serving(), why: Drain::Room },
        ChatState::Backoff { until: at(9) },
        gave_up(),
        held(),
        archived(),
    ]
}

pub(super) fn said(number: u64, text: &str) -> Entry {
    Entry { number, at: at(1), what: What::Message { from: ann(), text: text.into() } }
}

fn stands(number: u64, state: InboxState) -> InboxRow {
    InboxRow { number, kills: 0, deliveries: 0, state }
}

fn numbers(store: &mut dyn Store, which: Chats) -> Vec<u64> {
    read(store, |view| view.chats(which)).into_iter().map(|chat| chat.number.0).collect()
}

/// A chat with messages that stand so.
fn with_messages(store: &mut dyn Store, chat: &Chat, states: &[InboxState]) {
    write(store, |view| {
        view.put_chat(chat)?;
        for (n, state) in (1..).zip(states) {
            view.append_entry(chat.number, &said(n, "hello"))?;
            view.put_inbox(chat.number, &stands(n, *state))?;
        }
        Ok(())
    });
}

fn a_chat_is_a_record_with_versions<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    assert_eq!(read(&mut *store, |view| view.chat(number(1))), None);
    assert_eq!(read(&mut *store, |view| view.last_chat()), number(0));
    let first = chat(1, ChatState::Dormant);
    let mut second = chat(1, held());
    second.session = Some("s-1".into());
    let made = write(&mut *store, |view| view.put_chat(&first));
    assert_eq!(read(&mut *store, |view| view.chat(number(1))), Some((first.clone(), 1)));
    // The second writing of one operation replaces its first.
    let changed = write(&mut *store, |view| {
        view.put_chat(&chat(1, gave_up()))?;
        view.put_chat(&second)
    });
    write(&mut *store, |view| view.put_chat(&chat(12, ChatState::Dormant)));
    assert_eq!(read(&mut *store, |view| view.chat(number(1))), Some((second.clone(), 2)));
    assert_eq!(read(&mut *store, |view| view.last_chat()), number(12));

    let key = RecordKey::Chat(number(1));
    let record = |chat: &Chat| Some(Record::Chat(Box::new(chat.clone())));
    let changes = read(&mut *store, |view| view.changes_of(changed));
    assert_eq!(changes.len(), 1);
    assert_eq!((&changes[0].key, changes[0].version), (&key, 2));
    assert_eq!((&changes[0].before, &changes[0].after), (&record(&first), &record(&second)));
    assert_eq!(read(&mut *store, |view| view.changes_of(made))[0].before, None);
    assert_eq!(read(&mut *store, |view| view.changed_since(&key, OpSeq(0))), Some(made));
    assert_eq!(read(&mut *store, |view| view.changed_since(&key, made)), Some(changed));
    assert_eq!(read(&mut *store, |view| view.changed_since(&key, changed)), None);
    assert_eq!(read(&mut *store, |view| view.record_at(&key, OpSeq(0))), None);
    assert_eq!(read(&mut *store, |view| view.record_at(&key, made)), record(&first));
    assert_eq!(read(&mut *store, |view| view.record_at(&key, OpSeq(9))), record(&second));
    let told = read(&mut *store, |view| view.operations_before(None, None, Some(&key), 9));
    assert_eq!(told.iter().map(|operation| operation.seq).collect::<Vec<_>>(), [changed, made]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn chats_are_found_by_where_they_stand<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    for (n, state) in (1..).zip(every_state()) {
        write(&mut *store, |view| view.put_chat(&chat(n, state.clone())));
    }
    assert_eq!(numbers(&mut *store, Chats::All), (1..=10).collect::<Vec<_>>());
    assert_eq!(numbers(&mut *store, Chats::Unarchived), (1..=9).collect::<Vec<_>>());
    assert_eq!(numbers(&mut *store, Chats::Awake), (2..=7).collect::<Vec<_>>());
    assert_eq!(numbers(&mut *store, Chats::GaveUp), [8]);
    assert_eq!(backend.faults(), Vec::<String>::new());
    // From every state to the one after it.
    for (n, state) in (1..).zip(every_state().into_iter().cycle().skip(1).take(10)) {
        write(&mut *store, |view| view.put_chat(&chat(n, state.clone())));
    }
    assert_eq!(numbers(&mut *store, Chats::Unarchived), [1, 2, 3, 4, 5, 6, 7, 8, 10]);
    assert_eq!(numbers(&mut *store, Chats::Awake), (1..=6).collect::<Vec<_>>());
    assert_eq!(numbers(&mut *store, Chats::GaveUp), [7]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_message_that_waits_wakes_a_dormant_chat_only<B: Backend>() {
    use InboxState::{Answered, SetAside, Waiting};
    let backend = B::new();
    let mut store = backend.handle();
    for (n, state) in [(1, ChatState::Dormant), (2, gave_up()), (3, held()), (4, archived())] {
        with_messages(&mut *store, &chat(n, state), &[Answered, SetAside, Waiting, Waiting]);
    }
    with_messages(&mut *store, &chat(5, ChatState::Dormant), &[Answered, SetAside]);
    assert_eq!(numbers(&mut *store, Chats::Awake), [1]);
    let counts = read(&mut *store, |view| view.inbox_counts(number(1)));
    assert_eq!(counts, InboxCounts { waiting: 2, set_aside: 1 });
    assert_eq!(read(&mut *store, |view| view.inbox_counts(number(9))), InboxCounts::default());
    assert_eq!(read(&mut *store, |view| view.inbox_next(number(1))), Some(stands(3, Waiting)));
    assert_eq!(read(&mut *store, |view| view.inbox_next(number(5))), None);
    let open = [stands(2, SetAside), stands(3, Waiting), stands(4, Waiting)];
    assert_eq!(read(&mut *store, |view| view.inbox_open(number(1))), open);
    // Sent again, the second one is the first that waits; the others stand aside.
    write(&mut *store, |view| {
        view.put_inbox(number(1), &stands(2, Waiting))?;
        view.put_inbox(number(1), &stands(3, SetAside))?;
        view.put_inbox(number(1), &stands(4, Answered))
    });
    assert_eq!(read(&mut *store, |view| view.inbox_next(number(1))), Some(stands(2, Waiting)));
    write(&mut *store, |view| view.put_inbox(number(1), &stands(2, SetAside)));
    assert_eq!(numbers(&mut *store, Chats::Awake), Vec::<u64>::new());
    write(&mut *store, |view| view.put_inbox(number(5), &stands(2, Waiting)));
    assert_eq!(numbers(&mut *store, Chats::Awake), [5]);
    write(&mut *store, |view| view.put_chat(&chat(3, ChatState::Dormant)));
    assert_eq!(numbers(&mut *store, Chats::Awake), [3, 5]);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn entries_are_numbered_without_gaps<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_chat(&chat(1, ChatState::Dormant))?;
        view.put_chat(&chat(2, ChatState::Dormant))?;
        for n in 1..=5 {
            view.append_entry(number(1), &said(n, &format!("line {n}\nÄ\0")))?;
        }
        view.append_entry(number(2), &said(1, "other"))
    });
    assert_eq!(read(&mut *store, |view| view.last_entry(number(1))), 5);
    assert_eq!(read(&mut *store, |view| view.last_entry(number(2))), 1);
    assert_eq!(read(&mut *store, |view| view.last_entry(number(3))), 0);
    let part = read(&mut *store, |view| view.entries_of(number(1), 2, 2));
    assert_eq!(part, [said(3, "line 3\nÄ\0"), said(4, "line 4\nÄ\0")]);
    assert_eq!(read(&mut *store, |view| view.entries_of(number(1), 5, 9)), []);
    assert_eq!(read(&mut *store, |view| view.entries_of(number(1), u64::MAX, 9)), []);
    assert_eq!(read(&mut *store, |view| view.entries_of(number(1), 0, usize::MAX)).len(), 5);
    for wrong in [0, 5, 7] {
        let answer = store.write(&mut |view| {
            view.begin_operation(at(1), &ann(), &command())?;
            view.append_entry(number(1), &said(wrong, "no"))
        });
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{wrong}: {answer:?}");
    }
    assert_eq!(read(&mut *store, |view| view.last_entry(number(1))), 5);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn an_answered_message_stays_answered<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    with_messages(&mut *store, &chat(1, ChatState::Dormant), &[InboxState::Waiting]);
    let row = |state| InboxRow { number: 1, kills: 2, deliveries: 3, state };
    write(&mut *store, |view| view.put_inbox(number(1), &row(InboxState::Waiting)));
    assert_eq!(read(&mut *store, |view| view.inbox_row(number(1), 1)), Some(row(InboxState::Waiting)));
    write(&mut *store, |view| view.put_inbox(number(1), &row(InboxState::Answered)));
    for state in [InboxState::Waiting, InboxState::SetAside] {
        write(&mut *store, |view| view.put_inbox(number(1), &stands(1, state)));
        assert_eq!(read(&mut *store, |view| view.inbox_row(number(1), 1)), Some(row(InboxState::Answered)));
    }
    assert_eq!(read(&mut *store, |view| view.inbox_counts(number(1))), InboxCounts::default());
    assert_eq!(numbers(&mut *store, Chats::Awake), Vec::<u64>::new());
    assert_eq!(read(&mut *store, |view| view.inbox_row(number(1), 2)), None);
    assert_eq!(read(&mut *store, |view| view.inbox_row(number(1), u64::MAX)), None);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn rows_of_a_chat_that_is_not_there_are_refused<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_chat(&chat(1, ChatState::Dormant)));
    let mut refused = |work: &dyn Fn(&mut dyn wg_core::port::Write) -> Result<(), StoreError>| {
        let answer = store.write(&mut |view| {
            view.begin_operation(at(1), &ann(), &command())?;
            work(view)
        });
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    };
    refused(&|view| view.append_entry(number(2), &said(1, "hello")));
    refused(&|view| view.put_inbox(number(2), &stands(1, InboxState::Waiting)));
    // A message that was never said stands nowhere.
    refused(&|view| view.put_inbox(number(1), &stands(1, InboxState::Waiting)));
    refused(&|view| view.put_inbox(number(1), &stands(0, InboxState::Waiting)));
    // Nothing of this goes without an operation.
    for n in 0..3 {
        let answer = store.write(&mut |view| match n {
            0 => view.put_chat(&chat(3, ChatState::Dormant)),
            1 => view.append_entry(number(1), &said(1, "hello")),
            _ => view.put_inbox(number(1), &stands(1, InboxState::Waiting)),
        });
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{n}: {answer:?}");
    }
    assert_eq!(numbers(&mut *store, Chats::All), [1]);
    assert_eq!(read(&mut *store, |view| view.last_operation()), OpSeq(1));
}

fn who_consumes_is_noted_outside_of_operations<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| view.put_chat(&chat(1, ChatState::Dormant)));
    assert_eq!(read(&mut *store, |view| view.consumer(number(1))), Consumer::default());
    for consumer in [
        Consumer { last_at: Some(at(5)), ping_until: None },
        Consumer { last_at: Some(at(6)), ping_until: Some(at(66)) },
        Consumer { last_at: None, ping_until: None },
    ] {
        store.write(&mut |view| view.put_consumer(number(1), &consumer)).unwrap();
        assert_eq!(read(&mut *store, |view| view.consumer(number(1))), consumer);
    }
    assert_eq!(read(&mut *store, |view| view.last_operation()), OpSeq(1));
    assert_eq!(read(&mut *store, |view| view.chat(number(1))).unwrap().1, 1);
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_ping_counts_for_its_time<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let now = at(100);
    let far = now.plus(PING);
    let beyond = Timestamp::from_nanos(far.as_nanos() + 1);
    let pings = [(4, far), (1, at(99)), (2, now), (3, at(101)), (5, beyond)];
    store
        .write(&mut |view| {
            for (n, until) in pings {
                view.put_consumer(number(n), &Consumer { last_at: Some(at(1)), ping_until: Some(until) })?;
            }
            view.put_consumer(number(6), &Consumer { last_at: Some(now), ping_until: None })
        })
        .unwrap();
    // A clock that was set back makes no ping count for longer than it could.
    let expected = [(number(3), at(101)), (number(4), far)];
    assert_eq!(read(&mut *store, |view| view.pinged(now)), expected);
    assert_eq!(read(&mut *store, |view| view.pinged(beyond)), []);
}

fn what_fails_leaves_no_trace<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let consumer = Consumer { last_at: Some(at(5)), ping_until: Some(at(65)) };
    with_messages(&mut *store, &chat(1, ChatState::Dormant), &[InboxState::Waiting, InboxState::SetAside]);
    store.write(&mut |view| view.put_consumer(number(1), &consumer)).unwrap();
    let answer = store.write(&mut |view| {
        view.put_consumer(number(1), &Consumer::default())?;
        view.put_consumer(number(2), &consumer)?;
        view.begin_operation(at(2), &ann(), &command())?;
        view.put_chat(&chat(1, archived()))?;
        view.put_chat(&chat(2, ChatState::Queued { why: Queued::Paused }))?;
        view.append_entry(number(1), &said(3, "lost"))?;
        view.append_entry(number(2), &said(1, "lost"))?;
        view.put_inbox(number(1), &stands(1, InboxState::Answered))?;
        view.put_inbox(number(1), &stands(2, InboxState::Waiting))?;
        view.put_inbox(number(2), &stands(1, InboxState::Waiting))?;
        // Within the transaction all of it is there.
        assert_eq!(view.chats(Chats::Awake)?.len(), 1);
        assert_eq!(view.inbox_next(number(1))?.map(|row| row.number), Some(2));
        assert_eq!(view.last_entry(number(1))?, 3);
        assert_eq!(view.pinged(at(10))?, [(number(2), at(65))]);
        Err(StoreError::Full)
    });
    assert_eq!(answer, Err(StoreError::Full));
    assert_eq!(read(&mut *store, |view| view.chat(number(1))), Some((chat(1, ChatState::Dormant), 1)));
    assert_eq!(numbers(&mut *store, Chats::All), [1]);
    assert_eq!(numbers(&mut *store, Chats::Awake), [1]);
    assert_eq!(read(&mut *store, |view| view.last_entry(number(1))), 2);
    assert_eq!(read(&mut *store, |view| view.entries_of(number(2), 0, 9)), []);
    let open = [stands(1, InboxState::Waiting), stands(2, InboxState::SetAside)];
    assert_eq!(read(&mut *store, |view| view.inbox_open(number(1))), open);
    assert_eq!(read(&mut *store, |view| view.inbox_open(number(2))), []);
    assert_eq!(read(&mut *store, |view| view.consumer(number(1))), consumer);
    assert_eq!(read(&mut *store, |view| view.consumer(number(2))), Consumer::default());
    assert_eq!(backend.faults(), Vec::<String>::new());
}

/// The ids that a filter leaves.
fn ids(store: &mut dyn Store, filter: &TaskFilter, order: TaskOrder) -> Vec<String> {
    read(store, |view| {
        let mut found = Vec::new();
        view.visit_tasks(filter, order, Page::ALL, &mut |task: Task| {
            found.push(task.id.to_string());
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(found)
    })
}

fn places_of_chats_are_counted_and_scheduled_apart<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_task(&chat(1, ChatState::Dormant).as_task(None))?;
        view.put_task(&chat(2, archived()).as_task(None))?;
        // No command makes one like this, but a store is asked to show none in the schedule.
        let mut open = Task { kind: TaskKind::Chat, ..task(".chat-3") };
        open.times.not_before = Some(at(50));
        open.run.adapter = Some("odd".into());
        view.put_task(&open)
    });
    let counts = read(&mut *store, |view| view.counts());
    assert_eq!((counts.total(), counts.ready()), (1, 1));
    assert_eq!(read(&mut *store, |view| view.lanes()), [None]);
    let query = |lane| ReadyQuery { lane, tags: TagFilter::default(), now: at(99), limit: 9 };
    let ready = read(&mut *store, |view| view.ready(&query(None)));
    assert_eq!(ready.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["a"]);
    for lane in [Some("odd".to_owned()), Some(".".to_owned()), Some(String::new())] {
        assert_eq!(read(&mut *store, |view| view.ready(&query(Some(lane.clone())))), []);
    }
    assert_eq!(read(&mut *store, |view| view.next_due(at(1))), None);

    for order in [TaskOrder::Id, TaskOrder::Schedule, TaskOrder::Completed] {
        let filter = |kind| TaskFilter { kind, ..TaskFilter::default() };
        assert_eq!(ids(&mut *store, &filter(None), order).len(), 4);
        assert_eq!(ids(&mut *store, &filter(Some(TaskKind::Work)), order), ["a"]);
        let mut chats = ids(&mut *store, &filter(Some(TaskKind::Chat)), order);
        chats.sort();
        assert_eq!(chats, [".chat-1", ".chat-2", ".chat-3"]);
    }
    let done = TaskFilter {
        kind: Some(TaskKind::Chat),
        states: vec![TaskState::Done.name()],
        ..TaskFilter::default()
    };
    assert_eq!(ids(&mut *store, &done, TaskOrder::Id), [".chat-2"]);
    let work =
        TaskFilter { kind: Some(TaskKind::Work), prefix: Some(".chat".into()), ..TaskFilter::default() };
    assert_eq!(ids(&mut *store, &work, TaskOrder::Id), Vec::<String>::new());
    let done = TaskFilter { states: vec![TaskState::Done.name()], ..TaskFilter::default() };
    assert_eq!(ids(&mut *store, &done, TaskOrder::Id), [".chat-2"]);
    // A dependency on an archived chat is met, and one that becomes work is counted.
    write(&mut *store, |view| {
        view.put_task(&super::after("b", &[".chat-2"]))?;
        view.put_task(&task(".chat-3"))
    });
    let counts = read(&mut *store, |view| view.counts());
    assert_eq!((counts.total(), counts.ready()), (3, 3));
    assert_eq!(backend.faults(), Vec::<String>::new());
}
