//! What the adapter says of itself. What the real program prints is in the tests of the protocol's client.

use wg_core::attempt::ExitStatus;
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;

use super::*;

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
