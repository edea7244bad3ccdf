//! Chats in an export: the same bytes for the same graph, and for the graph that an import of it makes; and
//! an import never starts one.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use wg_core::chat::{Chat, ChatRun, ChatState, Entry, InboxCounts, What};
use wg_core::command::{ChatCommand, Command, Import, ImportedChat, NewChat, NewTask, Patch, SetPatch};
use wg_core::effect::EffectKind;
use wg_core::id::{Actor, AttemptRef, ChatNumber, TaskId};
use wg_core::port::{Chats, Store};
use wg_core::rejection::Rejection;
use wg_core::submit::{Receipt, SubmitError, submit};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;
use wg_store::import::{self, ImportError, Imported, Options};
use wg_store::memory::MemoryStore;

fn now() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

fn ann() -> Actor {
    Actor::User("ann".into())
}

fn export(store: &mut dyn Store) -> String {
    let mut out = Vec::new();
    store
        .read(&mut |graph| {
            out.clear();
            wg_store::export::export(graph, &mut out).unwrap();
            Ok(())
        })
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn read(text: &str, store: &mut dyn Store) -> Result<Imported, ImportError> {
    let options = Options {
        name: "export".into(),
        format: None,
        keep_going: false,
        run: true,
        now: now(),
        beside: None,
    };
    let mut imported = None;
    store
        .read(&mut |graph| {
            imported = Some(import::read(&mut text.as_bytes(), &options, Some(graph)));
            Ok(())
        })
        .unwrap();
    imported.unwrap()
}

fn import(text: &str, store: &mut dyn Store) -> Result<Receipt, SubmitError> {
    let imported = read(text, store).unwrap();
    assert_eq!(imported.report.dropped.total() + imported.report.noted.total(), 0, "{:?}", imported.report);
    assert!(imported.report.lines.accounted(), "{:?}", imported.report.lines);
    submit(store, &ann(), Command::Import(Box::new(imported.import)), now())
}

fn ask(store: &mut dyn Store, command: ChatCommand) {
    submit(store, &ann(), Command::Chat(command), now()).unwrap();
}

fn chats(store: &mut dyn Store, which: Chats) -> Vec<Chat> {
    let mut found = Vec::new();
    store
        .read(&mut |view| {
            found = view.chats(which)?;
            Ok(())
        })
        .unwrap();
    found
}

fn counts(store: &mut dyn Store, n: u64) -> InboxCounts {
    let mut found = InboxCounts::default();
    store
        .read(&mut |view| {
            found = view.inbox_counts(ChatNumber(n))?;
            Ok(())
        })
        .unwrap();
    found
}

/// Four chats made by commands: one with a message that waits, one held, one archived while held, one plain
/// that has a description and comes after a task.
fn lived_in(store: &mut dyn Store) {
    let run = || ChatRun { adapter: "claude".into(), exec: None, model: Some("opus".into()) };
    for name in ["First", "Second", "Third", "Fourth"] {
        ask(store, ChatCommand::Create(NewChat { name: Some(name.into()), run: run() }));
    }
    let add = NewTask { title: "Ground work".into(), ..NewTask::default() };
    submit(store, &ann(), Command::Add(Box::new(add)), now()).unwrap();
    for (n, text) in [(1, "hello"), (1, "and?"), (3, "left alone")] {
        ask(store, ChatCommand::Send { chat: ChatNumber(n), text: text.into() });
    }
    ask(store, ChatCommand::Hold { chats: vec![ChatNumber(2), ChatNumber(3)] });
    ask(store, ChatCommand::Archive { chats: vec![ChatNumber(3)] });
    let patch = Patch {
        description: Some("What it is about.".into()),
        after: SetPatch { add: [TaskId::parse("ground-work").unwrap()].into(), ..SetPatch::default() },
        ..Patch::default()
    };
    let edit = Command::Edit { tasks: vec![ChatNumber(4).task_id()], patch: Box::new(patch) };
    submit(store, &ann(), edit, now()).unwrap();
}

#[test]
fn chats_come_back_as_they_were_and_asleep() {
    let mut store = MemoryStore::new();
    lived_in(&mut store);
    assert_eq!(chats(&mut store, Chats::Awake).len(), 1, "a message waits");
    let text = export(&mut store);
    let folder = tempfile::tempdir().unwrap();
    let mut copies: [Box<dyn Store>; 2] =
        [Box::new(MemoryStore::new()), wg_store::sqlite::create(folder.path()).unwrap()];
    for copy in &mut copies {
        let copy = &mut **copy;
        import(&text, copy).unwrap();
        assert_eq!(export(copy), text);
        let states: Vec<_> = chats(copy, Chats::All).iter().map(|chat| chat.state.name()).collect();
        assert_eq!(states, ["dormant", "held", "archived", "dormant"]);
        assert_eq!(chats(copy, Chats::Awake), []);
        assert_eq!(counts(copy, 1), InboxCounts { waiting: 0, set_aside: 2 });
        copy.read(&mut |view| {
            assert_eq!((view.live_attempts()?, view.open_effects()?), (Vec::new(), Vec::new()));
            assert_eq!(view.effect(AttemptRef(1), EffectKind::Launch)?, None);
            assert_eq!(view.counts()?.total(), 1, "chats are counted apart");
            Ok(())
        })
        .unwrap();
        // Restored, the third is held as it was; and the same file again changes nothing.
        ask(copy, ChatCommand::Restore { chats: vec![ChatNumber(3)] });
        assert_eq!(chats(copy, Chats::All)[2].state.name(), "held");
        let before = export(copy);
        let again = import(&text, copy);
        assert!(matches!(again, Err(SubmitError::Rejected(Rejection::Nothing(_)))), "{again:?}");
        assert_eq!(export(copy), before);
    }
    assert_eq!(wg_store::sqlite::check(folder.path()), Ok(Vec::new()));
}

#[test]
fn what_is_added_elsewhere_comes_later_and_once() {
    let (mut there, mut here) = (MemoryStore::new(), MemoryStore::new());
    lived_in(&mut there);
    import(&export(&mut there), &mut here).unwrap();
    ask(&mut there, ChatCommand::Send { chat: ChatNumber(1), text: "hello".into() });
    let file = export(&mut there);
    // The same word at another moment is another message.
    let later = file.replacen(
        "\"at\":\"2027-01-01T00:00:00.000000000+00:00\",\"chat\":\"chat-1\",\"from\":\"user:ann\",\
         \"kind\":\"message\",\"number\":3",
        "\"at\":\"2027-02-01T00:00:00.000000000+00:00\",\"chat\":\"chat-1\",\"from\":\"user:ann\",\
         \"kind\":\"message\",\"number\":3",
        1,
    );
    assert_ne!(later, file);
    import(&later, &mut here).unwrap();
    assert_eq!(counts(&mut here, 1), InboxCounts { waiting: 0, set_aside: 3 });
    assert!(import(&later, &mut here).is_err(), "nothing to do");
    assert_eq!(export(&mut here), later);
}

#[test]
fn a_chat_that_was_made_here_keeps_its_history_to_itself() {
    let (mut there, mut here) = (MemoryStore::new(), MemoryStore::new());
    lived_in(&mut there);
    let run = ChatRun { adapter: "codex".into(), ..ChatRun::default() };
    ask(&mut here, ChatCommand::Create(NewChat { name: Some("Mine".into()), run }));
    ask(&mut here, ChatCommand::Send { chat: ChatNumber(1), text: "only mine".into() });
    let receipt = import(&export(&mut there), &mut here).unwrap();
    assert!(receipt.notes.iter().any(|note| note.contains("chat-1 has a history of its own")), "{receipt:?}");
    let first = &chats(&mut here, Chats::All)[0];
    assert_eq!((first.name.as_str(), first.run.adapter.as_str()), ("Mine", "codex"));
    assert_eq!(counts(&mut here, 1), InboxCounts { waiting: 1, set_aside: 0 });
    assert_eq!(chats(&mut here, Chats::All).len(), 4);
    // One's own export brings nothing.
    let own = export(&mut there);
    assert!(import(&own, &mut there).is_err());
    assert_eq!(export(&mut there), own);
}

#[test]
fn a_long_history_comes_whole_and_what_was_answered_here_is_not_taken_twice() {
    let (mut there, mut here) = (MemoryStore::new(), MemoryStore::new());
    lived_in(&mut there);
    import(&export(&mut there), &mut here).unwrap();
    here.write(&mut |view| {
        view.begin_operation(now(), &ann(), &Command::PauseDispatch)?;
        for number in 3..=2_500 {
            let handler = Some(AttemptRef(number));
            let what = What::Answer { message: Some(1), text: "so".into(), handler, usage: Usage::default() };
            view.append_entry(ChatNumber(1), &Entry { number, at: now(), what })?;
        }
        Ok(())
    })
    .unwrap();
    let text = export(&mut here);
    assert_eq!(text.lines().filter(|line| line.contains("\"chat\":\"chat-1\"")).count(), 2_500);
    assert!(import(&text, &mut here).is_err(), "all of it is here");
    assert_eq!(export(&mut here), text);
}

#[test]
fn what_follows_from_a_chat_follows_from_it_after_an_import_too() {
    let (mut there, mut here) = (MemoryStore::new(), MemoryStore::new());
    lived_in(&mut there);
    let file = export(&mut there);
    import(&file, &mut here).unwrap();
    let other = file.replace("\"title\":\"Fourth\"", "\"title\":\"Other\"").replace("about.", "about now.");
    import(&other, &mut here).unwrap();
    let fourth = &chats(&mut here, Chats::All)[3];
    here.read(&mut |view| {
        let (place, _) = view.task(&ChatNumber(4).task_id())?.unwrap();
        assert_eq!((place.title.as_str(), place.description.as_str()), ("Fourth", "What it is about now."));
        assert_eq!(fourth.as_task(Some(place.clone())), place);
        Ok(())
    })
    .unwrap();
}

#[test]
fn lines_of_histories_that_make_no_sense_are_told_with_their_numbers() {
    let chat = "{\"id\":\".chat-1\",\"kind\":\"chat\",\"chat\":{\"adapter\":\"claude\"}}";
    let entry = |rest: &str| format!("{{\"chat\":\"chat-1\",\"at\":\"2027-01-01T00:00:00Z\",{rest}}}");
    let lines = [
        "{\"format\":\"workgraph\",\"version\":2}".to_owned(),
        chat.to_owned(),
        entry("\"number\":1,\"kind\":\"note\",\"text\":\"made\""),
        entry("\"number\":1,\"kind\":\"note\",\"text\":\"again\""),
        entry("\"kind\":\"note\""),
        entry("\"number\":2,\"kind\":\"shout\""),
        "{\"chat\":\"chat-1\",\"number\":3,\"kind\":\"note\"}".to_owned(),
        "{\"chat\":\"chat-7\",\"number\":1,\"at\":\"2027-01-01T00:00:00Z\",\"kind\":\"note\"}".to_owned(),
        "{\"chat\":\"someone\",\"number\":1}".to_owned(),
        "{\"id\":\".chat-0\",\"kind\":\"chat\"}".to_owned(),
        entry("\"number\":4,\"kind\":\"answer\",\"usage\":{\"input\":-1}"),
    ];
    let Err(ImportError::Problems { report }) = read(&lines.join("\n"), &mut MemoryStore::new()) else {
        panic!("it was taken")
    };
    assert!(report.lines.accounted(), "{:?}", report.lines);
    let told: Vec<_> = report.problems.first.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 4: entry 1 of chat-1 comes twice",
            "line 5: number should be a number from 1, but is null",
            "line 6: kind \"shout\" means nothing in this format",
            "line 7: at should be a time, but is null",
            "line 8: there is no chat-7 in this file",
            "line 9: chat \"someone\" means nothing in this format",
            "line 10: id \".chat-0\" means nothing in this format",
            "line 11: usage should be an object of token counts, but is an object",
        ]
    );
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_000_000_i64).prop_map(Timestamp::from_nanos)
}

fn what() -> impl Strategy<Value = What> {
    let usage = (0..3_u64, proptest::option::of(0..3_u64), proptest::option::of("[a-z]{1,4}"))
        .prop_map(|(output, cost_micros, model)| Usage { output, cost_micros, model, ..Usage::default() });
    // A usage that counted nothing is not written, whatever model it names.
    let usage = usage.prop_map(|usage| if usage.is_empty() { Usage::default() } else { usage }).boxed();
    let text = || "(\\PC|\n){0,12}";
    prop_oneof![
        3 => ("\\PC{0,6}", text())
            .prop_map(|(from, text)| What::Message { from: Actor::from(format!("user:{from}")), text }),
        1 => (1..4_u64, text(), text())
            .prop_map(|(message, name, detail)| What::Tool { message, name, detail }),
        1 => (1..4_u64, text(), text(), any::<bool>()).prop_map(|(message, what, answer, allowed)| {
            What::Permission { message, what, answer, allowed, by: ann() }
        }),
        2 => (proptest::option::of(1..4_u64), text(), usage.clone()).prop_map(|(message, text, usage)| {
            What::Answer { message, text, handler: Some(AttemptRef(7)), usage }
        }),
        1 => (1..4_u64, text(), usage)
            .prop_map(|(message, why, usage)| What::TurnEnded { message, why, usage }),
        1 => text().prop_map(|text| What::Note { text }),
    ]
}

fn state() -> impl Strategy<Value = ChatState> {
    prop_oneof![
        Just(ChatState::Dormant),
        time().prop_map(|at| ChatState::Held { by: ann(), at }),
        (time(), proptest::option::of(time()), any::<bool>()).prop_map(|(at, purged_at, held)| {
            ChatState::Archived { by: Actor::Agent(AttemptRef(3)), at, purged_at, held }
        }),
    ]
}

fn chat(n: u64) -> impl Strategy<Value = ImportedChat> {
    let run = ("[a-z]{1,5}", proptest::option::of("\\PC{1,9}"), proptest::option::of("\\PC{1,9}"));
    let rest = (state(), "[A-Za-z]{1,9}", time(), proptest::option::of("\\PC{1,9}"));
    let entries = proptest::collection::vec((time(), what()), 0..6);
    let unanswered = proptest::collection::btree_set(1..6_u64, 0..4);
    (run, rest, entries, unanswered).prop_map(move |(run, rest, entries, unanswered)| {
        let (state, name, created_at, session) = rest;
        let run = ChatRun { adapter: run.0, exec: run.1, model: run.2 };
        let mut chat = Chat::new(ChatNumber(n), name, run, created_at);
        (chat.state, chat.session) = (state, session);
        let entries: Vec<Entry> =
            (1..).zip(entries).map(|(number, (at, what))| Entry { number, at, what }).collect();
        let is_message =
            |n: &u64| entries.iter().any(|e| e.number == *n && matches!(e.what, What::Message { .. }));
        let unanswered: BTreeSet<u64> = unanswered.into_iter().filter(is_message).collect();
        ImportedChat { chat, task: None, entries, unanswered }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_of_chats_comes_back_as_it_was(chats in (chat(1), chat(2), chat(12))) {
        let mut store = MemoryStore::new();
        let import_command = Import { source: "test".into(), tasks: Vec::new(), chats: vec![chats.0, chats.1, chats.2] };
        submit(&mut store, &ann(), Command::Import(Box::new(import_command)), now()).unwrap();
        let first = export(&mut store);
        prop_assert_eq!(&export(&mut store), &first);
        let mut copy = MemoryStore::new();
        import(&first, &mut copy).unwrap();
        prop_assert_eq!(export(&mut copy), first.clone());
        prop_assert!(import(&first, &mut copy).is_err(), "nothing is new");
    }
}
