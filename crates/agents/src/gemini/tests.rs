//! What the real program printed (`samples/`, version 0.61 against a scripted model), and what the adapter says of
//! itself.

use wg_core::attempt::ExitStatus;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;

use super::*;
use crate::conversation::Heard;

const TURNS: &str = include_str!("samples/turns.jsonl");
const RESUMED: &str = include_str!("samples/resumed.jsonl");
const GONE: &str = include_str!("samples/gone.jsonl");
const LIMITED: &str = include_str!("samples/refused-429.jsonl");

fn chat() -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann".into(),
        session: None,
        handler: AttemptRef(7),
        exec: None,
        model: Some("gemini-2.5-pro".into()),
    }
}

/// What is heard of a process that was started to go on with this conversation.
fn heard(session: Option<&str>, text: &str) -> Vec<Heard> {
    let chat = ChatFacts { session: session.map(str::to_owned), ..chat() };
    let mut talk = Gemini::default().conversation(&chat).expect("it serves chats");
    talk.works_in("/w");
    talk.greet(false);
    text.lines().flat_map(|line| talk.line(line.as_bytes())).collect()
}

fn kept(heard: &[Heard]) -> Vec<Said> {
    let said = heard.iter().filter_map(|heard| if let Heard::Kept(said) = heard { Some(said) } else { None });
    said.cloned().collect()
}

fn replies(heard: &[Heard]) -> String {
    let bytes = heard
        .iter()
        .filter_map(|heard| if let Heard::Reply(bytes) = heard { Some(&bytes[..]) } else { None });
    bytes.map(String::from_utf8_lossy).collect()
}

#[test]
fn turns_are_heard_with_what_they_asked_for() {
    let all = heard(None, TURNS);
    let tool = |detail: &str| Said::Tool { name: "execute".into(), detail: detail.into() };
    let mut said = kept(&all);
    assert!(matches!(&said[..2], [Said::Session { id }, Said::Ready] if id.len() == 36), "{said:#?}");
    assert_eq!(said[2..4], [tool("git version"), tool("touch x")]);
    let Said::Asks { question } = said.remove(4) else { panic!("{said:#?}") };
    assert_eq!(
        (question.what.as_str(), question.refusal().map(|choice| choice.id.as_str())),
        ("run touch x", Some("cancel"))
    );
    let Said::Answer { message: Some(11), text, usage } = &said[4] else { panic!("{said:#?}") };
    assert!(text.starts_with("answer to: one"), "{text}");
    // It counts what it read from a cache as input, and tells the model.
    assert_eq!((usage.input, usage.output, usage.model.as_deref()), (2_100, 36, Some("gemini-2.5-pro")));
    assert_eq!(usage.cost_micros, None, "it tells none");
    assert!(matches!(&said[5], Said::Failed { error: TurnError::Interrupted, .. }), "{said:#?}");
    assert!(matches!(&said[6], Said::Answer { message: Some(13), .. }), "{said:#?}");
    for (end, reason) in [(7, GiveUp::Auth), (8, GiveUp::Auth), (9, GiveUp::Model)] {
        assert!(
            matches!(&said[end], Said::Unfit { reason: found, .. } if *found == reason),
            "{:?}",
            said[end]
        );
    }
    assert!(matches!(&said[10], Said::Failed { error: TurnError::Other, .. }), "{said:#?}");
    let replies = replies(&all);
    let places = ["session/new", "proceed_once"].map(|piece| replies.find(piece));
    assert!(places[0].is_some() && places.is_sorted(), "{replies}");
    let limited = kept(&heard(None, LIMITED)).pop();
    let until = None;
    assert!(matches!(limited, Some(Said::Failed { error, .. }) if error == TurnError::RateLimited { until }));
}

/// It answers first, and tells what was said before after that.
#[test]
fn the_past_is_not_told_again_though_it_comes_late() {
    let all = heard(Some("72ae6e19-3496-4a73-bc80-aace797166d9"), RESUMED);
    let said = kept(&all);
    assert!(
        matches!(&said[..], [Said::Ready, Said::Answer { message: Some(14), text, .. }] if text == "answer to: four"),
        "{said:#?}"
    );
    let shown = all
        .iter()
        .filter_map(|heard| if let Heard::Delta(text) = heard { Some(text.as_str()) } else { None });
    assert_eq!(shown.collect::<String>(), "answer to: four");
}

#[test]
fn a_conversation_that_is_gone_begins_anew() {
    let said = kept(&heard(Some("168dbd0f-d382-487c-ac11-deb63ef97b99"), GONE));
    assert!(
        matches!(&said[..], [Said::NoSession, Said::Session { .. }, Said::Ready, Said::Answer { .. }]),
        "{said:#?}"
    );
}

#[test]
fn transcripts_that_begin_anywhere_or_are_cut_end_no_turn_twice() {
    let ends = |said: &Said| matches!(said, Said::Answer { .. } | Said::Failed { .. } | Said::Unfit { .. });
    for (text, turns) in [(TURNS, 7), (RESUMED, 1), (GONE, 1), (LIMITED, 1)] {
        let lines: Vec<&str> = text.lines().collect();
        for from in 0..lines.len() {
            let said = kept(&heard(None, &lines[from..].join("\n")));
            assert!(said.iter().filter(|said| ends(said)).count() <= turns, "from line {from}: {said:#?}");
        }
        for line in lines {
            for at in (0..line.len()).filter(|at| line.is_char_boundary(*at)) {
                assert!(!kept(&heard(None, &line[..at])).iter().any(ends), "half a line ends nothing");
            }
        }
    }
}

#[test]
fn it_is_started_with_its_model_and_may_do_what_is_configured() {
    let edit = Gemini::default();
    let spec = edit.launch_chat(&chat()).expect("it can be started");
    assert_eq!((spec.program.as_str(), spec.stdin), ("gemini", Stdin::Talk));
    assert_eq!(spec.args, ["--acp", "--approval-mode=auto_edit", "--model=gemini-2.5-pro"]);
    assert!(spec.inherit.iter().any(|name| name == "GEMINI_API_KEY"));
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let full = Gemini::new(GeminiConfig { permissions: Permissions::Full, ..GeminiConfig::default() });
    let work = full.launch(&task, &crate::shell::tests::attempt()).expect("it can be started");
    assert_eq!((&work.args[1][..], work.args.len(), work.stdin), ("--approval-mode=yolo", 2, Stdin::Talk));
    assert!(edit.work(&crate::shell::tests::attempt()).is_some() && edit.conversation(&chat()).is_some());
    let nul = ChatFacts { model: Some("a\0".into()), ..chat() };
    assert_eq!(edit.launch_chat(&nul), Err(Unlaunchable::ModelNul));
    let missing = ProcessEnd::NotExecuted { program: "gemini".into(), reason: "not found".into() };
    assert!(edit.classify(&missing).to_string().contains("gemini.program"));
    assert_eq!(edit.classify(&ProcessEnd::Left(ExitStatus::Code(0))).class(), "no work");
}

#[test]
fn the_hash_is_over_what_decides_and_nothing_else() {
    let facts = ProgramFacts { path: Some("/usr/bin/gemini".into()), modified: Some(5), executable: true };
    let adapter = Gemini::default();
    let base = adapter.chat_configuration(&chat(), &facts);
    let same = ChatFacts { session: Some("s".into()), handler: AttemptRef(9), name: "B".into(), ..chat() };
    assert_eq!(base, adapter.chat_configuration(&same, &facts));
    let config =
        |program: &str, permissions| Gemini::new(GeminiConfig { program: program.into(), permissions });
    for other in [
        adapter.chat_configuration(&ChatFacts { model: None, ..chat() }, &facts),
        adapter.chat_configuration(&chat(), &ProgramFacts::default()),
        config("/opt/gemini", Permissions::Edit).chat_configuration(&chat(), &facts),
        config("gemini", Permissions::Full).chat_configuration(&chat(), &facts),
    ] {
        assert_ne!(base, other);
    }
}
