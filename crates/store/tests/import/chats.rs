//! Chats of the other program: their places, and what was said in them in files beside the graph.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use wg_core::chat::{ChatState, What};
use wg_core::command::{ChatCommand, Command, ImportedChat};
use wg_core::id::{Actor, ChatNumber};
use wg_core::port::{Chats, Store};
use wg_core::rejection::Rejection;
use wg_core::submit::{SubmitError, submit};
use wg_store::import::{self, ImportError, Imported, Options};
use wg_store::memory::MemoryStore;

use crate::{after, by_id, options, read, read_with};

const GRAPH: &str = r#"{"kind":"task","id":".chat-1","title":"Plans","status":"in-progress","tags":["chat-loop"],"after":["done-first"]}
{"kind":"task","id":".coordinator-1","title":"Old plans","status":"done","tags":["coordinator-loop"],"created_at":"2026-01-01T00:00:00Z"}
{"kind":"task","id":".coordinator-2","title":"Gone","status":"open","tags":["coordinator-loop"]}
{"kind":"task","id":"done-first","title":"First","status":"done"}
{"kind":"task","id":"later","title":"Later","status":"open","after":[".coordinator-2"]}
"#;

fn chat(imported: &Imported, number: u64) -> &ImportedChat {
    imported.import.chats.iter().find(|chat| chat.chat.number == ChatNumber(number)).unwrap()
}

fn beside(folder: &Path) -> Imported {
    read_with(GRAPH.as_bytes(), &Options { beside: Some(folder.to_owned()), ..options() }).unwrap()
}

/// A folder with the history of chat 2 under its oldest name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let talk = folder.path().join("chat/0b7c");
    fs::create_dir_all(&talk).unwrap();
    symlink("0b7c", folder.path().join("chat/coordinator-2")).unwrap();
    fs::write(
        folder.path().join("chat/sessions.json"),
        r#"{"version":1,"sessions":{"0b7c":{"kind":"coordinator","created":"2026-01-02T00:00:00Z","aliases":["coordinator-2","2"]}}}"#,
    )
    .unwrap();
    fs::write(
        talk.join("inbox.jsonl"),
        concat!(
            r#"{"id":1,"timestamp":"2026-01-03T00:00:01Z","role":"user","content":"hello","request_id":"r1","user":"ann"}"#, "\n",
            r#"{"id":2,"timestamp":"2026-01-03T00:00:05Z","role":"user","content":"and?","request_id":"r2"}"#, "\n",
        ),
    )
    .unwrap();
    fs::write(
        talk.join("outbox.jsonl"),
        r#"{"id":1,"timestamp":"2026-01-03T00:00:03Z","role":"coordinator","content":"hi","request_id":"r1"}"#,
    )
    .unwrap();
    folder
}

#[test]
fn an_older_name_is_the_newer_chat_and_references_follow() {
    let imported = read(GRAPH).unwrap();
    let places = by_id(&imported);
    assert!(places.keys().all(|id| !id.starts_with(".coordinator")), "{:?}", places.keys());
    assert_eq!(after(&imported, "later"), [".chat-2"]);
    assert_eq!(after(&imported, ".chat-1"), ["done-first"]);
    assert!(matches!(chat(&imported, 1).chat.state, ChatState::Archived { .. }), "archived if either is");
    assert_eq!(chat(&imported, 2).chat.state, ChatState::Dormant);
}

#[test]
fn what_was_said_comes_along_in_order_and_what_nobody_answered_is_set_aside() {
    let folder = folder();
    let imported = beside(folder.path());
    let talk = chat(&imported, 2);
    let said: Vec<String> = talk
        .entries
        .iter()
        .map(|entry| match &entry.what {
            What::Message { from, text } => format!("{from}: {text}"),
            What::Answer { message, text, .. } => format!("to {message:?}: {text}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(said[..2], ["user:ann: hello", "to Some(1): hi"]);
    assert!(said[2].ends_with(": and?"), "{said:?}");
    assert_eq!(talk.unanswered.iter().copied().collect::<Vec<_>>(), [3]);
    assert!(folder.path().join("chat/0b7c/inbox.jsonl").exists(), "the originals stay");
}

#[test]
fn it_starts_nothing_and_a_second_import_brings_nothing_twice() {
    let folder = folder();
    let mut store = MemoryStore::new();
    let ann = Actor::User("ann".into());
    let now = options().now;
    submit(&mut store, &ann, Command::Import(Box::new(beside(folder.path()).import)), now).unwrap();
    let look = |store: &mut MemoryStore| {
        let mut found = None;
        store
            .read(&mut |read| {
                let awake = read.chats(Chats::Awake)?.len();
                let chat = ChatNumber(2);
                found = Some((
                    awake,
                    read.last_entry(chat)?,
                    read.inbox_counts(chat)?,
                    read.chats(Chats::All)?.len(),
                ));
                Ok(())
            })
            .unwrap();
        found.unwrap()
    };
    let (awake, entries, inbox, chats) = look(&mut store);
    assert_eq!((awake, entries, inbox.waiting, inbox.set_aside, chats), (0, 3, 0, 1, 2));
    let again = submit(&mut store, &ann, Command::Import(Box::new(beside(folder.path()).import)), now);
    assert!(matches!(again, Err(SubmitError::Rejected(Rejection::Nothing(_)))), "{again:?}");
    let (.., again_entries, again_inbox, again_chats) = look(&mut store);
    assert_eq!((again_entries, again_inbox.set_aside, again_chats), (3, 1, 2));
}

#[test]
fn files_that_make_no_sense_are_told_and_lose_nothing_else() {
    let folder = folder();
    let outbox = concat!(
        "{\n[]\n\n",
        r#"{"timestamp":"2026-01-03T00:00:03Z","role":"weather","content":"rain"}"#,
        "\n",
        r#"{"content":"when?"}"#,
        "\n",
        r#"{"timestamp":"2026-01-03T00:00:03Z","content":"hi","request_id":"r1"}"#,
        "\n",
    );
    fs::write(folder.path().join("chat/0b7c/outbox.jsonl"), outbox).unwrap();
    fs::write(folder.path().join("chat/sessions.json"), "\n[1,2").unwrap();
    let options = Options { beside: Some(folder.path().to_owned()), ..options() };
    let refused = read_with(GRAPH.as_bytes(), &options);
    assert!(matches!(refused, Err(ImportError::Problems { .. })), "{refused:?}");
    let imported = read_with(GRAPH.as_bytes(), &Options { keep_going: true, ..options }).unwrap();
    let told: Vec<_> = imported.report.problems.first.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "chat/0b7c/outbox.jsonl line 1: no JSON at column 1: EOF while parsing an object",
            "chat/0b7c/outbox.jsonl line 2: an object is needed, this is a list",
            "chat/0b7c/outbox.jsonl line 4: role \"weather\" means nothing in this format",
            "chat/0b7c/outbox.jsonl line 5: timestamp should be a time, but is null",
            "chat/sessions.json line 2: no JSON at column 4: EOF while parsing a list",
        ]
    );
    assert!(imported.report.lines.accounted());
    assert_eq!(chat(&imported, 2).entries.len(), 3, "the link names the chat");
}

/// A graph with chats that have no number that can be used here.
const ODD: &str = r#"{"kind":"task","id":".coordinator-0","title":"The first one","status":"in-progress","model":"claude:opus"}
{"kind":"task","id":"talk","title":"By its tag","status":"open","tags":["chat-loop","mine"],"exec":"serve"}
{"kind":"task","id":".chat-4","title":"Archived","tags":["archived","chat-loop"],"completed_at":"2026-03-01T00:00:00Z"}
{"kind":"task","id":"made","title":"Made","after":[".coordinator-0"],"before":["talk"]}
"#;

/// Imports a file into a graph, and gives what another import of it would read.
fn take(store: &mut MemoryStore, text: &str, beside: &Path) -> Result<Imported, SubmitError> {
    let options = Options { beside: Some(beside.to_owned()), ..options() };
    let imported = into_graph(store, text, &options);
    let command = Command::Import(Box::new(imported.import));
    submit(store, &Actor::User("ann".into()), command, options.now)?;
    Ok(into_graph(store, text, &options))
}

/// What an import of a file into a graph reads.
fn into_graph(store: &mut MemoryStore, text: &str, options: &Options) -> Imported {
    let mut imported = None;
    store
        .read(&mut |view| {
            imported = Some(import::read(&mut text.as_bytes(), options, Some(view)).unwrap());
            Ok(())
        })
        .unwrap();
    imported.unwrap()
}

#[test]
fn a_chat_without_a_number_gets_one_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = read(ODD).unwrap();
    let mut store = MemoryStore::new();
    let again = take(&mut store, ODD, folder.path()).unwrap();
    for imported in [&first, &again] {
        let names: Vec<_> =
            imported.import.chats.iter().map(|chat| (chat.chat.number.0, chat.chat.name.as_str())).collect();
        assert_eq!(names, [(4, "Archived"), (5, "The first one"), (6, "By its tag")]);
        assert_eq!(after(imported, "made"), [".chat-5"]);
        assert_eq!(after(imported, ".chat-6"), ["made"]);
        let run = &chat(imported, 5).chat.run;
        assert_eq!((run.adapter.as_str(), run.model.as_deref()), ("claude", Some("opus")));
        let run = &chat(imported, 6).chat.run;
        assert_eq!((run.adapter.as_str(), run.exec.as_deref()), ("command", Some("serve")));
        let ChatState::Archived { at, .. } = &chat(imported, 4).chat.state else { panic!("archived") };
        assert_eq!(at.to_string(), "2026-03-01T00:00:00.000000000+00:00");
        assert_eq!(chat(imported, 5).chat.state, ChatState::Dormant);
        let tags = &by_id(imported)[".chat-6"].task.tags;
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["mine"]);
    }
    let told = first.report.told();
    assert!(told.contains(&"chats: 2 dormant, 1 archived".to_owned()), "{told:?}");
    assert_eq!((first.report.lines.chats, first.report.lines.tasks), (3, 1));
}

#[test]
fn what_two_records_of_a_chat_say_is_united_whatever_their_order() {
    let graph = [
        r#"{"kind":"task","id":".chat-3","title":"New","log":[{"timestamp":"2026-01-02T00:00:00Z","message":"two"}]}"#,
        r#"{"kind":"task","id":".coordinator-3","title":"Old","description":"about it","after":["a"],"before":["b"],"tags":["archived"],"log":[{"timestamp":"2026-01-01T00:00:00Z","message":"one"},{"timestamp":"2026-01-03T00:00:00Z","message":"three"}]}"#,
        r#"{"kind":"task","id":"a","status":"done"}"#,
        r#"{"kind":"task","id":"b"}"#,
    ];
    let turned: Vec<_> = graph.iter().rev().copied().collect();
    for text in [graph.join("\n"), turned.join("\n")] {
        let imported = read(&text).unwrap();
        let place = by_id(&imported)[".chat-3"];
        assert_eq!((place.task.title.as_str(), place.task.description.as_str()), ("New", "about it"));
        let log: Vec<_> = place.log.iter().map(|(.., message)| message.as_str()).collect();
        assert_eq!(log, ["one", "two", "three"]);
        assert_eq!(after(&imported, ".chat-3"), ["a"]);
        assert_eq!(after(&imported, "b"), [".chat-3"]);
        assert!(chat(&imported, 3).chat.is_archived());
        assert!(imported.report.lines.accounted(), "{:?}", imported.report.lines);
        assert_eq!((imported.report.lines.chats, imported.report.lines.left_out), (1, 1));
    }
}

fn say(folder: &Path, name: &str, second: u32, text: &str) {
    let talk = folder.join("chat").join(name);
    fs::create_dir_all(&talk).unwrap();
    let line = format!(
        r#"{{"timestamp":"2026-01-01T00:00:{second:02}Z","role":"user","content":"{text}","request_id":"{text}"}}"#
    );
    let mut file = fs::OpenOptions::new().create(true).append(true).open(talk.join("inbox.jsonl")).unwrap();
    std::io::Write::write_all(&mut file, format!("{line}\n").as_bytes()).unwrap();
}

fn texts(chat: &ImportedChat) -> Vec<&str> {
    let text = |what| match what {
        &What::Message { ref text, .. } | &What::Answer { ref text, .. } => text.as_str(),
        other => panic!("{other:?}"),
    };
    chat.entries.iter().map(|entry| text(&entry.what)).collect()
}

#[test]
fn a_chat_in_several_folders_has_one_history_by_time() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    say(folder.path(), "coordinator-2", 2, "second");
    say(folder.path(), "chat-2", 1, "first");
    say(folder.path(), "2", 3, "third");
    say(folder.path(), "aaaa", 9, "nobody's");
    say(elsewhere.path(), "out", 5, "not to be read");
    symlink("aaaa", folder.path().join("chat/some-alias")).unwrap();
    symlink(elsewhere.path().join("chat/out"), folder.path().join("chat/1")).unwrap();
    symlink("nowhere", folder.path().join("chat/chat-1")).unwrap();
    symlink(".", folder.path().join("chat/coordinator-1")).unwrap();
    let imported = beside(folder.path());
    assert_eq!(texts(chat(&imported, 2)), ["first", "second", "third"]);
    assert_eq!(texts(chat(&imported, 1)), Vec::<&str>::new());
    assert_eq!(imported.report.chats.stray, 1);
}

#[test]
fn a_history_whose_chat_is_gone_arrives_archived_and_the_first_chat_finds_its_own() {
    let folder = tempfile::tempdir().unwrap();
    say(folder.path(), "u-9", 1, "still here");
    say(folder.path(), "u-0", 2, "to the first one");
    let sessions = r#"{"version":1,"sessions":{
        "u-9":{"kind":"coordinator","created":"2026-01-01T00:00:00Z","aliases":["chat-9"],"label":"Gone"},
        "u-0":{"kind":"coordinator","created":"2026-01-01T00:00:00Z","aliases":["coordinator-0","0"],
               "archived_at":"2026-02-01T00:00:00Z"},
        "u-7":{"kind":"coordinator","created":"2026-01-01T00:00:00Z","aliases":["chat-7"]}}}"#;
    fs::write(folder.path().join("chat/sessions.json"), sessions).unwrap();
    let mut store = MemoryStore::new();
    let options = Options { beside: Some(folder.path().to_owned()), ..options() };
    let imported = into_graph(&mut store, ODD, &options);
    let gone = chat(&imported, 9);
    assert_eq!((gone.chat.name.as_str(), gone.chat.is_archived()), ("Gone", true));
    assert_eq!(texts(gone), ["still here"]);
    // Numbers are given beyond all that are in use, those of histories too.
    let first = chat(&imported, 10);
    assert_eq!((first.chat.name.as_str(), first.chat.is_archived()), ("The first one", true));
    assert_eq!(texts(first), ["to the first one"]);
    assert!(imported.import.chats.iter().all(|chat| chat.chat.number.0 != 7), "nothing was said in it");
    assert_eq!(imported.import.tasks.len(), imported.import.chats.len() + 1);
    assert_eq!(imported.report.chats.archived, 3);

    // Said later, it comes along later; what the chat is here does not change by that.
    let user = Actor::User("ann".into());
    submit(&mut store, &user, Command::Import(Box::new(imported.import)), options.now).unwrap();
    let restore = ChatCommand::Restore { chats: vec![ChatNumber(9)] };
    submit(&mut store, &user, Command::Chat(restore), options.now).unwrap();
    say(folder.path(), "u-9", 3, "one more");
    let again = into_graph(&mut store, ODD, &options);
    assert_eq!(again.report.chats.archived, 2, "that one is here");
    submit(&mut store, &user, Command::Import(Box::new(again.import)), options.now).unwrap();
    store
        .read(&mut |view| {
            let (chat, _) = view.chat(ChatNumber(9))?.unwrap();
            assert_eq!((chat.state, view.last_entry(ChatNumber(9))?), (ChatState::Dormant, 2));
            assert_eq!(view.chats(Chats::All)?.len(), 4);
            assert_eq!(view.chats(Chats::Awake)?, []);
            Ok(())
        })
        .unwrap();
}
